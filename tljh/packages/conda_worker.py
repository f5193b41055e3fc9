"""The short-lived process in which the conda library runs: one JSON job in, JSON lines out.

A process of its own, since killing it is the only real way to cancel an installation, and since an
interpreter that ends normally after the library was used crashes now and then: this one ends by `os._exit`.
Each line of the protocol begins with the job's token: what a link script prints is never taken for it.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tljh.errors import TljhError
from tljh.packages.conda_engine import Engine, Job, Solved, plain
from tljh.packages.conda_errors import installation_failed
from tljh.packages.types import PackageChange, Progress

INTERVAL = 0.1
"""Seconds between two progress lines of the same kind."""
PR_SET_PDEATHSIG = 1


class Emitter:
    """Writes protocol lines; the library calls from several threads. Ends the process if nobody reads."""

    def __init__(self, token: str, descriptor: int) -> None:
        self._token, self._descriptor = token, descriptor
        self._lock = threading.Lock()

    def __call__(self, event: str, **values: Any) -> None:
        line = f"{self._token} {json.dumps({'event': event, **values}, ensure_ascii=False)}\n".encode()
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
            except BrokenPipeError:
                os._exit(1)


class Reporter:
    """Turns the library's callbacks into progress: bytes while something is fetched, then packages linked."""

    def __init__(self, changes: Sequence[PackageChange], emit: Emitter) -> None:
        self._emit = emit
        self._names = [change.name for change in changes]
        self._sizes = {c.name: c.download_size or 0 for c in changes if c.kind != "remove"}
        self._operations, self._linked = len(changes), 0
        self._fetched: dict[int, int] = {}
        self._last = 0.0
        self._scripts: list[str] = []
        self.failed_scripts: list[str] = []

    def on_transaction_start(self, operations: int) -> None:
        self._operations = operations

    def on_populate_cache_start(self, operation: int, name: str) -> int:
        return self._names.index(name) if name in self._names else -1

    def on_download_start(self, package: int) -> int:
        self._fetched.setdefault(package, 0)
        return package

    def on_download_progress(self, package: int, done: int, total: int | None) -> None:
        self._fetched[package] = done
        self._downloaded()

    def on_populate_cache_complete(self, package: int) -> None:
        """What was in the cache already is not downloaded."""
        if package >= 0 and package not in self._fetched:
            self._sizes[self._names[package]] = 0
        self._downloaded()

    def on_unlink_start(self, operation: int, name: str) -> int:
        return operation

    def on_link_start(self, operation: int, name: str) -> int:
        self._linked += 1
        text = f"Linking {name}"
        self._progress(text, self._linked, max(self._operations, self._linked), "packages", always=True)
        return operation

    def on_post_link_start(self, name: str, path: str) -> int:
        return self._script(name)

    def on_post_link_complete(self, script: int, success: bool) -> None:
        if not success:
            self.failed_scripts.append(self._scripts[script])

    def on_pre_unlink_start(self, name: str, path: str) -> int:
        return self._script(name)

    def on_pre_unlink_complete(self, script: int, success: bool) -> None:
        if not success:
            self._emit("warning", text=f"the removal script of {self._scripts[script]} failed")

    def _script(self, name: str) -> int:
        self._emit("line", text=f"running the script of {name}")
        self._scripts.append(name)
        return len(self._scripts) - 1

    def _downloaded(self) -> None:
        done, total = sum(self._fetched.values()), sum(self._sizes.values())
        if self._fetched:
            self._progress("Downloading", done, max(total, done), "bytes", always=done >= total)

    def _progress(self, text: str, done: int, total: int, unit: Any, always: bool) -> None:
        now = time.monotonic()
        if always or now - self._last >= INTERVAL:
            self._last = now
            self._emit("progress", **Progress(text, done, total, unit).to_dict())


async def carry_out(job: Job, emit: Emitter) -> None:
    """Solve; then, if the job says so and the solution is the approved one, install."""
    engine = Engine(job)
    emit("progress", **Progress("Solving").to_dict())
    solved = await engine.solve()
    engine.check(solved)
    if job.apply:
        await engine.install(solved, Reporter(solved.changes, emit))
    for text in engine.warnings:
        emit("warning", text=text)
    emit("result", **result(solved))


def result(solved: Solved) -> dict[str, Any]:
    return {
        "changes": [change.to_dict() for change in solved.changes],
        "records": [plain(record).to_dict() for record in solved.records],
        "specs": list(solved.specs),
        "peak_memory": peak_memory(),
    }


def peak_memory() -> int:
    """Bytes that this process had resident at most; `ru_maxrss` would count its parent before the exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def main() -> int:
    """Carry out the job on standard input; exit status 0 with a result, 1 with an error line."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.umask(0o022)
    job = Job.from_dict(json.loads(sys.stdin.read()))
    protocol = os.dup(1)
    os.dup2(2, 1)
    emit = Emitter(job.token, protocol)
    try:
        asyncio.run(carry_out(job, emit))
    except TljhError as error:
        emit("error", **error.to_dict())
        return 1
    except OSError as error:
        emit("error", **installation_failed(f"{job.prefix}: {error}", job.channels).to_dict())
        return 1
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
