"""Writing names, attributes and items, and deleting them."""

from __future__ import annotations

import ast
from dataclasses import replace

from tljh.inspection import configuration, library
from tljh.inspection.access import RUNNING_STATE, class_attribute, dunder, is_plain, iterate
from tljh.inspection.concrete import NotKnown, concrete, doubts_of, key_of
from tljh.inspection.machine import Frame, Machine
from tljh.inspection.values import (
    NONE,
    UNBOUND,
    Choice,
    Class,
    ConfigNode,
    Const,
    External,
    Function,
    Instance,
    Items,
    Module,
    PathValue,
    Ref,
    Slot,
    Table,
    TraitNode,
    Unknown,
    Value,
    Wrapped,
)


def assign(machine: Machine, frame: Frame, target: ast.expr, value: Value) -> None:
    """`target = value`"""
    if isinstance(target, ast.Name):
        set_name(machine, frame, target.id, value)
    elif isinstance(target, ast.Attribute):
        owner = machine.evaluate(machine, frame, target.value)
        machine.split(frame, owner, lambda one: set_attribute(machine, frame, one, target.attr, value))
    elif isinstance(target, ast.Subscript):
        owner = machine.evaluate(machine, frame, target.value)
        index = machine.evaluate(machine, frame, target.slice)
        machine.split(frame, owner, lambda one: set_item(machine, frame, one, index, value))
    elif isinstance(target, (ast.Tuple, ast.List)):
        _unpack(machine, frame, target.elts, value)
    elif isinstance(target, ast.Starred):
        assign(machine, frame, target.value, value)


def set_name(machine: Machine, frame: Frame, name: str, value: Value, scope: int = 0) -> None:
    """Give a name a value, in the scope that Python would."""
    if name in frame.globals_:
        machine.heap.set((frame.module, name), value)
        return
    if name in frame.nonlocals:
        for outer in frame.scopes[1:]:
            if machine.heap.get((outer, name)) is not None:
                machine.heap.set((outer, name), value)
                return
    machine.heap.set((scope or frame.scopes[0], name), value)


def _unpack(machine: Machine, frame: Frame, targets: list[ast.expr], value: Value) -> None:
    items = iterate(machine, value)
    starred = [index for index, target in enumerate(targets) if isinstance(target, ast.Starred)]
    known = items.is_exact and (items.order or len(items.slots) < 2)
    if not known:
        machine.may_raise("ValueError")
        reason = items.rest or "a part of something that is not wholly known"
        for target in targets:
            given = machine.heap.new(Items("list", (), reason)) if isinstance(target, ast.Starred) else None
            assign(machine, frame, target, given or Unknown(reason))
        return
    slots = items.slots
    if len(slots) < len(targets) - len(starred) or (not starred and len(slots) > len(targets)):
        raise machine.raises("ValueError", "wrong number of values to unpack")
    if not starred:
        for target, slot in zip(targets, slots, strict=True):
            assign(machine, frame, target, slot.value)
        return
    before, after = starred[0], len(targets) - starred[0] - 1
    middle = slots[before : len(slots) - after]
    for target, slot in zip(targets[:before], slots, strict=False):
        assign(machine, frame, target, slot.value)
    assign(machine, frame, targets[before], machine.heap.new(Items("list", middle)))
    for target, slot in zip(targets[before + 1 :], slots[len(slots) - after :], strict=True):
        assign(machine, frame, target, slot.value)


def set_attribute(machine: Machine, frame: Frame, owner: Value, name: str, value: Value) -> Value:
    """`owner.name = value`"""
    if isinstance(owner, (TraitNode, ConfigNode)):
        configuration.set_child(machine, frame, owner, Const(name), value, attribute=True)
    elif isinstance(owner, (Module, Class)):
        if name in RUNNING_STATE:
            dunder(machine, name)
        machine.heap.set((owner.scope, name), value)
    elif isinstance(owner, (Function, Wrapped)):
        if name in RUNNING_STATE:
            dunder(machine, name)
        machine.heap.set((owner.number, name), value)
    elif isinstance(owner, Ref):
        _set_of_object(machine, frame, owner, name, value)
    elif isinstance(owner, External):
        if owner.name.split(".")[0] in (*library.SURE_MODULES, "builtins") and not name.startswith("_"):
            machine.dynamic = machine.dynamic or f"the plugin replaces {owner.name}.{name}"
        machine.host(frame, "process", f"replaces {owner.name}.{name} in the running process", "high")
    else:
        machine.may_raise("AttributeError")
        _note_unknown_change(machine, owner)
        machine.escape(value, "it is kept by an object that is not known")
    return Const(None)


def _note_unknown_change(machine: Machine, owner: Value) -> None:
    """Something is changed of which it is not known what it is: it could be anything that was handed away."""
    shown = getattr(owner, "text", "") or getattr(owner, "name", "") or "an object that is not known"
    machine.note_unread(f"the change of {shown}")


def _set_of_object(machine: Machine, frame: Frame, owner: Ref, name: str, value: Value) -> None:
    """Set an attribute of an object; a property or other code of its class may have a say in that."""
    cell = machine.heap.get(owner.number)
    if isinstance(cell, Instance):
        found = class_attribute(machine, cell.of, name)
        is_data = (
            found is None or isinstance(found, (Const, Choice, PathValue)) or machine.items(found) is not None
        )
        is_data = is_data or machine.table(found or NONE) is not None
        if not is_plain(machine, cell.of) or not is_data:
            if isinstance(found, Wrapped):
                machine.note_unread(f"{name}, {found.by}")
            machine.escape(value, "it is kept by an object that is not followed")
            machine.escape(owner, f"{name} is set, which runs code of its class")
            machine.heap.set((owner.number, name), Unknown(f"{name} of an object that is not followed"))
            return
    machine.heap.set((owner.number, name), value)


def set_item(machine: Machine, frame: Frame, owner: Value, index: Value, value: Value) -> Value:
    """`owner[index] = value`"""
    if isinstance(owner, (TraitNode, ConfigNode)):
        configuration.set_child(machine, frame, owner, index, value)
        return Const(None)
    items, table = machine.items(owner), machine.table(owner)
    if table is not None and isinstance(owner, Ref):
        configuration.owner_item_set(machine, frame, owner, index, value)
        put(machine, owner, table, index, value)
    elif items is not None and isinstance(owner, Ref):
        _set_list_item(machine, frame, owner, items, index, value)
    elif owner == External("os.environ"):
        return Const(None)
    elif isinstance(owner, External):
        machine.dynamic = machine.dynamic or f"the plugin changes {owner.name}"
        machine.escape(value, "it is kept by a library")
    else:
        machine.may_raise()
        _note_unknown_change(machine, owner)
        machine.escape(value, "it is kept by an object that is not known")
        machine.escape(owner, "an item of it is replaced")
    return Const(None)


def put(machine: Machine, owner: Ref, table: Table, index: Value, value: Value) -> None:
    """Put a value into a dictionary."""
    machine.step(1 + len(table.entries) // 20)
    try:
        entries = {**table.entries, key_of(machine, index): Slot(value)}
        machine.heap.set(owner.number, Table(entries, table.rest))
    except NotKnown:
        reason = "a key that is not known"
        entries = {key: Slot(Unknown(reason), slot.maybe) for key, slot in table.entries.items()}
        machine.heap.set(owner.number, Table(entries, table.rest or reason))


def _set_list_item(
    machine: Machine, frame: Frame, owner: Ref, items: Items, index: Value, value: Value
) -> None:
    configuration.owner_changed(machine, frame, owner)
    if items.kind != "list":
        raise machine.raises("TypeError", f"an item of a {items.kind} cannot be replaced")
    try:
        place = concrete(machine, index)
        if not isinstance(place, int) or doubts_of(machine, index) or not items.is_exact or not items.order:
            raise NotKnown
    except NotKnown:
        machine.escape(owner, "an item of it is replaced")
        return
    if not -len(items.slots) <= place < len(items.slots):
        raise machine.raises("IndexError", "list assignment index out of range")
    slots = list(items.slots)
    slots[place] = Slot(value)
    machine.heap.set(owner.number, replace(items, slots=tuple(slots)))


def delete(machine: Machine, frame: Frame, target: ast.expr) -> None:
    """`del target`"""
    if isinstance(target, ast.Name):
        set_name(machine, frame, target.id, Const(None))
        scope = frame.module if target.id in frame.globals_ else frame.scopes[0]
        machine.heap.set((scope, target.id), UNBOUND)
    elif isinstance(target, ast.Attribute):
        owner = machine.evaluate(machine, frame, target.value)
        if isinstance(owner, (TraitNode, ConfigNode)):
            configuration.delete_child(machine, frame, owner, Const(target.attr))
        elif isinstance(owner, (Module, Class)):
            machine.heap.set((owner.scope, target.attr), UNBOUND)
        elif isinstance(owner, (Ref, Function, Wrapped)):
            machine.heap.set((owner.number, target.attr), UNBOUND)
        else:
            _note_unknown_change(machine, owner)
    elif isinstance(target, ast.Subscript):
        owner = machine.evaluate(machine, frame, target.value)
        index = machine.evaluate(machine, frame, target.slice)
        for one in owner.options if isinstance(owner, Choice) else (owner,):
            delete_item(machine, frame, one, index, sure=not isinstance(owner, Choice))
    elif isinstance(target, (ast.Tuple, ast.List)):
        for element in target.elts:
            delete(machine, frame, element)


def delete_item(machine: Machine, frame: Frame, owner: Value, index: Value, *, sure: bool = True) -> None:
    """`del owner[index]`"""
    if isinstance(owner, (TraitNode, ConfigNode)):
        configuration.delete_child(machine, frame, owner, index)
        return
    items, table = machine.items(owner), machine.table(owner)
    if not isinstance(owner, Ref):
        _note_unknown_change(machine, owner)
        return
    configuration.owner_changed(machine, frame, owner)
    try:
        if table is not None and sure:
            key = key_of(machine, index)
            if key not in table.entries:
                if table.rest:
                    machine.may_raise("KeyError")
                    return
                raise machine.raises("KeyError", str(key))
            entries = {name: slot for name, slot in table.entries.items() if name != key}
            machine.heap.set(owner.number, Table(entries, table.rest))
            return
        if items is not None and sure and items.is_exact and items.order and not doubts_of(machine, index):
            plain = list(items.slots)
            place = concrete(machine, index)
            if isinstance(place, int) and -len(plain) <= place < len(plain):
                del plain[place]
                machine.heap.set(owner.number, replace(items, slots=tuple(plain)))
                return
    except NotKnown:
        pass
    machine.may_raise("LookupError")
    machine.escape(owner, "an item of it is deleted")
