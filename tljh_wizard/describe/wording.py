"""The words that all screens use: hooks, certainties, dates, durations, sizes, values."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from tljh import text as outside
from tljh.text import plural, size
from tljh.words import CERTAINTY_WORDS, HOOK_WORDS, OPERATION_SIGNS

SHORT_WORDS = {
    "tljh_extra_apt_packages": "apt",
    "tljh_extra_hub_pip_packages": "hub pip",
    "tljh_extra_user_conda_packages": "conda",
    "tljh_extra_user_pip_packages": "pip",
}
ROOT_HOOKS = ("tljh_post_install", "tljh_new_user_create")
VALUE_WIDTH = 60


def clean(text: str, *, keep_newlines: bool = False) -> str:
    """Text from outside made safe to show; on one line unless line breaks may stay."""
    text = text.replace("\r\n", "\n")
    return outside.clean(text if keep_newlines else text.replace("\n", " "), keep_newlines=keep_newlines)


def certainty_word(certainty: str) -> str:
    return CERTAINTY_WORDS.get(certainty, "unknown")


def order(hook: str) -> int:
    """Where a hook stands on a screen."""
    names = list(HOOK_WORDS)
    return names.index(hook) if hook in names else len(names)


def day(moment: date | datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "–"


def duration(seconds: float) -> str:
    """`4 s`, `1 min 05 s`, `1 h 02 min`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def value(thing: Any, width: int = VALUE_WIDTH) -> str:
    """A setting's value on one line, as JSON where it is not plain text."""
    text = thing if isinstance(thing, str) else json.dumps(thing, ensure_ascii=False, default=str)
    text = clean(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def listing(names: tuple[str, ...] | list[str], shown: int = 4) -> str:
    """`a, b, c and 4 more`."""
    cleaned = [clean(name) for name in names]
    if len(cleaned) <= shown + 1:
        return ", ".join(cleaned)
    return f"{', '.join(cleaned[:shown])} and {len(cleaned) - shown} more"


def bar(done: int, total: int, width: int = 24) -> str:
    """A progress bar of characters."""
    full = min(width, done * width // max(1, total))
    return "█" * full + "░" * (width - full)


__all__ = [
    "CERTAINTY_WORDS",
    "HOOK_WORDS",
    "OPERATION_SIGNS",
    "ROOT_HOOKS",
    "SHORT_WORDS",
    "bar",
    "certainty_word",
    "clean",
    "day",
    "duration",
    "listing",
    "order",
    "plural",
    "size",
    "value",
]
