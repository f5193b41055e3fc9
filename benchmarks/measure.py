"""Times two things side by side, in turn, and keeps the ratio of each pair."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comparison:
    """Figures of `ours` and `theirs`, pair by pair, in seconds unless `unit` says otherwise.

    `goal` is a ratio; `faster` says which way.
    """

    what: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    goal: float
    faster: bool
    """True: theirs/ours must be at least `goal`. False: ours/theirs must be at most `goal`."""
    unit: str = "s"

    @property
    def ratio(self) -> float:
        """The median of the ratios of the pairs."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return statistics.median(b / a if self.faster else a / b for a, b in pairs)

    @property
    def reached(self) -> bool:
        return self.ratio >= self.goal if self.faster else self.ratio <= self.goal

    def row(self) -> tuple[str, ...]:
        relation = "at least" if self.faster else "at most"
        return (
            self.what,
            shown(statistics.median(self.ours), self.unit),
            shown(statistics.median(self.theirs), self.unit),
            f"{self.ratio:.2g}" if self.ratio < 10 else f"{self.ratio:.0f}",
            f"{relation} {self.goal:g}",
            "yes" if self.reached else "NO",
        )


def compare(
    what: str, ours: Callable[[], float], theirs: Callable[[], float], *, runs: int, goal: float, faster: bool
) -> Comparison:
    """Measure in turn: ours, theirs, ours, theirs, ..."""
    pairs = [(ours(), theirs()) for _ in range(runs)]
    return Comparison(what, tuple(a for a, _ in pairs), tuple(b for _, b in pairs), goal, faster)


def command(argv: Sequence[str], env: Mapping[str, str] | None = None, cwd: str | None = None) -> float:
    """Wall seconds of a whole process. Raises CalledProcessError, with its output, if it fails."""
    started = time.perf_counter()
    subprocess.run(argv, check=True, capture_output=True, env={**os.environ, **(env or {})}, cwd=cwd)
    return time.perf_counter() - started


def call(function: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def shown(value: float, unit: str) -> str:
    """Seconds below one as milliseconds; everything else in its unit."""
    if unit == "s" and value < 1:
        return f"{value * 1000:.1f} ms" if value < 0.01 else f"{value * 1000:.0f} ms"
    return f"{value:.1f} {unit}" if unit == "s" else f"{value:.0f} {unit}"
