"""The conda side: one solve for all that the user environment is asked to hold, installed with progress."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tljh
from tljh.errors import Refused, StepFailed
from tljh.packages import conda_errors, condarc
from tljh.packages.conda_records import Record, installed
from tljh.packages.conda_requests import requested, spec_name
from tljh.packages.condarc import CondaSettings
from tljh.packages.redaction import public
from tljh.packages.types import PackageChange, Progress, change_from_dict
from tljh.runner import OnLine, Result, Runner

__all__ = ["Solution", "apply", "install", "installed", "requested", "solve", "spec_name"]

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Solution:
    """What an environment will hold, and what that changes."""

    changes: tuple[PackageChange, ...]
    records: tuple[Record, ...]
    requested: tuple[str, ...]
    """Everything that is asked for: what was before, and what is new."""
    warnings: tuple[str, ...] = ()
    """Files that two packages bring, records that were broken."""
    peak_memory: int = 0
    """Bytes that the process which solved it had resident."""

    @property
    def python_version(self) -> str | None:
        return next((record.version for record in self.records if record.name == "python"), None)


def solve(
    prefix: Path,
    specs: Sequence[str],
    channels: Sequence[str],
    *,
    cache_dir: Path,
    runner: Runner,
    remove: Iterable[str] = (),
    constraints: Iterable[str] = (),
    settings: CondaSettings | None = None,
    on_progress: OnProgress | None = None,
) -> Solution:
    """What `apply` would do; changes nothing but the cache of channel contents.

    What was asked for before stays asked for, unless a new spec names the same package or `remove` does.
    `constraints` hold for packages that are there without asking for them. Raises InvalidInput for a bad
    spec, NotFound for an unknown package, ConflictError with the solver's tree, NetworkError naming the
    channel.
    """
    request = _Request(prefix, specs, channels, cache_dir, settings or condarc.load(prefix=prefix))
    job = request.job(remove=list(remove), constraints=list(constraints))
    return _run(request, job, runner, on_progress, None)


def apply(
    prefix: Path,
    specs: Sequence[str],
    channels: Sequence[str],
    *,
    cache_dir: Path,
    runner: Runner,
    on_progress: OnProgress | None = None,
    on_line: OnLine | None = None,
    expected: Iterable[PackageChange] | None = None,
    remove: Iterable[str] = (),
    constraints: Iterable[str] = (),
    settings: CondaSettings | None = None,
) -> Solution:
    """Solve and install in one process; also repairs what an interrupted installation left.

    With `expected`, raises PlanChanged before anything is installed if the solution is another one; changes
    that an interrupted run had made already do not count as different. An exception raised by `on_progress`
    or `on_line` stops the worker at its next line.
    """
    if (prefix / "pyvenv.cfg").exists() and not (prefix / "conda-meta").is_dir():
        raise Refused(
            f"{prefix} is a virtual environment, not a conda environment.",
            'Keep manager = "uv" in tljh.toml, or move the folder out of the way.',
        )
    request = _Request(prefix, specs, channels, cache_dir, settings or condarc.load(prefix=prefix))
    approved = None if expected is None else [change.to_dict() for change in expected]
    job = request.job(apply=True, expected=approved, remove=list(remove), constraints=list(constraints))
    return _run(request, job, runner, on_progress, on_line)


def install(
    prefix: Path,
    specs: Sequence[str],
    channels: Sequence[str],
    *,
    cache_dir: Path,
    runner: Runner,
    on_event: OnLine | None = None,
) -> Solution:
    """Install packages without a plan, each step told as a line of text."""

    def tell(progress: Progress) -> None:
        if on_event and progress.unit != "bytes":
            on_event(progress.text)

    return apply(
        prefix, specs, channels, cache_dir=cache_dir, runner=runner, on_progress=tell, on_line=on_event
    )


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked for, with the channels as the machine's settings resolve them."""

    prefix: Path
    specs: Sequence[str]
    channels: Sequence[str]
    cache_dir: Path
    settings: CondaSettings

    def job(self, **more: object) -> dict[str, Any]:
        named = [self._with_resolved_channel(spec) for spec in self.specs]
        return {
            "prefix": str(self.prefix.absolute()),
            "specs": named,
            "channels": list(self.settings.resolve(self.channels)),
            "cache_dir": str(self.cache_dir.absolute()),
            "config": condarc.library_config(self.settings, self.channels),
            "channel_priority": self.settings.channel_priority,
            "offline": self.settings.offline,
            "token": secrets.token_hex(8),
            **more,
        }

    def _with_resolved_channel(self, spec: str) -> str:
        channel, separator, rest = spec.strip().rpartition("::")
        urls = self.settings.resolve([channel]) if separator else ()
        return f"{urls[0]}::{rest}" if len(urls) == 1 else spec.strip()


def _run(
    request: _Request,
    job: Mapping[str, Any],
    runner: Runner,
    on_progress: OnProgress | None,
    on_line: OnLine | None,
) -> Solution:
    answers = _Answers(str(job["token"]), on_progress, on_line)
    result = runner.run(
        [sys.executable, "-m", "tljh.packages.conda_worker"],
        input=json.dumps(job),
        env=condarc.worker_environment(request.settings),
        # `-m` looks into the current folder first: make it the one that this code came from.
        cwd=Path(tljh.__file__).parent.parent,
        on_line=answers.line,
        check=False,
        doing="install the conda packages" if job.get("apply") else "solve the conda environment",
    )
    return answers.solution(result)


class _Answers:
    """Reads the worker's lines: those of the protocol, and whatever else was printed."""

    def __init__(self, token: str, on_progress: OnProgress | None, on_line: OnLine | None) -> None:
        self._token, self._on_progress, self._on_line = token, on_progress, on_line
        self._final: Mapping[str, Any] | None = None
        self._warnings: list[str] = []
        self._other: list[str] = []

    def line(self, text: str) -> None:
        token, _, rest = text.partition(" ")
        if token != self._token:
            self._other.append(public(text))
            self._tell(text)
            return
        document: dict[str, Any] = json.loads(rest)
        event = document.pop("event")
        if event == "progress" and self._on_progress:
            self._on_progress(Progress(**document))
        elif event == "warning":
            self._warnings.append(document["text"])
            self._tell(f"warning: {document['text']}")
        elif event == "line":
            self._tell(document["text"])
        elif event in {"result", "error"}:
            self._final = {"event": event, **document}

    def solution(self, result: Result) -> Solution:
        """Raises the error that the worker reported, StepFailed if it ended without a word."""
        final = self._final
        if final is None:
            tail = "\n".join(self._other[-15:])
            message = f"The process that installs conda packages ended early (exit status {result.status})."
            raise StepFailed(
                f"{message}\n{tail}".rstrip(),
                "Do the same again: what was begun is repaired. If it was killed, memory may be too small.",
            )
        if final["event"] == "error":
            raise conda_errors.from_dict(final)
        return Solution(
            tuple(change_from_dict(change) for change in final["changes"]),
            tuple(Record(**record) for record in final["records"]),
            tuple(final["specs"]),
            tuple(self._warnings),
            int(final["peak_memory"]),
        )

    def _tell(self, text: str) -> None:
        if self._on_line:
            self._on_line(public(text))
