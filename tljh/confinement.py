"""Keeps code inside one folder with bubblewrap: everything else is read-only to it."""

from __future__ import annotations

import sys
from pathlib import Path

import tljh
from tljh.runner import Runner

_READ_ONLY = ("bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp")


def works(runner: Runner) -> bool:
    """Whether bubblewrap is installed and may be used here (some kernels forbid it to ordinary users)."""
    if not runner.which("bwrap"):
        return False
    return runner.run([*_READ_ONLY, "--unshare-pid", "--", "true"], check=False, timeout=20).ok


def inside(folder: Path) -> list[str]:
    """The words to put before a command so that it can write below `folder` only."""
    # The interpreter and this code may themselves be below a folder that is hidden, such as /tmp.
    own = dict.fromkeys((sys.base_prefix, sys.prefix, str(Path(tljh.__file__).resolve().parent)))
    shown = [word for place in own for word in ("--ro-bind", place, place)]
    return [
        *_READ_ONLY,
        *shown,
        "--bind",
        str(folder),
        str(folder),
        "--die-with-parent",
        "--unshare-pid",
        "--",
    ]
