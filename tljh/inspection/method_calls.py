"""Calls of methods of Python's own types: text, lists, sets, dictionaries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tljh.inspection import configuration
from tljh.inspection.access import iterate
from tljh.inspection.builtin_calls import Keywords, make_dict, sort_items
from tljh.inspection.concrete import NotKnown, concrete, doubts_of, failing, key_of, lift, value_of_key
from tljh.inspection.expressions import make_set
from tljh.inspection.machine import MAX_ITEMS, MAX_TEXT, Frame, Machine, TooComplex
from tljh.inspection.operators import PLAIN_ERRORS, merge_tables, same_member, template, text_of, union
from tljh.inspection.targets import delete_item, put
from tljh.inspection.values import (
    NONE,
    Const,
    Items,
    Ref,
    Slot,
    Table,
    Unknown,
    Value,
    join_all,
)

TEXT_METHODS = frozenset(
    [
        *("capitalize", "casefold", "count", "encode", "endswith", "find", "index", "isalnum", "isalpha"),
        *("isdigit", "isidentifier", "islower", "isnumeric", "isspace", "istitle", "isupper", "lower"),
        *("lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rpartition"),
        *("rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title", "upper"),
        *("decode", "hex", "isdecimal", "isascii"),
    ]
)
PADDING = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})
UNSAFE_FORMAT = re.compile(r"\d{5}|\{[^{}]*[.\[][^{}]*\}|\{[^{}]*\{")


def call_text(
    machine: Machine, receiver: Const, name: str, positional: Sequence[Value], keywords: Keywords
) -> Value:
    """A method of a text or bytes."""
    raw = receiver.value
    if not isinstance(raw, (str, bytes)):
        machine.may_raise("AttributeError")
        return Unknown(f"the method {name} of {raw!r}")
    if name == "join" and len(positional) == 1:
        return _join(machine, receiver, positional[0])
    if name == "format" and isinstance(raw, str):
        return _format(machine, receiver, raw, positional, keywords)
    if name not in TEXT_METHODS and name not in PADDING:
        machine.may_raise()
        return Unknown(f"the method {name} of a text")
    try:
        plain: list[Any] = [concrete(machine, value) for value in positional]
        named: dict[str, Any] = {key: concrete(machine, value) for key, value in keywords.items()}
    except NotKnown:
        machine.may_raise()
        return template(text_of(receiver), [receiver, *positional])
    if name in PADDING and any(
        isinstance(width, int) and width > 1000 for width in (*plain, *named.values())
    ):
        return Unknown("a wide text")
    if name == "replace" and len(plain) >= 2 and len(raw) * (len(plain[1]) + 1) > MAX_TEXT * 4:
        raise TooComplex("a text is too long")
    machine.step(len(raw) // 500)
    try:
        result = getattr(raw, name)(*plain, **named)
    except PLAIN_ERRORS as error:
        return failing(machine, error, receiver, *positional, *keywords.values())
    return lift(machine, result, (*receiver.doubt, *doubts_of(machine, *positional, *keywords.values())))


def _join(machine: Machine, receiver: Const, values: Value) -> Value:
    items = iterate(machine, values)
    parts = [slot.value for slot in items.slots]
    texts = [p.value for p in parts if isinstance(p, Const)]
    separator = receiver.value
    between = len(separator) * len(parts) if isinstance(separator, (str, bytes)) else 0
    if between + sum(len(text) for text in texts if isinstance(text, (str, bytes))) > MAX_TEXT:
        raise TooComplex("a text is too long")
    if items.is_exact and (items.order or len(parts) < 2) and len(texts) == len(parts):
        try:
            joined = receiver.value.join(texts)  # type: ignore[union-attr,arg-type]
        except PLAIN_ERRORS as error:
            return failing(machine, error, receiver, *parts)
        return lift(machine, joined, (*receiver.doubt, *doubts_of(machine, *parts)))
    machine.may_raise()
    shown = text_of(receiver).join(text_of(part) for part in parts)
    return template(shown + ("{…}" if items.rest else ""), [receiver, *parts, Unknown(items.rest)])


def _format(
    machine: Machine, receiver: Const, raw: str, positional: Sequence[Value], keywords: Keywords
) -> Value:
    values = (*positional, *keywords.values())
    if UNSAFE_FORMAT.search(raw):
        return template(raw, [receiver, Unknown("a format that is not followed")])
    try:
        plain: list[Any] = [concrete(machine, value) for value in positional]
        named: dict[str, Any] = {key: concrete(machine, value) for key, value in keywords.items()}
        if any(isinstance(value, (set, frozenset)) for value in (*plain, *named.values())):
            raise NotKnown
        result = raw.format(*plain, **named)
    except NotKnown:
        machine.may_raise()
        places = iter(range(len(positional)))

        def fill(match: re.Match[str]) -> str:
            name = match[1]
            if name in keywords:
                return text_of(keywords[name])
            place = int(name) if name.isdigit() else next(places, -1)
            return text_of(positional[place]) if 0 <= place < len(positional) else "{…}"

        return template(re.sub(r"\{(\w*)[^{}]*\}", fill, raw), [receiver, *values])
    except PLAIN_ERRORS as error:
        return failing(machine, error, receiver, *values)
    return lift(machine, result, (*receiver.doubt, *doubts_of(machine, *values)))


LIST_CHANGES = frozenset(["append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse"])
SET_CHANGES = frozenset(
    {"add", "update", "discard", "remove", "pop", "clear", "intersection_update", "difference_update"}
)


def call_items(
    machine: Machine,
    frame: Frame,
    receiver: Ref,
    items: Items,
    name: str,
    positional: Sequence[Value],
    keywords: Keywords,
) -> Value:
    """A method of a list, tuple or set."""
    if items.kind == "list" and name in LIST_CHANGES:
        configuration.owner_method(machine, frame, receiver, name, positional)
        return _change_list(machine, frame, receiver, items, name, positional, keywords)
    if items.kind in ("set", "frozenset"):
        return _set_method(machine, frame, receiver, items, name, positional)
    if name == "copy":
        return machine.heap.new(items)
    if name in ("index", "count") and len(positional) == 1:
        try:
            plain: Any = concrete(machine, receiver)
            result = getattr(plain, name)(concrete(machine, positional[0]))
        except NotKnown:
            machine.may_raise("ValueError")
            return Unknown("a place in a list that is not wholly known")
        except PLAIN_ERRORS as error:
            return failing(machine, error, receiver, *positional)
        return lift(machine, result, doubts_of(machine, receiver, positional[0]))
    _unknown_method(machine, receiver, name, positional)
    return Unknown(f"the method {name} of a {items.kind}")


def _change_list(
    machine: Machine,
    frame: Frame,
    receiver: Ref,
    items: Items,
    name: str,
    positional: Sequence[Value],
    keywords: Keywords,
) -> Value:
    place = receiver.number
    machine.step(1 + len(items.slots) // 50)
    if len(items.slots) > MAX_ITEMS:
        raise TooComplex("a collection is too large")
    if name == "append" and len(positional) == 1:
        machine.heap.set(place, replace(items, slots=(*items.slots, Slot(positional[0]))))
    elif name == "extend" and len(positional) == 1:
        more = iterate(machine, positional[0])
        now = machine.items(receiver) or items
        machine.heap.set(
            place,
            Items("list", (*now.slots, *more.slots), now.rest or more.rest, now.order and more.order),
        )
    elif name == "clear":
        machine.heap.set(place, Items("list"))
    elif name == "sort":
        machine.heap.set(place, sort_items(machine, frame, items, keywords))
    elif name == "reverse":
        order = items.order and not items.rest
        machine.heap.set(place, replace(items, slots=items.slots[::-1], order=order))
    else:
        return _change_place(machine, receiver, items, name, positional)
    return NONE


def _change_place(
    machine: Machine, receiver: Ref, items: Items, name: str, positional: Sequence[Value]
) -> Value:
    """`insert`, `remove` and `pop` of a list."""
    slots = list(items.slots)
    result: Value = NONE
    try:
        if not items.is_exact or not items.order or doubts_of(machine, *positional[:1]):
            raise NotKnown
        if name == "insert" and len(positional) == 2:
            index: Any = concrete(machine, positional[0])
            slots.insert(index, Slot(positional[1]))
        elif name == "remove" and len(positional) == 1:
            wanted = concrete(machine, positional[0])
            for number, slot in enumerate(slots):
                if doubts_of(machine, slot.value):
                    raise NotKnown
                if concrete(machine, slot.value) == wanted:
                    del slots[number]
                    break
            else:
                raise machine.raises("ValueError", "list.remove(x): x not in list")
        elif name == "pop":
            result = slots.pop(concrete(machine, positional[0]) if positional else -1).value  # type: ignore[arg-type]
        else:
            raise NotKnown
    except NotKnown:
        machine.may_raise()
        if name == "insert" and len(positional) == 2:
            slots.append(Slot(positional[1]))
            machine.heap.set(receiver.number, Items("list", tuple(slots), items.rest, len(slots) < 2))
            return NONE
        machine.escape(receiver, f"{name} of something that is not known")
        return Unknown("an item of a list that is not wholly known")
    except PLAIN_ERRORS as error:
        raise machine.raises(type(error).__name__, str(error)) from None
    machine.heap.set(receiver.number, replace(items, slots=tuple(slots)))
    return result


def _set_method(
    machine: Machine, frame: Frame, receiver: Ref, items: Items, name: str, positional: Sequence[Value]
) -> Value:
    if name in ("add", "update"):
        configuration.owner_method(machine, frame, receiver, name, positional)
        for value in positional:
            more = Items("set", (Slot(value),)) if name == "add" else iterate(machine, value)
            now = machine.items(receiver) or items
            merged = union(now, replace(make_items(machine, more), kind="set"))
            machine.heap.set(receiver.number, replace(merged, kind=items.kind))
        return NONE
    if name == "copy":
        return machine.heap.new(items)
    if name == "union":
        merged = items
        for value in positional:
            merged = union(merged, make_items(machine, iterate(machine, value)))
        return machine.heap.new(merged)
    if name in ("discard", "remove") and len(positional) == 1:
        configuration.owner_method(machine, frame, receiver, name, positional)
        return _discard(machine, receiver, items, name, positional[0])
    if name in SET_CHANGES:
        configuration.owner_method(machine, frame, receiver, name, positional)
        if name == "clear":
            machine.heap.set(receiver.number, Items("set", order=False))
        else:
            machine.escape(receiver, f"{name} of a set")
        return Unknown(f"{name} of a set") if name == "pop" else NONE
    try:
        plain: Any = concrete(machine, receiver)
        others: list[Any] = [concrete(machine, value) for value in positional]
        if name not in ("difference", "intersection", "symmetric_difference", "issubset", "issuperset"):
            raise NotKnown
        return lift(machine, getattr(plain, name)(*others), doubts_of(machine, receiver, *positional))
    except NotKnown:
        return Unknown(f"{name} of a set that is not wholly known")
    except PLAIN_ERRORS as error:
        raise machine.raises(type(error).__name__, str(error)) from None


def make_items(machine: Machine, items: Items) -> Items:
    """The items, each once, as a set's."""
    return machine.items(make_set(machine, items)) or items


def _discard(machine: Machine, receiver: Ref, items: Items, name: str, value: Value) -> Value:
    try:
        key_of(machine, value)
        for slot in items.slots:
            key_of(machine, slot.value)
    except NotKnown:
        machine.may_raise("KeyError")
        machine.escape(receiver, f"{name} of something that is not known")
        return NONE
    kept = tuple(slot for slot in items.slots if not same_member(slot.value, value))
    if name == "remove" and len(kept) == len(items.slots):
        if not items.rest:
            raise machine.raises("KeyError", text_of(value))
        machine.may_raise("KeyError")
    machine.heap.set(receiver.number, replace(items, slots=kept))
    return NONE


def call_table(
    machine: Machine,
    frame: Frame,
    receiver: Ref,
    table: Table,
    name: str,
    positional: Sequence[Value],
    keywords: Keywords,
) -> Value:
    """A method of a dictionary."""
    if name in ("get", "setdefault", "pop") and positional:
        return _table_get(machine, frame, receiver, table, name, positional)
    if name in ("keys", "values", "items"):
        slots: list[Slot] = []
        for key, slot in table.entries.items():
            value = slot.value
            if name == "keys":
                value = value_of_key(machine, key)
            elif name == "items":
                value = machine.list_of([value_of_key(machine, key), slot.value], "tuple")
            slots.append(Slot(value, slot.maybe))
        return machine.heap.new_lazy(Items("tuple", tuple(slots), table.rest), names=False)
    if name == "copy":
        return machine.heap.new(table)
    if name == "update":
        made = make_dict(machine, frame, list(positional), keywords)
        more = machine.table(made)
        configuration.owner_method(machine, frame, receiver, name, [made])
        machine.heap.set(receiver.number, merge_tables(machine.table(receiver) or table, more or Table({})))
        return NONE
    if name in ("clear", "popitem"):
        configuration.owner_method(machine, frame, receiver, name, [])
        if name == "clear":
            machine.heap.set(receiver.number, Table({}))
            return NONE
        machine.escape(receiver, "an item of it is taken")
        return Unknown("an item of a dictionary")
    _unknown_method(machine, receiver, name, positional)
    return Unknown(f"the method {name} of a dictionary")


def _unknown_method(machine: Machine, receiver: Ref, name: str, positional: Sequence[Value]) -> None:
    """A method that is not followed may change what it is called on."""
    machine.may_raise("AttributeError")
    for value in (receiver, *positional):
        machine.escape(value, f"the method {name} is not followed")


def _table_get(
    machine: Machine, frame: Frame, receiver: Ref, table: Table, name: str, positional: Sequence[Value]
) -> Value:
    default = positional[1] if len(positional) > 1 else NONE
    try:
        slot = table.entries.get(key_of(machine, positional[0]))
    except NotKnown:
        if name != "get":
            machine.escape(receiver, "an item under a key that is not known")
        return Unknown("an item under a key that is not known")
    if slot is not None and not slot.maybe:
        if name == "pop":
            delete_item(machine, frame, receiver, positional[0])
        return slot.value
    if slot is None and not table.rest:
        if name == "setdefault":
            configuration.owner_item_set(machine, frame, receiver, positional[0], default)
            put(machine, receiver, table, positional[0], default)
        elif name == "pop" and len(positional) < 2:
            raise machine.raises("KeyError", text_of(positional[0]))
        return default
    reason = (slot.maybe if slot else "") or table.rest
    if name != "get":
        machine.escape(receiver, reason)
    present: Value = slot.value if slot else Unknown(reason)
    return join_all([present, default], reason)
