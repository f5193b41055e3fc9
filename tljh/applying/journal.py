"""Appending to a run's files so that a full disk neither stops the run nor leaves half a line."""

from __future__ import annotations

import errno
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
RESERVE_BYTES = 64 * 1024
"""Room for a run's last words."""


def append(path: Path, text: str) -> bool:
    """Append one line; whether there was room for it."""
    with path.open("ab", buffering=0) as stream:
        end = stream.tell()
        line = f"{text}\n".encode(errors="replace")
        try:
            written = stream.write(line)
        except OSError as error:
            if error.errno not in FULL:
                raise
            written = 0
        if written == len(line):
            return True
        stream.truncate(end)
        return False


def set_aside(path: Path) -> None:
    """Take up room on the disk, to be given back by removing the file."""
    path.write_bytes(b"-" * RESERVE_BYTES)
