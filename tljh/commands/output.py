"""How commands print: plain lines for people, one document for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tljh.text import clean


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document on standard output. Everything but ASCII is escaped: it may go to a terminal."""
    print(json.dumps(document, indent=2))


def print_lines(lines: Iterable[str]) -> None:
    """Lines for people; nothing in them can steer the terminal."""
    for line in lines:
        print(clean(line))


def table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> list[str]:
    """Columns two spaces apart, left aligned, the last one unpadded."""
    clean_rows = [[clean(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[i]) for row in clean_rows) for i in range(len(header))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in clean_rows
    ]


def note(text: str) -> None:
    """Something beside the result, on standard error."""
    print(clean(text), file=sys.stderr)


def progress_line(text: str) -> None:
    """What is being done now, on a terminal only; replaced by the next one."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{clean(text)}", end="", file=sys.stderr, flush=True)


def end_progress() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
