"""Calls of Python's own functions."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tljh.inspection import configuration
from tljh.inspection.access import get_attribute, iterate, iterate_later, lazily, read_cell
from tljh.inspection.concrete import NotKnown, concrete, doubts_of, failing, lift
from tljh.inspection.expressions import make_set
from tljh.inspection.machine import MAX_ITEMS, Frame, Machine, Raises, TooComplex
from tljh.inspection.operators import PLAIN_ERRORS, merge_tables
from tljh.inspection.targets import put, set_attribute
from tljh.inspection.truth import truth
from tljh.inspection.values import (
    FALSE,
    NONE,
    TRUE,
    Class,
    ConfigNode,
    Const,
    External,
    Function,
    Instance,
    Items,
    Method,
    Module,
    PathValue,
    Ref,
    SequenceKind,
    Slot,
    Table,
    TraitNode,
    Unknown,
    Value,
    Wrapped,
)

Keywords = dict[str, Value]
DYNAMIC = frozenset({"exec", "eval", "compile", "globals", "locals", "vars", "__import__"})
GENERIC = frozenset(
    {"len", "sum", "min", "max", "any", "all", "abs", "round", "divmod"}
    | {"int", "float", "str", "bool", "bytes", "repr", "ascii", "chr", "ord", "hex", "oct", "bin"}
)
"""Functions that only depend on their arguments, called with wholly known ones."""
TYPES: dict[str, type] = {
    name: getattr(builtins, name)
    for name in (
        "str",
        "int",
        "float",
        "bool",
        "list",
        "tuple",
        "dict",
        "set",
        "bytes",
        "frozenset",
        "object",
    )
}


def call_builtin(
    machine: Machine, frame: Frame, name: str, positional: Sequence[Value], keywords: Keywords, node: ast.AST
) -> Value:
    """The value of a call of a built-in function."""
    if name in DYNAMIC:
        machine.dynamic = machine.dynamic or f"the plugin makes code while it runs ({name})"
        for value in positional:
            machine.escape(value, f"{name} is not followed")
        return Unknown(f"{name} is not followed")
    handler = HANDLERS.get(name)
    if handler is not None:
        return handler(machine, frame, list(positional), keywords)
    if name in GENERIC:
        return _generic(machine, name, list(positional), keywords)
    if name in ("map", "filter"):
        return _map(machine, frame, name, list(positional), node)
    if name in ("exit", "quit"):
        raise machine.raises("SystemExit")
    made = getattr(builtins, name, None)
    if isinstance(made, type) and issubclass(made, BaseException):
        return Unknown("an exception", name=name)
    return Unknown(f"{name} is not followed")


def _has_set(machine: Machine, value: Value, nesting: int = 0) -> bool:
    items, table = machine.items(value), machine.table(value)
    if items is not None:
        if items.kind in ("set", "frozenset") and len(items.slots) > 1:
            return True
        return nesting < 20 and any(_has_set(machine, slot.value, nesting + 1) for slot in items.slots)
    slots = table.entries.values() if table else ()
    return nesting < 20 and any(_has_set(machine, slot.value, nesting + 1) for slot in slots)


def _generic(machine: Machine, name: str, positional: list[Value], keywords: Keywords) -> Value:
    if len(positional) == 1 and name in ("min", "max", "sum", "any", "all"):
        items = machine.items(positional[0])
        if items is not None and items.kind == "generator":
            kept = replace(iterate(machine, positional[0]), kind="list")
            positional = [machine.heap.new(kept)]
    if name in ("str", "repr", "ascii") and any(_has_set(machine, value) for value in positional):
        return Unknown("the order of a set")
    if name == "str" and len(positional) == 1:
        if isinstance(positional[0], PathValue):
            return Const(positional[0].text, positional[0].doubt)
        if isinstance(positional[0], Unknown):
            return positional[0]
    if name == "bool" and len(positional) == 1:
        known = truth(machine, positional[0])
        return Unknown("whether a value is true") if known is None else Const(known)
    if name in ("bytes", "len") and len(positional) != 1:
        return Unknown(f"{name} is not followed")
    try:
        plain: list[Any] = [concrete(machine, value) for value in positional]
        named: dict[str, Any] = {key: concrete(machine, value) for key, value in keywords.items()}
        if name == "bytes" and isinstance(plain[0], int):
            raise NotKnown
        if name == "int" and isinstance(plain[0] if plain else 0, str) and len(plain[0]) > 4000:
            raise NotKnown
        result = getattr(builtins, name)(*plain, **named)
    except NotKnown:
        machine.may_raise()
        return Unknown(f"{name} of something that is not known")
    except PLAIN_ERRORS as error:
        return failing(machine, error, *positional, *keywords.values())
    return lift(machine, result, doubts_of(machine, *positional, *keywords.values()))


def _collection(kind: SequenceKind) -> Callable[[Machine, Frame, list[Value], Keywords], Value]:
    def make(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
        if not positional:
            return machine.heap.new(Items(kind, order=kind in ("list", "tuple")))
        items = iterate(machine, positional[0])
        machine.step(len(items.slots) // 20)
        if kind in ("set", "frozenset"):
            return make_set(machine, items, kind)
        order = items.order or len(items.slots) < 2
        return machine.heap.new(Items(kind, items.slots, items.rest, order))

    return make


def make_dict(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    """`dict(...)`"""
    table = Table({})
    if positional:
        given = machine.table(positional[0])
        if given is not None:
            table = given
        else:
            made = machine.heap.new(table)
            items = iterate(machine, positional[0])
            for slot in items.slots:
                pair = machine.items(slot.value)
                now = machine.table(made)
                assert now is not None
                if pair is None or not pair.is_exact or len(pair.slots) != 2 or slot.maybe or not items.order:
                    put(machine, made, now, Unknown("a pair"), NONE)
                else:
                    put(machine, made, now, pair.slots[0].value, pair.slots[1].value)
            table = machine.table(made) or table
            if items.rest:
                table = merge_tables(table, Table({}, items.rest))
    rest = "arguments that are not known" if "**" in keywords else ""
    extra = Table({key: Slot(value) for key, value in keywords.items() if key != "**"}, rest)
    return machine.heap.new(merge_tables(table, extra))


def _sorted(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    if not positional:
        raise machine.raises("TypeError", "sorted needs something to sort")
    return machine.heap.new(sort_items(machine, frame, iterate(machine, positional[0]), keywords))


def sort_items(machine: Machine, frame: Frame, items: Items, keywords: Keywords) -> Items:
    """The items as a sorted list; with their order unknown if that cannot be worked out."""
    unsorted = Items("list", items.slots, items.rest, len(items.slots) < 2)
    if not items.is_exact or "**" in keywords:
        return unsorted
    key, reverse = keywords.get("key", NONE), keywords.get("reverse", FALSE)
    try:
        down = bool(concrete(machine, reverse))
        keys: list[Any] = []
        for slot in items.slots:
            sort_by = slot.value
            if key != NONE:
                sort_by = machine.call(machine, frame, key, [slot.value], {}, ast.Pass())
            if doubts_of(machine, sort_by, reverse):
                raise NotKnown
            keys.append(concrete(machine, sort_by))
        if not items.order and len(set(map(repr, keys))) != len(keys):
            raise NotKnown
        places = sorted(range(len(keys)), key=keys.__getitem__, reverse=down)
    except NotKnown:
        machine.may_raise("TypeError")
        return unsorted
    except PLAIN_ERRORS as error:
        raise machine.raises(type(error).__name__, str(error)) from None
    return Items("list", tuple(items.slots[place] for place in places))


def _reversed(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    items = iterate_later(machine, positional[0])
    order = items.order and not items.rest
    return machine.heap.new_lazy(Items("generator", items.slots[::-1], items.rest, order), names=False)


def _range(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    try:
        plain: list[Any] = [concrete(machine, value) for value in positional]
        numbers = range(*plain)
    except NotKnown:
        return machine.heap.new(Items("tuple", (), "a range that is not known"))
    except PLAIN_ERRORS as error:
        raise machine.raises(type(error).__name__, str(error)) from None
    if doubts_of(machine, *positional):
        return machine.heap.new(Items("tuple", (), "a range that is not known"))
    if len(numbers) > MAX_ITEMS:
        raise TooComplex("a range is too large")
    machine.step(len(numbers))
    return machine.list_of([Const(number) for number in numbers], "tuple")


def _enumerate(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    start = keywords.get("start", positional[1] if len(positional) > 1 else Const(0))
    items = iterate_later(machine, positional[0])
    known = items.is_exact and (items.order or len(items.slots) < 2)
    if not known or not isinstance(start, Const) or not isinstance(start.value, int) or start.doubt:
        return machine.heap.new(Items("generator", (), items.rest or "the places of items are not known"))
    pairs: list[Value] = [
        machine.list_of([Const(start.value + index), slot.value], "tuple")
        for index, slot in enumerate(items.slots)
    ]
    return machine.heap.new_lazy(Items("generator", tuple(map(Slot, pairs))), names=False)


def _zip(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    kinds = {items.kind for items in map(machine.items, positional) if items is not None}
    shared = len(set(positional)) < len(positional) and "generator" in kinds
    every = [iterate_later(machine, value) for value in positional]
    if shared or not all(items.is_exact and (items.order or len(items.slots) < 2) for items in every):
        return machine.heap.new(Items("generator", (), "the places of items are not known"))
    if len({len(items.slots) for items in every}) > 1 and "strict" in keywords:
        raise machine.raises("ValueError", "zip of different lengths")
    rows = zip(*(items.slots for items in every), strict=False)
    made: list[Value] = [machine.list_of([slot.value for slot in row], "tuple") for row in rows]
    return machine.heap.new_lazy(Items("generator", tuple(map(Slot, made))), names=False)


def _map(machine: Machine, frame: Frame, name: str, positional: list[Value], node: ast.AST) -> Value:
    if len(positional) != 2:
        return machine.heap.new(Items("generator", (), f"{name} is not followed"))
    function, values = positional
    items = iterate_later(machine, values)
    if any(slot.maybe for slot in items.slots) and isinstance(function, Function):
        return machine.heap.new(Items("generator", (), f"{name} over something that is not wholly known"))
    slots: list[Slot] = []

    def work() -> None:
        for slot in items.slots:
            arguments = [slot.value]
            if name == "map":
                slots.append(Slot(machine.call(machine, frame, function, arguments, {}, node), slot.maybe))
                continue
            test = slot.value
            if function != NONE:
                test = machine.call(machine, frame, function, arguments, {}, node)
            known = truth(machine, test)
            if known is not False:
                slots.append(slot if known else replace(slot, maybe=slot.maybe or "depends on the filter"))

    lazily(machine, work)
    made = Items("generator", tuple(slots), items.rest, items.order)
    return machine.heap.new_lazy(made, names=not isinstance(function, (External, Const)))


def _isinstance(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    unknown = Unknown("the type of a value")
    if len(positional) != 2:
        return unknown
    value, wanted = positional
    inner = machine.items(wanted)
    names = [slot.value for slot in inner.slots] if inner and inner.kind == "tuple" else [wanted]
    try:
        plain = concrete(machine, value)
    except NotKnown:
        return unknown
    result = False
    for name in names:
        known = TYPES.get(name.name.removeprefix("builtins.")) if isinstance(name, External) else None
        if known is None:
            return unknown
        result = result or isinstance(plain, known)
    return Const(result, doubts_of(machine, value))


def _getattr(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    if len(positional) < 2 or not isinstance(positional[1], Const) or positional[1].doubt:
        if len(positional) >= 2 and isinstance(positional[0], (TraitNode, ConfigNode)):
            return configuration.some_child(positional[0])
        return Unknown("an attribute whose name is not known")
    owner, name = positional[0], str(positional[1].value)
    if len(positional) < 3:
        return machine.split(frame, owner, lambda one: get_attribute(machine, frame, one, name))
    if isinstance(owner, (Unknown, External)):
        return Unknown(f"the attribute {name}, if it is there")
    states = [len(block.states) for block in machine.tries]
    try:
        return machine.split(frame, owner, lambda one: get_attribute(machine, frame, one, name))
    except Raises as error:
        for block, length in zip(machine.tries, states, strict=True):
            del block.states[length:]
        if error.name != "AttributeError":
            raise
        return positional[2]


def _hasattr(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    if len(positional) == 2 and isinstance(positional[1], Const) and not positional[1].doubt:
        owner, name = positional[0], str(positional[1].value)
        if isinstance(owner, (Module, Class)):
            return TRUE if read_cell(machine, owner.scope, name) is not None else Unknown(f"the name {name}")
    return Unknown("whether an attribute is there")


def _setattr(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    if len(positional) != 3:
        raise machine.raises("TypeError", "setattr takes three arguments")
    owner, name, value = positional
    if isinstance(owner, configuration.Node):
        configuration.set_child(machine, frame, owner, name, value, attribute=True)
        return NONE
    if isinstance(name, Const) and isinstance(name.value, str) and not name.doubt:
        text = name.value
        return machine.split(frame, owner, lambda one: set_attribute(machine, frame, one, text, value))
    if isinstance(owner, (Module, Class)):
        machine.dynamic = machine.dynamic or "the plugin sets names while it runs (setattr)"
    machine.escape(owner, "an attribute of it is set")
    return NONE


def _delattr(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    if len(positional) == 2 and isinstance(positional[0], (TraitNode, ConfigNode)):
        configuration.delete_child(machine, frame, positional[0], positional[1])
    return NONE


def _iter(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    items = machine.items(positional[0])
    if items is not None and items.kind == "generator":
        return positional[0]
    return machine.heap.new_lazy(replace(iterate(machine, positional[0]), kind="generator"), names=False)


def _next(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    items = machine.items(positional[0])
    if items is None or not isinstance(positional[0], Ref) or items.kind != "generator":
        machine.may_raise("StopIteration")
        return Unknown("the next of something that is not known")
    if not items.slots and not items.rest:
        if len(positional) > 1:
            return positional[1]
        raise machine.raises("StopIteration")
    if not items.slots or items.slots[0].maybe or not items.order:
        machine.escape(positional[0], "an item of it is taken")
        machine.heap.set(positional[0].number, Items("generator", (), items.rest or "an item of it is taken"))
        return Unknown("the next of something that is not known")
    machine.heap.set(positional[0].number, replace(items, slots=items.slots[1:]))
    return items.slots[0].value


def _print(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    return NONE


def _callable(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    if positional and isinstance(positional[0], (Function, Wrapped, Class, Method)):
        return TRUE
    return FALSE if positional and isinstance(positional[0], Const) else Unknown("whether it can be called")


def _mark(kind: str) -> Callable[[Machine, Frame, list[Value], Keywords], Value]:
    def mark(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
        if positional and isinstance(positional[0], (Function, Wrapped)):
            machine.heap.set((positional[0].number, "kind"), Const(kind))
            return positional[0]
        return Unknown(kind)

    return mark


def _object(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    number = machine.heap.number()
    plain = Class(number, "object", frame.path, frame.line, number)
    return machine.heap.new(Instance(plain))


HANDLERS: dict[str, Callable[[Machine, Frame, list[Value], Keywords], Value]] = {
    "list": _collection("list"),
    "tuple": _collection("tuple"),
    "set": _collection("set"),
    "frozenset": _collection("frozenset"),
    "dict": make_dict,
    "sorted": _sorted,
    "reversed": _reversed,
    "range": _range,
    "enumerate": _enumerate,
    "zip": _zip,
    "isinstance": _isinstance,
    "getattr": _getattr,
    "hasattr": _hasattr,
    "setattr": _setattr,
    "delattr": _delattr,
    "iter": _iter,
    "next": _next,
    "print": _print,
    "callable": _callable,
    "staticmethod": _mark("staticmethod"),
    "classmethod": _mark("classmethod"),
    "property": _mark("property"),
    "object": _object,
}
