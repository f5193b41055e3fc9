"""Between the evaluator's values and Python's own, where a value is wholly known."""

from __future__ import annotations

from typing import Any, TypeAlias, cast

from tljh.inspection.machine import MAX_ITEMS, MAX_TEXT, Machine, TooComplex
from tljh.inspection.values import Const, Items, Key, PathValue, Ref, Scalar, Slot, Table, Unknown, Value

Plain: TypeAlias = (
    "Scalar | list[Plain] | tuple[Plain, ...] | set[Plain] | frozenset[Plain] | dict[Key, Plain]"
)


MAKERS: dict[str, Any] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "slice": lambda bounds: slice(*bounds),
}


class NotKnown(Exception):
    """The value is not wholly known."""


def concrete(machine: Machine, value: Value, nesting: int = 0) -> Plain:
    """The Python value. Raises NotKnown unless all of it is certain, or has only a doubt (see doubts_of)."""
    if isinstance(value, Const):
        return value.value
    if nesting > 20:
        raise NotKnown
    if isinstance(value, Ref):
        cell = machine.heap.get(value.number)
        machine.step()
        if isinstance(cell, Items) and cell.is_exact and cell.kind != "generator":
            if not cell.order and cell.kind not in ("set", "frozenset") and len(cell.slots) > 1:
                raise NotKnown
            plain: list[Any] = [concrete(machine, slot.value, nesting + 1) for slot in cell.slots]
            try:
                return cast(Plain, MAKERS[cell.kind](plain))
            except TypeError:
                raise NotKnown from None
        if isinstance(cell, Table) and not cell.rest and not any(s.maybe for s in cell.entries.values()):
            return {key: concrete(machine, slot.value, nesting + 1) for key, slot in cell.entries.items()}
    raise NotKnown


def doubts_of(machine: Machine, *values: Value) -> tuple[str, ...]:
    """The doubts of all constants in the values."""
    found: dict[str, None] = {}

    def visit(value: Value, nesting: int) -> None:
        if isinstance(value, (Const, PathValue)):
            found.update(dict.fromkeys(value.doubt))
        elif isinstance(value, Ref) and nesting < 20:
            cell = machine.heap.get(value.number)
            slots: list[Slot] = []
            if isinstance(cell, Items):
                slots = list(cell.slots)
            elif isinstance(cell, Table):
                slots = list(cell.entries.values())
            for slot in slots:
                visit(slot.value, nesting + 1)

    for value in values:
        visit(value, 0)
    return tuple(found)


def lift(machine: Machine, plain: object, doubt: tuple[str, ...] = (), nesting: int = 0) -> Value:
    """The evaluator's value of a Python value. Raises TooComplex if it is too large.

    With a doubt, a collection could hold something else; a tuple has as many items in any case.
    """
    machine.step()
    maybe = "; ".join(doubt)
    if nesting > 50:
        raise TooComplex("a value is nested too deeply")
    if plain is None or isinstance(plain, (bool, int, float, complex, str, bytes)):
        if isinstance(plain, (str, bytes)) and len(plain) > MAX_TEXT:
            raise TooComplex("a text is too long")
        return Const(plain, doubt)
    if isinstance(plain, dict):
        if len(plain) > MAX_ITEMS:
            raise TooComplex("a collection is too large")
        entries: dict[Key, Slot] = {}
        for key, item in plain.items():
            if not is_key(key):
                return Unknown("a dictionary with unusual keys")
            entries[key] = Slot(lift(machine, item, doubt, nesting + 1), maybe)
        return machine.heap.new(Table(entries, maybe))
    if isinstance(plain, (list, tuple, set, frozenset)):
        if len(plain) > MAX_ITEMS:
            raise TooComplex("a collection is too large")
        if isinstance(plain, tuple):
            maybe = ""
        slots = tuple(Slot(lift(machine, item, doubt, nesting + 1), maybe) for item in plain)
        kind = type(plain).__name__
        if kind not in ("list", "tuple", "set", "frozenset"):
            kind = "list"
        return machine.heap.new(Items(kind, slots, maybe, order=isinstance(plain, (list, tuple))))  # type: ignore[arg-type]
    return Unknown(f"a value of type {type(plain).__name__}")


def failing(machine: Machine, error: Exception, *values: Value) -> Value:
    """A plain operation failed: so does the plugin, surely, if the values are beyond doubt."""
    if any(doubts_of(machine, value) for value in values):
        machine.may_raise()
        return Unknown(f"it fails with {type(error).__name__} for what is known")
    raise machine.raises(type(error).__name__, str(error)) from None


def is_key(key: object) -> bool:
    """Whether a Python value can be a key here."""
    if isinstance(key, tuple):
        return all(is_key(part) for part in key)
    return key is None or isinstance(key, (bool, int, float, str, bytes))


def key_of(machine: Machine, value: Value) -> Key:
    """The dictionary key of a value. Raises NotKnown if it is unknown, in doubt or no key."""
    if isinstance(value, Const) and not value.doubt and is_key(value.value):
        return value.value
    if isinstance(value, Ref):
        cell = machine.heap.get(value.number)
        if isinstance(cell, Items) and cell.kind == "tuple" and cell.is_exact:
            return tuple(key_of(machine, slot.value) for slot in cell.slots)
    raise NotKnown


def value_of_key(machine: Machine, key: Key) -> Value:
    """The value of a dictionary key."""
    if isinstance(key, tuple):
        return machine.list_of([value_of_key(machine, part) for part in key], "tuple")
    return Const(key)
