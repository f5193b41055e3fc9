"""Reading names, attributes and items, and going through collections."""

from __future__ import annotations

import ast
import builtins
from dataclasses import replace

from tljh.inspection import configuration, library
from tljh.inspection.concrete import NotKnown, concrete, doubts_of, key_of, lift, value_of_key
from tljh.inspection.machine import Frame, Machine
from tljh.inspection.operators import PLAIN_ERRORS
from tljh.inspection.values import (
    UNBOUND,
    Choice,
    Class,
    ConfigNode,
    Const,
    External,
    FileValue,
    Function,
    Instance,
    Items,
    Method,
    Module,
    PathValue,
    Ref,
    Slot,
    Table,
    TraitNode,
    Unbound,
    Unknown,
    Value,
    Wrapped,
    join_all,
    join_items,
)

BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))
STAR = "*"
"""The name under which a scope keeps that it took all names of a library."""


def read_cell(machine: Machine, scope: int, name: str) -> Value | None:
    """The value of a name or attribute; None if it is unbound."""
    cell = machine.heap.get((scope, name))
    if cell is None or cell is UNBOUND or isinstance(cell, Unbound):
        return None
    if isinstance(cell, (Items, Table, Instance)):
        return Unknown("unknown")
    if isinstance(cell, Choice) and UNBOUND in cell.options:
        machine.may_raise("NameError")
        return join_all([option for option in cell.options if option != UNBOUND], cell.reason)
    return cell


def lookup(machine: Machine, frame: Frame, name: str) -> Value:
    """The value of a name, as Python looks it up."""
    for index, scope in enumerate(frame.scopes):
        value = read_cell(machine, scope, name)
        if value is not None:
            return value
        is_local = index == 0 and frame.locals_ is not None and name in frame.locals_ and not frame.home
        if is_local and name not in frame.globals_ | frame.nonlocals:
            raise machine.raises("UnboundLocalError", name)
    if name in BUILTINS:
        return External(f"builtins.{name}")
    star = read_cell(machine, frame.module, STAR)
    if star is not None:
        machine.may_raise("NameError")
        return star if isinstance(star, Unknown) else Unknown(f"{name} comes from a library")
    raise machine.raises("NameError", name)


def class_attribute(machine: Machine, of: Class, name: str) -> Value | None:
    """An attribute of a class or its bases; Unknown if a base is not known."""
    value = read_cell(machine, of.scope, name)
    if value is not None:
        return value
    for base in of.bases:
        if isinstance(base, Class):
            value = class_attribute(machine, base, name)
        elif base == External("builtins.object"):
            value = None
        else:
            value = Unknown(f"{name} of a class of a library", f"{of.name}.{name}")
        if value is not None:
            return value
    return None


def get_attribute(machine: Machine, frame: Frame, value: Value, name: str) -> Value:
    """`value.name`"""
    if isinstance(value, Module):
        return _module_attribute(machine, value, name)
    if isinstance(value, External):
        return library.constant(f"{value.name}.{name}")
    if isinstance(value, (TraitNode, ConfigNode)):
        return configuration.get_attribute(machine, value, name)
    if isinstance(value, Unknown):
        machine.may_raise("AttributeError")
        text = f"{value.text}.{name}" if value.text else ""
        return Unknown(value.reason, text, f"{value.name}.{name}" if value.name else "")
    if isinstance(value, PathValue):
        return library.path_attribute(machine, value, name) or Method(value, name)
    if isinstance(value, Ref) and isinstance(machine.heap.get(value.number), Instance):
        return _instance_attribute(machine, frame, value, name)
    if isinstance(value, Class):
        return _class_attribute(machine, value, name)
    if isinstance(value, (Function, Wrapped)):
        found = read_cell(machine, value.number, name)
        if found is not None:
            return found
        inner = value.inner if isinstance(value, Wrapped) else value
        return Const(inner.name) if name == "__name__" else Unknown("an attribute of a function")
    if isinstance(value, FileValue) and name == "name":
        return value.path
    if isinstance(value, (Const, FileValue, Ref)):
        return Method(value, name)
    machine.may_raise("AttributeError")
    return Unknown(f"the attribute {name}")


def _module_attribute(machine: Machine, module: Module, name: str) -> Value:
    found = read_cell(machine, module.scope, name)
    if found is not None:
        return found
    imported = machine.library.import_module(machine, f"{module.name}.{name}")
    if imported is not None:
        return imported
    star = read_cell(machine, module.scope, STAR)
    if star is not None:
        machine.may_raise("AttributeError")
        return Unknown(f"{name} of the module {module.name}")
    raise machine.raises("AttributeError", f"module {module.name} has no attribute {name}")


def _class_attribute(machine: Machine, of: Class, name: str) -> Value:
    if name in ("__name__", "__qualname__"):
        return Const(of.name)
    found = class_attribute(machine, of, name)
    if found is None:
        raise machine.raises("AttributeError", f"{of.name} has no attribute {name}")
    kind = read_cell(machine, found.number, "kind") if isinstance(found, Function) else None
    if isinstance(found, Function) and kind == Const("classmethod"):
        return Method(of, name, found)
    return found


def _instance_attribute(machine: Machine, frame: Frame, value: Ref, name: str) -> Value:
    found = read_cell(machine, value.number, name)
    if found is not None:
        return found
    instance = machine.heap.get(value.number)
    assert isinstance(instance, Instance)
    found = class_attribute(machine, instance.of, name)
    if found is None:
        if name == "__class__":
            return instance.of
        if class_attribute(machine, instance.of, "__getattr__") is not None:
            return Unknown("__getattr__ is not followed")
        raise machine.raises("AttributeError", f"{instance.of.name} has no attribute {name}")
    if isinstance(found, (Function, Wrapped)):
        kind = read_cell(machine, found.number, "kind")
        if kind == Const("staticmethod"):
            return found
        if kind == Const("classmethod"):
            return Method(instance.of, name, found)
        if kind == Const("property"):
            return machine.call(machine, frame, Method(value, name, found), [], {}, PLACE)
        return Method(value, name, found)
    return found


PLACE: ast.AST = ast.Pass()
"""Stands for the call in calls that no syntax node makes."""


def get_item(machine: Machine, frame: Frame, value: Value, index: Value) -> Value:
    """`value[index]`"""
    if isinstance(value, (TraitNode, ConfigNode)):
        return configuration.get_item(machine, value, index)
    if isinstance(value, External):
        return library.item_of(machine, value, index)
    cut = machine.items(index)
    items, table = machine.items(value), machine.table(value)
    if table is not None:
        return _table_item(machine, table, index)
    if isinstance(value, Const) and isinstance(value.value, (str, bytes)):
        try:
            plain_index = _slice_of(machine, cut) if cut and cut.kind == "slice" else concrete(machine, index)
            plain: object = value.value[plain_index]  # type: ignore[index]
        except NotKnown:
            return Unknown("a part of a text", name="")
        except PLAIN_ERRORS as error:
            raise machine.raises(type(error).__name__, str(error)) from None
        return lift(machine, plain, doubts_of(machine, value, index))
    if items is not None and items.kind in ("list", "tuple"):
        return _list_item(machine, items, index, cut)
    if isinstance(value, Class) or (isinstance(value, Unknown) and not value.text):
        machine.may_raise("LookupError")
        return Unknown(value.reason if isinstance(value, Unknown) else "a generic type")
    machine.may_raise("LookupError")
    if isinstance(value, Unknown):
        return Unknown(value.reason, f"{value.text}[{_shown_index(machine, index, cut)}]")
    return Unknown("an item of something that is not known")


def _shown_index(machine: Machine, index: Value, cut: Items | None) -> str:
    if cut is not None and cut.kind == "slice":
        bounds = [slot.value.value if isinstance(slot.value, Const) else "…" for slot in cut.slots[:2]]
        return ":".join("" if bound is None else str(bound) for bound in bounds)
    return repr(index.value) if isinstance(index, Const) else "…"


def _slice_of(machine: Machine, cut: Items) -> slice:
    parts = []
    for slot in cut.slots:
        part = concrete(machine, slot.value)
        if not isinstance(part, (int, type(None))) or doubts_of(machine, slot.value):
            raise NotKnown
        parts.append(part)
    return slice(*parts)


def _table_item(machine: Machine, table: Table, index: Value) -> Value:
    try:
        slot = table.entries.get(key_of(machine, index))
    except NotKnown:
        machine.may_raise("KeyError")
        values = [slot.value for slot in table.entries.values()]
        if isinstance(index, Const) and 0 < len(values) <= 4 and not table.rest:
            return join_all(values, "; ".join(index.doubt)) if len(values) > 1 else Unknown("an item")
        return Unknown("an item under a key that is not known")
    if slot is None:
        if table.rest:
            machine.may_raise("KeyError")
            return Unknown(table.rest)
        raise machine.raises("KeyError", str(index))
    if slot.maybe:
        machine.may_raise("KeyError")
    return slot.value


def _list_item(machine: Machine, items: Items, index: Value, cut: Items | None) -> Value:
    known_order = items.order or len(items.slots) < 2
    if not items.is_exact or not known_order:
        machine.may_raise("IndexError")
        if cut is not None:
            reason = items.rest or "a part of a list that is not wholly known"
            slots = tuple(replace(slot, maybe=slot.maybe or reason) for slot in items.slots)
            return machine.heap.new(Items(items.kind, slots, items.rest, items.order))
        return Unknown("an item of a list that is not wholly known")
    try:
        if cut is not None and cut.kind == "slice":
            return machine.heap.new(Items(items.kind, items.slots[_slice_of(machine, cut)]))
        place = concrete(machine, index)
        if doubts_of(machine, index) or not isinstance(place, int):
            raise NotKnown
    except NotKnown:
        machine.may_raise("IndexError")
        return Unknown("an item of a list at a place that is not known")
    if not -len(items.slots) <= place < len(items.slots):
        raise machine.raises("IndexError", "list index out of range")
    return items.slots[place].value


def iterate(machine: Machine, value: Value) -> Items:
    """The items that going through a value gives; a generator is then used up. Raises Raises if it cannot."""
    if isinstance(value, Ref):
        cell = machine.heap.get(value.number)
        if isinstance(cell, Items):
            if cell.kind == "generator":
                machine.heap.set(value.number, Items("generator"))
            return cell
        if isinstance(cell, Table):
            slots = tuple(Slot(value_of_key(machine, key), slot.maybe) for key, slot in cell.entries.items())
            return Items("list", slots, cell.rest)
        if isinstance(cell, Instance) and class_attribute(machine, cell.of, "__iter__") is None:
            raise machine.raises("TypeError", f"{cell.of.name} cannot be gone through")
        return Items("list", (), "an object that is not followed")
    if isinstance(value, Const):
        if isinstance(value.value, str):
            return Items("list", tuple(Slot(Const(letter, value.doubt)) for letter in value.value))
        if isinstance(value.value, bytes):
            return Items("list", tuple(Slot(Const(byte, value.doubt)) for byte in value.value))
        raise machine.raises("TypeError", f"{value.value!r} cannot be gone through")
    if isinstance(value, Choice):
        every = [iterate(machine, option) for option in value.options if not isinstance(option, Unbound)]
        first, *others = every
        for other in others:
            first = join_items(replace(first, kind="list"), replace(other, kind="list"), value.reason)
        return first
    if isinstance(value, FileValue):
        lines = library.read_lines(machine, value)
        if lines is not None:
            return iterate(machine, lines)
    machine.may_raise("TypeError")
    if isinstance(value, Unknown):
        return Items("list", (), value.reason)
    return Items("list", (), "something that is not known is gone through")
