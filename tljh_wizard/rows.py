"""What screens show, as values: lines of styled text. Knows nothing of Textual."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Style = Literal["", "strong", "dim", "accent", "warn"]
Span = tuple[str, Style]
Line = tuple[Span, ...]

ASCII = str.maketrans(
    {
        "✓": "x",
        "●": "*",
        "○": ".",
        "▾": "v",
        "▸": ">",
        "›": ">",
        "·": "-",
        "–": "-",
        "—": "-",
        "→": ">",
        "←": "<",
        "↑": "^",
        "↓": "v",
        "…": "~",
        "─": "-",
        "█": "#",
        "░": ".",
        "✗": "X",
        "•": "*",
        "≥": ">",
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "×": "x",
    }
)
"""One character for one: columns stay where they are."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list, or a paragraph if `wrap`; `right` is aligned to the right edge.

    `key` is what a message about the row carries; rows without one cannot be acted on. `indent` is where
    the lines after the first start.
    """

    left: Line = ()
    right: Line = ()
    key: str = ""
    wrap: bool = False
    indent: int = 0
    selectable: bool = True
    rule: bool = False


BLANK = Row(selectable=False)
RULE = Row(selectable=False, rule=True)


def line(*parts: str | Span) -> Line:
    """A line of strings (normal weight) and spans."""
    return tuple((part, "") if isinstance(part, str) else part for part in parts)


def strong(text: str) -> Span:
    return text, "strong"


def dim(text: str) -> Span:
    return text, "dim"


def accent(text: str) -> Span:
    return text, "accent"


def warn(text: str) -> Span:
    return text, "warn"


def heading(text: str, right: str = "") -> Row:
    """A row that names a group."""
    return Row(line(strong(text)), line(dim(right)) if right else (), selectable=False)


def paragraph(text: str | Line, *, key: str = "", indent: int = 0, selectable: bool = False) -> Row:
    """Text that is wrapped at the edge."""
    spans = line(text) if isinstance(text, str) else text
    return Row(spans, key=key, wrap=True, indent=indent, selectable=selectable)


def plain(spans: Line) -> str:
    """The text of a line."""
    return "".join(text for text, _ in spans)


def text_of(rows: Iterable[Row]) -> str:
    """The rows as text, for tests and for people without a screen."""
    return "\n".join(f"{plain(row.left)}   {plain(row.right)}".rstrip() for row in rows)


def char_width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def width_of(text: str) -> int:
    """Terminal cells that the text takes."""
    return len(text) if text.isascii() else sum(map(char_width, text))


def fit(text: str, width: int) -> str:
    """The text in exactly `width` cells: padded, or cut with an ellipsis."""
    if width <= 0:
        return ""
    missing = width - width_of(text)
    if missing >= 0:
        return text + " " * missing
    kept = _head(text, width - 1) if width > 1 else ""
    kept = "" if width_of(kept) > width - 1 else kept
    return kept + "…" + " " * (width - 1 - width_of(kept))


def to_ascii(text: str) -> str:
    """One ASCII character for each cell."""
    if text.isascii():
        return text
    mapped = text.translate(ASCII)
    return "".join(c if c.isascii() else _nearest(c) for c in mapped)


def _nearest(char: str) -> str:
    """The letter without its accent, if it has one."""
    base = unicodedata.normalize("NFKD", char)[:1]
    width = char_width(char)
    return base if base.isascii() and base.isprintable() and width == 1 else "?" * width


def cut(spans: Line, width: int) -> Line:
    """The line in at most `width` cells, with an ellipsis where it was cut."""
    kept: list[Span] = []
    left = width
    for index, (text, style) in enumerate(spans):
        size = width_of(text)
        more = any(text for text, _ in spans[index + 1 :])
        if size > left or (size == left and more):
            if left:
                kept.append((fit(text + " " * (size == left), left), style))
            break
        kept.append((text, style))
        left -= size
    return tuple(kept)


def wrap(spans: Line, width: int, indent: int = 0) -> Iterator[Line]:
    """Break at spaces (a word that is too long is broken anywhere); later lines start at `indent`."""
    current: list[Span] = []
    used = 0
    for word, style in _words(spans):
        if word == "\n":
            yield tuple(current)
            current, used = [(" " * indent, "")], indent
            continue
        if used + width_of(word.rstrip()) > width and used > indent:
            yield tuple(current)
            current, used = [(" " * indent, "")], indent
            word = word.lstrip()
        while width_of(word.rstrip()) > width - used:
            room = max(1, width - used)
            piece = _head(word, room)
            yield (*current, (piece, style))
            current, used, word = [(" " * indent, "")], indent, word[len(piece) :]
        current.append((word, style))
        used += width_of(word)
    yield tuple(current)


def _head(text: str, width: int) -> str:
    """As many characters as fit, at least one."""
    used = 0
    for index, char in enumerate(text):
        used += char_width(char)
        if used > width and index:
            return text[:index]
    return text


def _words(spans: Line) -> Iterator[Span]:
    """Words with the spaces after them, and line breaks by themselves."""
    for text, style in spans:
        for number, part in enumerate(text.split("\n")):
            if number:
                yield "\n", style
            start = 0
            for index in range(1, len(part) + 1):
                if index == len(part) or (part[index - 1] == " " and part[index] != " "):
                    yield part[start:index], style
                    start = index
