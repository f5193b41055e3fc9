"""Text from outside made safe to show, and numbers in plain words."""

from __future__ import annotations

import re
import unicodedata

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[@-Z\\-_]?"
    r"|\x9b[0-?]*[ -/]*[@-~]",
    re.S,
)
_BIDI = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def clean(text: str, *, keep_newlines: bool = False) -> str:
    """The text without terminal escapes, control and bidirectional characters.

    Sequences after ECMA-48; a control character that is left becomes `�`.
    """
    text = _ESCAPES.sub("", text).translate(_BIDI).replace("\t", "    ")
    keep = "\n" if keep_newlines else ""
    return "".join(c if c in keep or unicodedata.category(c) not in ("Cc", "Cs") else "�" for c in text)


def size(count: int | None) -> str:
    """Bytes in the unit that people read: `212 MB`."""
    if count is None:
        return "unknown"
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def plural(count: int, noun: str) -> str:
    """`1 plugin`, `3 plugins`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
