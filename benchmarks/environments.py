"""Installing the two environments, against pip with the same requirements; both caches cold.

Neither compiles bytecode: the hub's first start does it for the hub, a step of its own at the end of a run
for everyone's environment.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.measure import Comparison, call, command, compare
from tljh.index_settings import IndexSettings
from tljh.packages import pip
from tljh.planning.requirements import HUB_REQUIREMENTS, USER_REQUIREMENTS
from tljh.runner import SystemRunner

RUNS = 2


def hub(folder: Path) -> Iterator[Comparison]:
    yield _installation("hub environment, cold", HUB_REQUIREMENTS, folder, goal=4)


def user(folder: Path) -> Iterator[Comparison]:
    yield _installation("user environment's extras, cold", USER_REQUIREMENTS, folder, goal=6)


def _installation(what: str, requirements: Sequence[str], folder: Path, goal: float) -> Comparison:
    numbers = itertools.count()
    settings, runner = IndexSettings.load(os.environ), SystemRunner()

    def fresh() -> Path:
        prefix = folder / f"venv{next(numbers)}"
        command([sys.executable, "-m", "venv", str(prefix)])
        return prefix

    def ours() -> float:
        prefix = fresh()
        cache = prefix.with_suffix(".uv")
        return call(
            lambda: pip.install(
                prefix,
                requirements,
                runner=runner,
                settings=settings,
                cache_dir=cache,
                compile_bytecode=False,
            )
        )

    def theirs() -> float:
        prefix = fresh()
        cache = prefix.with_suffix(".pip")
        argv = [str(prefix / "bin/python"), "-m", "pip", "install", "--quiet", "--no-compile"]
        return command([*argv, f"--cache-dir={cache}", *requirements])

    return compare(what, ours, theirs, runs=RUNS, goal=goal, faster=True)
