"""How soon the wizard is there."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Comparison, command, compare

RUNS = 7


def startup(folder: Path) -> Iterator[Comparison]:
    python = sys.executable
    wizard = str(Path(python).with_name("tljh-wizard"))
    yield compare(
        "tljh-wizard --help, against python -c pass",
        lambda: command([wizard, "--help"]),
        lambda: command([python, "-c", "pass"]),
        runs=RUNS,
        goal=3,
        faster=False,
    )
    yield compare(
        "first paint, against importing Textual's App",
        lambda: first_paint(wizard, folder),
        lambda: command([python, "-c", "from textual.app import App"]),
        runs=RUNS,
        goal=2,
        faster=False,
    )


def first_paint(wizard: str, folder: Path) -> float:
    """Seconds until the wizard's title is on a pseudo-terminal of 80x24."""
    leader, follower = pty.openpty()
    size = b"\x18\x00\x50\x00\x00\x00\x00\x00"
    import fcntl
    import termios

    fcntl.ioctl(follower, termios.TIOCSWINSZ, size)
    environment = {**os.environ, "TERM": "xterm-256color", "TLJH_INSTALL_PREFIX": str(folder / "tljh")}
    started = time.perf_counter()
    process = subprocess.Popen(
        [wizard], stdin=follower, stdout=follower, stderr=follower, env=environment, start_new_session=True
    )
    os.close(follower)
    try:
        return _until_shown(leader, b"TLJH wizard", started)
    finally:
        process.terminate()
        process.wait(timeout=20)
        os.close(leader)


def _until_shown(leader: int, text: bytes, started: float) -> float:
    seen = b""
    while text not in seen:
        ready, _, _ = select.select([leader], [], [], 30)
        if not ready:
            raise TimeoutError(f"no {text!r} within 30 s; seen {seen[-300:]!r}")
        seen += os.read(leader, 65536)
    return time.perf_counter() - started
