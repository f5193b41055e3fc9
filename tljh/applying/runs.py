"""The folder of a run: its approved plan, its events, its log; and who is running it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tljh.applying.events import Event
from tljh.applying.journal import set_aside
from tljh.errors import Busy, NotFound, PlanChanged
from tljh.layout import Layout
from tljh.planning.types import Plan, RunStatus
from tljh.runner import Runner, detach, this_python

POLL_SECONDS = 0.1
START_SECONDS = 20.0
"""How long a detached run may take to report itself before it counts as dead."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run, by its folder."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def events_file(self) -> Path:
        return self.folder / "events.jsonl"

    @property
    def log_file(self) -> Path:
        return self.folder / "log.txt"

    @property
    def observed_file(self) -> Path:
        """What the loaded plugins contribute, for later steps."""
        return self.folder / "observed.json"

    @property
    def cancel_file(self) -> Path:
        """Its presence asks the run to stop after the current step."""
        return self.folder / "cancel"

    @property
    def passwords_file(self) -> Path:
        """bcrypt hashes of first passwords; removed as soon as they are set."""
        return self.folder / "passwords.json"

    @property
    def reserve_file(self) -> Path:
        """Room on the disk for the last events; removed when it is needed, or over."""
        return self.folder / "reserve"

    @property
    def process_file(self) -> Path:
        return self.folder / "process.json"

    def plan(self) -> Plan:
        """The approved plan. Raises PlanChanged if somebody edited it."""
        try:
            return Plan.from_dict(json.loads((self.folder / "plan.json").read_text()))
        except (ValueError, KeyError, TypeError) as error:
            raise PlanChanged(
                f"The plan of run {self.id} cannot be used: {error}.", "Make a new plan."
            ) from None

    def events(self) -> Iterator[Event]:
        """What it has told so far."""
        try:
            lines = self.events_file.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return
        yield from parsed(lines)

    def status(self) -> RunStatus:
        """How it ended; `interrupted` if its process is gone and it never said."""
        for event in self.events():
            if event.kind == "run-finished":
                status: RunStatus = event.data["status"]
                return status
        return "running" if self.is_alive() else "interrupted"

    def is_alive(self) -> bool:
        """Whether its process is there, or was started so lately that it may not have said so yet."""
        try:
            process = json.loads(self.process_file.read_text())
        except (FileNotFoundError, ValueError):
            return time.time() - self.folder.stat().st_mtime < START_SECONDS
        return bool(process_start(process["pid"]) == process["start"])

    def claim(self) -> None:
        """Record that this process is the one that runs it."""
        pid = os.getpid()
        self.process_file.write_text(json.dumps({"pid": pid, "start": process_start(pid)}))


def process_start(pid: int) -> str | None:
    """When a process started, in clock ticks since boot (proc(5), field 22); None if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def create(layout: Layout, plan: Plan, password_hashes: Mapping[str, str]) -> Run:
    """Make the folder of a new run of an approved plan.

    Raises Busy if another one is in progress, OSError, with nothing left behind, if it cannot be written.
    """
    running = current(layout)
    if running:
        raise Busy(f"Run {running.id} is in progress.", "Open tljh-wizard to follow it, or wait for its end.")
    layout.runs.mkdir(parents=True, exist_ok=True, mode=0o700)
    layout.runs.chmod(0o700)
    name = datetime.now().strftime("%Y%m%d-%H%M%S")
    folder = next(
        path
        for path in (layout.runs / f"{name}{suffix}" for suffix in ("", *_letters()))
        if not path.exists()
    )
    folder.mkdir(mode=0o700)
    run = Run(folder)
    try:
        set_aside(run.reserve_file)
        if password_hashes:
            write_private(run.passwords_file, json.dumps(dict(password_hashes)))
        (folder / "plan.json").write_text(json.dumps(plan.to_dict(), indent=1, ensure_ascii=False))
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return run


def _letters() -> Iterator[str]:
    return (f"-{number}" for number in range(2, 1000))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)


def start(layout: Layout, run: Run, runner: Runner, *, as_unit: bool) -> None:
    """Start the run apart from this terminal; as a transient unit where systemd runs."""
    argv = [this_python(), "-m", "tljh.applying.main", str(layout.prefix), run.id]
    detach(argv, log=run.log_file, runner=runner, unit=f"tljh-run-{run.id}" if as_unit else None)


def all_runs(layout: Layout) -> tuple[Run, ...]:
    """Every run, newest first; none if the folder cannot be read."""
    try:
        folders = [path for path in layout.runs.iterdir() if (path / "plan.json").exists()]
    except OSError:
        return ()
    return tuple(Run(path) for path in sorted(folders, key=lambda path: path.name, reverse=True))


def current(layout: Layout) -> Run | None:
    """The run in progress, if there is one."""
    newest = next(iter(all_runs(layout)), None)
    return newest if newest and newest.status() == "running" else None


def find(layout: Layout, run_id: str) -> Run:
    """The run of that name. Raises NotFound."""
    run = Run(layout.runs / run_id)
    if "/" in run_id or not (run.folder / "plan.json").exists():
        raise NotFound(f"There is no run {run_id}.", "`tljh list` shows what is installed.")
    return run


async def follow(run: Run) -> AsyncIterator[Event]:
    """Its events from the first one on, then live until it ends.

    A run whose process died without saying so ends with a run-finished event of status `interrupted`.
    """
    position = 0
    partial = ""
    while True:
        alive = run.is_alive()
        text, position = _read_from(run.events_file, position)
        *lines, partial = (partial + text).split("\n")
        for event in parsed(lines):
            yield event
            if event.kind == "run-finished":
                return
        if not alive and not text:
            yield Event("run-finished", text="The run ended without a word.", data=interrupted(run))
            return
        await asyncio.sleep(POLL_SECONDS)


def parsed(lines: Iterable[str]) -> Iterator[Event]:
    """The events of these lines; a line that was cut off is left out."""
    for line in lines:
        try:
            yield Event.from_json(line)
        except (ValueError, KeyError):
            continue


def interrupted(run: Run) -> dict[str, Any]:
    """What a run-finished event says of a run whose process is gone."""
    message = "The run was interrupted: its process is gone (a reboot, or it was killed)."
    hint = "Run `tljh install` again: it goes on from where the machine stands now."
    return {
        "status": "interrupted",
        "error": {"code": "interrupted", "message": message, "hint": hint, "exit_status": 11},
        "next": "tljh install",
        "log": str(run.log_file),
    }


def _read_from(path: Path, position: int) -> tuple[str, int]:
    try:
        with path.open("rb") as stream:
            stream.seek(position)
            read = stream.read()
    except FileNotFoundError:
        return "", position
    complete = read[: read.rfind(b"\n") + 1]
    return complete.decode(errors="replace"), position + len(complete)
