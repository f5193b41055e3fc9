"""From what the evaluator knows to plain data with a certainty and the names of what is unknown."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tljh.inspection.machine import Machine
from tljh.inspection.plain import JSON
from tljh.inspection.report import Certainty
from tljh.inspection.values import (
    Choice,
    Class,
    ConfigNode,
    Const,
    External,
    Function,
    Instance,
    Items,
    Key,
    KeyTest,
    Method,
    Module,
    Partial,
    PathValue,
    Ref,
    Table,
    TraitNode,
    Unbound,
    Unknown,
    Value,
    Wrapped,
)

MAX_NESTING = 20
MAX_UNKNOWN = 20


@dataclass(slots=True)
class Exported:
    """Plain data; `known` if anything of it could be read. Notes do not make it less certain."""

    value: JSON
    unknown: list[str] = field(default_factory=list)
    known: bool = True
    notes: list[str] = field(default_factory=list)

    @property
    def certainty(self) -> Certainty:
        if not self.known:
            return "opaque"
        return "partial" if self.unknown else "certain"

    def reasons(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(reason for reason in self.unknown if reason))[:MAX_UNKNOWN]


def describe(value: Value) -> str:
    """A value that is no plain data, in words."""
    if isinstance(value, Unknown):
        return f"{value.text}: {value.reason}" if value.text else value.reason
    if isinstance(value, Function):
        return f"the function {value.name} in {value.path}, line {value.node.lineno}"
    if isinstance(value, Wrapped):
        return f"the function {value.inner.name} in {value.inner.path}, changed by {value.by}"
    if isinstance(value, Class):
        return f"the class {value.name} in {value.path}, line {value.line}"
    if isinstance(value, External):
        return f"{value.name.removeprefix('builtins.')} of a library"
    if isinstance(value, Module):
        return f"the module {value.name}"
    if isinstance(value, Method):
        return f"the method {value.name}"
    if isinstance(value, Partial):
        return f"a call prepared of {describe(value.function)}"
    if isinstance(value, TraitNode):
        return f"what {'.'.join(value.path)} holds before"
    if isinstance(value, ConfigNode):
        return f"what config.yaml holds at {'.'.join(value.path) or 'the top'}"
    if isinstance(value, KeyTest):
        return f"whether config.yaml has {'.'.join(value.path)}"
    return "an object that the code makes"


def export(machine: Machine, value: Value, nesting: int = 0) -> Exported:
    """The plain data of a value; what is unknown in it is null and named."""
    if isinstance(value, Const):
        return _scalar(value)
    if isinstance(value, PathValue):
        return Exported(value.text, list(value.doubt))
    if isinstance(value, Choice):
        return _choice(machine, value, nesting)
    if isinstance(value, Ref) and nesting < MAX_NESTING:
        machine.step()
        cell = machine.heap.get(value.number)
        if isinstance(cell, Items):
            return _items(machine, cell, nesting)
        if isinstance(cell, Table):
            return _table(machine, cell, nesting)
        if isinstance(cell, Instance):
            return Exported(None, [f"an object of the class {cell.of.name} in {cell.of.path}"], False)
        return Exported(None, [describe(cell) if cell is not None else "unknown"], False)
    if isinstance(value, Ref):
        return Exported(None, ["nested too deeply"], False)
    return Exported(None, [describe(value)], False)


def _scalar(value: Const) -> Exported:
    raw = value.value
    if isinstance(raw, (bytes, complex)):
        return Exported(None, [f"{type(raw).__name__}: not plain data"], False)
    if isinstance(raw, float) and not math.isfinite(raw):
        return Exported(None, [f"the number {raw}"], False)
    if isinstance(raw, str) and any(0xD800 <= ord(letter) <= 0xDFFF for letter in raw):
        return Exported(None, ["text with half characters"], False)
    return Exported(raw, list(value.doubt))


def _choice(machine: Machine, value: Choice, nesting: int) -> Exported:
    """The first option that is known stands for all; the reason names what decides."""
    options = [
        export(machine, option, nesting + 1) for option in value.options if not isinstance(option, Unbound)
    ]
    known = [option for option in options if option.known]
    if not known:
        return Exported(None, [value.reason, *(r for option in options for r in option.unknown)], False)
    others = ", ".join(repr(option.value) for option in known[1:])
    reason = f"{value.reason or 'depends on the path taken'}" + (f"; otherwise {others}" if others else "")
    return Exported(known[0].value, [reason[:300], *(r for option in options for r in option.unknown)])


def _items(machine: Machine, items: Items, nesting: int) -> Exported:
    values: list[JSON] = []
    unknown: list[str] = []
    anything = not items.slots
    for slot in items.slots:
        item = export(machine, slot.value, nesting + 1)
        values.append(item.value)
        unknown.extend(item.unknown)
        anything = anything or item.known
        if slot.maybe:
            unknown.append(f"{_short(item.value)}: {slot.maybe}")
    if items.rest:
        unknown.append(items.rest)
        anything = anything and bool(items.slots)
    if not items.order:
        values.sort(key=lambda item: (str(type(item)), str(item)))
    if items.kind == "generator" and nesting:
        return Exported(None, ["a generator"], False)
    return Exported(values, unknown, anything)


def _table(machine: Machine, table: Table, nesting: int) -> Exported:
    values: dict[str, JSON] = {}
    unknown: list[str] = []
    for key, slot in table.entries.items():
        item = export(machine, slot.value, nesting + 1)
        if not isinstance(key, str):
            unknown.append(f"the key {key!r} is not text")
        values[str(key)] = item.value
        unknown.extend(item.unknown)
        if slot.maybe:
            unknown.append(f"{_short(_key_text(key))}: {slot.maybe}")
    if table.rest:
        unknown.append(table.rest)
    return Exported(values, unknown, bool(values) or not table.rest)


def _key_text(key: Key) -> str:
    return key if isinstance(key, str) else repr(key)


def _short(value: JSON) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
