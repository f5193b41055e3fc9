"""A cgroup of its own for each machine: two systemds in one would end each other's services."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_MOUNT = Path("/sys/fs/cgroup")
_CONTROLLERS = ("memory", "pids")


def is_unified() -> bool:
    """Whether the host has cgroup v2 alone."""
    return (_MOUNT / "cgroup.controllers").is_file()


def make(name: str, memory_limit: int | None = None) -> list[Path]:
    """The `cgroup.procs` files that a machine's first process has to enter."""
    folders = list(_folders(name))
    for folder in folders:
        folder.mkdir(exist_ok=True)
        if memory_limit is not None:
            _limit(folder, memory_limit)
    return [folder / "cgroup.procs" for folder in folders]


def remove(name: str) -> None:
    """Remove them, once the machine has ended."""
    for folder in _folders(name):
        for inner, _, _ in os.walk(folder, topdown=False):
            os.rmdir(inner)


def _folders(name: str) -> Iterator[Path]:
    if is_unified():
        yield _MOUNT / name
        return
    for hierarchy in ("systemd", "unified", *_CONTROLLERS):
        if (_MOUNT / hierarchy / "cgroup.procs").is_file():
            yield _MOUNT / hierarchy / name


def _limit(folder: Path, memory_limit: int) -> None:
    for file in (folder / "memory.limit_in_bytes", folder / "memory.max"):
        if file.exists():
            file.write_text(str(memory_limit))
