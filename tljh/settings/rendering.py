"""A document as YAML text, with every comment of the text it came from, each above what it was above.

ruamel.yaml hangs a comment on the value before it: a value that goes takes along the comment of its
neighbour, and an item that comes lands below it. So its comment lines are taken out and put in again here.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tljh.yaml import round_trip

Place = tuple[str, ...]
"""Where an entry is: the keys above it, its own, and for an item of a list its text."""


def render(document: Mapping[str, Any], previous: str = "") -> str:
    """The document as YAML, lists indented as in `previous`, and with its comments and blank lines."""
    text = dump(document, previous)
    if not document:
        kept = "".join(line for line in previous.splitlines(keepends=True) if _is_aside(line))
        return kept or text
    try:
        with_asides = _with_asides(text, previous)
        return with_asides if _load(with_asides) == _load(text) else text
    except YAMLError:
        return text


def dump(document: Mapping[str, Any], previous: str = "") -> str:
    """The document as ruamel.yaml writes it."""
    indented = re.search(r"^( *)[^\s#-][^\n]*:[ ]*\n(?:[ ]*#[^\n]*\n)*\1[ ]+- ", previous, re.MULTILINE)
    writer = round_trip(sequence=4, offset=2) if indented else round_trip()
    stream = io.StringIO()
    writer.dump(document, stream)
    return stream.getvalue()


@dataclass
class _Outline:
    """Which entry begins on which line of a text, and which lines are the inside of a value."""

    lines: list[str]
    starts: dict[int, list[Place]] = field(default_factory=dict)
    inside: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, text: str) -> _Outline:
        outline = cls(text.splitlines())
        root = YAML(typ="safe", pure=True).compose(text)
        if root is not None:
            outline._add(root, ())
        return outline

    def is_aside(self, number: int) -> bool:
        """Whether the line is a comment or blank, and not part of a value."""
        return number not in self.inside and _is_aside(self.lines[number])

    def _add(self, node: Node, place: Place) -> None:
        first, last = node.start_mark.line, node.end_mark.line
        if isinstance(node, MappingNode):
            for key, value in node.value:
                self._entry(key, value, (*place, str(key.value)))
        elif isinstance(node, SequenceNode):
            for index, item in enumerate(node.value):
                text = item.value if isinstance(item, ScalarNode) else index
                self._entry(item, item, (*place, f"- {text}"))
        elif isinstance(node, ScalarNode) and last > first:
            self.inside.update(range(first + 1, last if node.style in ("|", ">") else last + 1))

    def _entry(self, beginning: Node, value: Node, place: Place) -> None:
        self.starts.setdefault(beginning.start_mark.line, []).append(place)
        if value.start_mark.line >= beginning.start_mark.line:  # and not an alias of what stands above
            self._add(value, place)


def _with_asides(text: str, previous: str) -> str:
    """The text's own entries, and the comments and blank lines of `previous` between them."""
    before, after = _Outline.of(previous), _Outline.of(text)
    where = {place: number for number, places in reversed(after.starts.items()) for place in places}
    inserted: dict[int, list[str]] = {}
    for aside, number in _asides(before):
        followers = (
            place for line in sorted(before.starts) if line >= number for place in before.starts[line]
        )
        target = next((where[place] for place in followers if place in where), len(after.lines))
        inserted.setdefault(target, []).append(aside)
    lines = []
    for number, line in enumerate(after.lines):
        lines += inserted.get(number, [])
        if not after.is_aside(number):
            lines.append(line)
    lines += inserted.get(len(after.lines), [])
    return "\n".join(lines) + "\n"


def _asides(outline: _Outline) -> Iterator[tuple[str, int]]:
    """Each comment or blank line with its number."""
    for number, line in enumerate(outline.lines):
        if outline.is_aside(number):
            yield line, number


def _is_aside(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _load(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)
