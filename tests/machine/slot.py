"""A number that one machine at a time has: its name, addresses, cgroups and folder follow from it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

RUN_FOLDER = Path("/run/tljh-test-machines")
_MOST_MACHINES = 16


@dataclass(frozen=True, slots=True)
class Slot:
    """A number between 1 and 16, free again when the process that took it ends."""

    number: int
    lock: BaseFileLock

    @property
    def name(self) -> str:
        return f"tljh-test-{self.number}"

    @property
    def folder(self) -> Path:
        """Where the machine's root is mounted, on a tmpfs of its own."""
        return RUN_FOLDER / str(self.number)

    @property
    def console(self) -> Path:
        return RUN_FOLDER / f"{self.number}.console"

    def release(self) -> None:
        self.lock.release()


def take_slot() -> Slot:
    """The first number that no living machine has."""
    slot = next(_free_slots(), None)
    if slot is None:
        raise RuntimeError(f"all {_MOST_MACHINES} places for machines are taken")
    return slot


def abandoned_slots() -> Iterator[Slot]:
    """Those of killed tests whose machines have ended: unmounted now, for the caller to release."""
    numbers = [path.name for path in RUN_FOLDER.glob("*") if os.path.ismount(path)]
    yield from _free_slots(only=numbers)


def _free_slots(only: Sequence[str] | None = None) -> Iterator[Slot]:
    RUN_FOLDER.mkdir(mode=0o755, exist_ok=True)
    for number in range(1, _MOST_MACHINES + 1):
        if only is not None and str(number) not in only:
            continue
        lock = FileLock(RUN_FOLDER / f"{number}.lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            continue
        slot = Slot(number, lock)
        if _cleared(slot):
            yield slot
        else:
            lock.release()


def network_lock() -> BaseFileLock:
    """Held while the host's own network settings are read and changed."""
    return FileLock(RUN_FOLDER / "network.lock")


def _cleared(slot: Slot) -> bool:
    """Take away what a killed test left; not yet possible while its machine is still shutting down."""
    for folder in (slot.folder / "root", slot.folder):
        if os.path.ismount(folder):
            subprocess.run(["umount", str(folder)], capture_output=True, check=False)
    return not os.path.ismount(slot.folder)
