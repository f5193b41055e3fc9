"""Operators on values: arithmetic on constants within bounds, collections item by item."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tljh.inspection.concrete import NotKnown, concrete, doubts_of, failing, key_of, lift
from tljh.inspection.machine import MAX_ITEMS, MAX_TEXT, Machine, TooComplex
from tljh.inspection.values import (
    Class,
    ConfigNode,
    Const,
    External,
    Function,
    Items,
    KeyTest,
    Marker,
    Module,
    PathValue,
    Ref,
    Slot,
    Table,
    TraitNode,
    Unknown,
    Value,
)

BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
PLAIN_ERRORS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)
WIDE = re.compile(r"\d{5}|\*")


def text_of(value: Value) -> str:
    """A value as it would stand in a text, with {names} for what is unknown."""
    if isinstance(value, Const):
        return value.value if isinstance(value.value, str) else str(value.value)
    if isinstance(value, PathValue):
        return value.text
    if isinstance(value, Unknown) and value.text:
        return value.text
    return "{…}"


def template(text: str, parts: list[Value]) -> Unknown:
    """A text with unknown parts; it is given if all the unknown parts are."""
    unknown = [part for part in parts if not isinstance(part, (Const, PathValue))]
    given = all(isinstance(part, Unknown) and part.given for part in unknown) and not any(
        part.doubt for part in parts if isinstance(part, (Const, PathValue))
    )
    reasons = dict.fromkeys(part.reason for part in unknown if isinstance(part, Unknown) and part.reason)
    reason = "; ".join(reasons) or "part of it is unknown"
    return Unknown(reason, text[:MAX_TEXT], given=given)


def binary(machine: Machine, op: ast.operator, left: Value, right: Value) -> Value:
    """The value of `left op right`; both are no choices."""
    if isinstance(left, Const) and isinstance(right, Const):
        return _scalars(machine, op, left, right)
    items, others = machine.items(left), machine.items(right)
    if isinstance(op, ast.Add):
        return _add(machine, left, right, items, others)
    if isinstance(op, ast.Div) and isinstance(left, PathValue):
        return _path(left, right)
    if isinstance(op, ast.Mod) and isinstance(left, Const) and isinstance(left.value, str):
        return _percent(machine, left, right)
    if isinstance(op, ast.Mult):
        counted = _times(machine, left, right)
        if counted is not None:
            return counted
    if isinstance(op, ast.BitOr):
        tables = machine.table(left), machine.table(right)
        if tables[0] is not None and tables[1] is not None:
            merged = merge_tables(tables[0], tables[1])
            return machine.heap.new(merged)
    if items and others and items.kind in ("set", "frozenset") and others.kind in ("set", "frozenset"):
        return _sets(machine, op, left, right, items, others)
    machine.may_raise()
    return Unknown("an operation on values that are not known")


def merge_tables(first: Table, second: Table) -> Table:
    """`{**first, **second}`."""
    entries = dict(first.entries)
    for key, slot in second.entries.items():
        if slot.maybe and key in entries:
            entries[key] = Slot(Unknown(slot.maybe), entries[key].maybe and slot.maybe)
        else:
            entries[key] = slot
    if second.rest:
        for key in first.entries:
            if key not in second.entries:
                entries[key] = Slot(Unknown(second.rest), entries[key].maybe)
    return Table(entries, first.rest or second.rest)


def _scalars(machine: Machine, op: ast.operator, left: Const, right: Const) -> Value:
    one, two = left.value, right.value
    if isinstance(op, ast.Mod) and isinstance(one, (str, bytes)):
        return _percent(machine, left, right)
    if isinstance(op, ast.Pow) and not (isinstance(two, int) and 0 <= two <= 64 and _small(one, 64)):
        return Unknown("a power")
    if isinstance(op, ast.LShift) and not (isinstance(two, int) and two <= 256 and _small(one, 512)):
        return Unknown("a large number")
    if isinstance(op, ast.Mult):
        for text, count in ((one, two), (two, one)):
            if isinstance(text, (str, bytes)) and isinstance(count, int) and len(text) * count > MAX_TEXT:
                raise TooComplex("a text is too long")
        if not (_small(one, 4096) and _small(two, 4096)):
            return Unknown("a large number")
    try:
        return lift(machine, BINARY[type(op)](one, two), _together(left, right))
    except PLAIN_ERRORS as error:
        return failing(machine, error, left, right)


def _small(value: object, bits: int) -> bool:
    return not isinstance(value, int) or value.bit_length() <= bits


def _together(*values: Const | PathValue) -> tuple[str, ...]:
    return tuple(dict.fromkeys(doubt for value in values for doubt in value.doubt))


def _add(machine: Machine, left: Value, right: Value, items: Items | None, others: Items | None) -> Value:
    if items and others:
        if items.kind != others.kind or items.kind not in ("list", "tuple"):
            raise machine.raises("TypeError", f"cannot add {others.kind} to {items.kind}")
        if len(items.slots) + len(others.slots) > MAX_ITEMS:
            raise TooComplex("a collection is too large")
        machine.step((len(items.slots) + len(others.slots)) // 20)
        order = items.order and others.order
        rest = items.rest or others.rest
        return machine.heap.new(Items(items.kind, (*items.slots, *others.slots), rest, order))
    if isinstance(left, TraitNode) and left.plus is None and others:
        return TraitNode(left.path, right)
    if items or others:
        known = items or others
        assert known is not None
        other = right if items else left
        if isinstance(other, (Unknown, ConfigNode, External, TraitNode)) and known.kind in ("list", "tuple"):
            machine.may_raise()
            reason = other.reason if isinstance(other, Unknown) else "a list that is not known"
            return machine.heap.new(replace(known, rest=known.rest or reason))
    texts = [value for value in (left, right) if isinstance(value, Const) and isinstance(value.value, str)]
    if texts and any(isinstance(value, Unknown) for value in (left, right)):
        machine.may_raise()
        return template(text_of(left) + text_of(right), [left, right])
    if isinstance(left, Unknown) and isinstance(right, Unknown) and (left.text or right.text):
        machine.may_raise()
        return template(text_of(left) + text_of(right), [left, right])
    machine.may_raise()
    return Unknown("a sum of values that are not known")


def _path(left: PathValue, right: Value) -> Value:
    if isinstance(right, Const) and isinstance(right.value, str):
        return join_path(left, right.value, right.doubt)
    if isinstance(right, PathValue):
        return join_path(left, right.text, right.doubt)
    if isinstance(right, Unknown) and right.given and right.text:
        return join_path(left, right.text, (right.reason,))
    return template(f"{left.text}/{text_of(right)}", [left, right])


def join_path(left: PathValue, more: str, doubt: tuple[str, ...] = ()) -> PathValue:
    """A path below another one; an absolute one stands alone."""
    if more.startswith("/"):
        return PathValue(more, doubt)
    return PathValue(f"{left.text.rstrip('/')}/{more}" if more else left.text, (*left.doubt, *doubt))


def _percent(machine: Machine, left: Const, right: Value) -> Value:
    text = left.value
    if isinstance(text, str) and WIDE.search(text):
        return Unknown("a wide format")
    try:
        plain = concrete(machine, right)
        if isinstance(plain, tuple) and any(isinstance(p, (set, frozenset)) for p in plain):
            raise NotKnown
        if isinstance(plain, (set, frozenset)):
            raise NotKnown
    except NotKnown:
        values = machine.items(right)
        parts: list[Value] = [s.value for s in values.slots] if values and values.kind == "tuple" else [right]
        filled = iter(parts)
        if not isinstance(text, str):
            return Unknown("a text with unknown parts")
        shown = re.sub(r"%(?:\(\w+\))?[sdr]", lambda _: text_of(next(filled, Unknown(""))), text)
        machine.may_raise()
        return template(shown, [left, *parts])
    try:
        return lift(machine, text % plain, (*left.doubt, *doubts_of(machine, right)))  # type: ignore[operator]
    except PLAIN_ERRORS as error:
        return failing(machine, error, left, right)


def _times(machine: Machine, left: Value, right: Value) -> Value | None:
    for sequence, count in ((left, right), (right, left)):
        items = machine.items(sequence)
        if items and isinstance(count, Const) and isinstance(count.value, int) and not count.doubt:
            if len(items.slots) * count.value > MAX_ITEMS:
                raise TooComplex("a collection is too large")
            return machine.heap.new(replace(items, slots=items.slots * count.value))
    return None


def _sets(
    machine: Machine, op: ast.operator, left: Value, right: Value, items: Items, others: Items
) -> Value:
    if isinstance(op, ast.BitOr):
        return machine.heap.new(union(items, others))
    try:
        one, two = concrete(machine, left), concrete(machine, right)
        result = BINARY[type(op)](one, two)
    except NotKnown:
        return Unknown("a set that is not wholly known")
    except PLAIN_ERRORS as error:
        return failing(machine, error, left, right)
    return lift(machine, result, doubts_of(machine, left, right))


def union(items: Items, others: Items) -> Items:
    """The members of both; a certain member is not doubted again."""
    slots = list(items.slots)
    for slot in others.slots:
        same = [place for place, present in enumerate(slots) if same_member(present.value, slot.value)]
        if not same:
            slots.append(slot)
        elif slots[same[0]].maybe and not slot.maybe:
            slots[same[0]] = slot
    if len(slots) > 1:
        reason = "it may equal another item of the set"
        slots = [
            slot if isinstance(slot.value, Const) and not slot.value.doubt
            else replace(slot, maybe=slot.maybe or reason)
            for slot in slots
        ]  # fmt: skip
    return Items(items.kind, tuple(slots), items.rest or others.rest, False)


def same_member(one: Value, two: Value) -> bool:
    if isinstance(one, Const) and isinstance(two, Const):
        return one.value == two.value and one.doubt == two.doubt
    return one == two


def compare(machine: Machine, op: ast.cmpop, left: Value, right: Value) -> Value:
    """The value of one comparison."""
    if isinstance(op, (ast.Is, ast.IsNot)):
        return _identity(isinstance(op, ast.IsNot), left, right)
    if isinstance(op, (ast.In, ast.NotIn)):
        return _contains(machine, isinstance(op, ast.NotIn), left, right)
    if isinstance(right, Const) and right.value is None and isinstance(op, (ast.Eq, ast.NotEq)):
        return _identity(isinstance(op, ast.NotEq), left, right)
    if isinstance(left, (Function, Class, Module)) and isinstance(right, (Function, Class, Module, Const)):
        equal = left == right
        return Const(equal if isinstance(op, ast.Eq) else not equal)
    try:
        one, two = concrete(machine, left), concrete(machine, right)
        return lift(machine, bool(COMPARE[type(op)](one, two)), doubts_of(machine, left, right))
    except NotKnown:
        machine.may_raise()
        return Unknown("a comparison with something that is not known")
    except PLAIN_ERRORS as error:
        return failing(machine, error, left, right)


def _identity(negated: bool, left: Value, right: Value) -> Value:
    singletons = (None, True, False)
    if isinstance(left, ConfigNode) and isinstance(right, Const) and right.value is None:
        if left.default is None or left.default == Const(None):
            return KeyTest(left.path, not negated)
        return Unknown("what config.yaml holds")
    if isinstance(left, Const) and isinstance(right, Const):
        if left.doubt or right.doubt:
            return Unknown("; ".join((*left.doubt, *right.doubt)))
        if any(left.value is single or right.value is single for single in singletons):
            return Const((left.value is right.value) is not negated)
        return Unknown("an identity of constants")
    if isinstance(right, Const) and right.value in singletons and not isinstance(left, (Unknown, TraitNode)):
        if isinstance(left, (Function, Class, Module, Ref, PathValue, Marker)):
            return Const(negated)
        return Unknown("an identity")
    if isinstance(left, Ref) and isinstance(right, Ref):
        return Const((left == right) is not negated)
    return Unknown("an identity of values that are not known")


def _contains(machine: Machine, negated: bool, left: Value, right: Value) -> Value:
    if isinstance(right, ConfigNode):
        if isinstance(left, Const) and isinstance(left.value, str) and right.default is None:
            return KeyTest((*right.path, left.value), negated)
        return Unknown("what config.yaml holds")
    if isinstance(right, TraitNode):
        return Unknown(f"what {'.'.join(right.path)} holds")
    doubts = doubts_of(machine, left, right)
    table = machine.table(right)
    try:
        if table is not None:
            key = key_of(machine, left)
            slot = table.entries.get(key)
            if slot is not None and not slot.maybe:
                return Const(not negated)
            if slot is not None or table.rest:
                raise NotKnown
            return Const(negated)
        items = machine.items(right)
        if items is not None and items.kind != "generator":
            one = concrete(machine, left)
            if doubts:
                raise NotKnown
            for slot in items.slots:
                if not slot.maybe and concrete(machine, slot.value) == one:
                    return Const(not negated)
            if items.rest or any(slot.maybe for slot in items.slots):
                raise NotKnown
            return Const(negated)
        one, two = concrete(machine, left), concrete(machine, right)
        return lift(machine, (one in two) is not negated, doubts)  # type: ignore[operator]
    except NotKnown:
        machine.may_raise()
        return Unknown("whether something is in a collection that is not known")
    except PLAIN_ERRORS as error:
        return failing(machine, error, left, right)
