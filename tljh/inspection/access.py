"""Reading names, attributes and items, and going through collections."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from dataclasses import replace

from tljh.inspection import configuration, library
from tljh.inspection.concrete import NotKnown, concrete, doubts_of, failing, key_of, lift, value_of_key
from tljh.inspection.machine import MAX_ITEMS, Doubt, Frame, Machine, TooComplex
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
    join_cells,
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
            return _with_outer(machine, frame, index, name, value)
        is_local = index == 0 and frame.locals_ is not None and name in frame.locals_ and not frame.home
        if is_local and name not in frame.globals_ | frame.nonlocals:
            raise machine.raises("UnboundLocalError", name)
    star = read_cell(machine, frame.module, STAR)
    if star is None and name in BUILTINS:
        return External(f"builtins.{name}")
    if name in DUNDERS:
        return dunder(machine, name)
    if star is not None:
        machine.may_raise("NameError")
        return star if isinstance(star, Unknown) else Unknown(f"{name} comes from a library")
    raise machine.raises("NameError", name)


def _with_outer(machine: Machine, frame: Frame, index: int, name: str, value: Value) -> Value:
    """The value of a name; where it may be unbound in a class or module, the one further out may be meant."""
    cell = machine.heap.get((frame.scopes[index], name))
    if not isinstance(cell, Choice) or UNBOUND not in cell.options:
        return value
    last = index == len(frame.scopes) - 1
    if last and name in BUILTINS:
        return join_all([value, External(f"builtins.{name}")], cell.reason)
    if last or (index == 0 and frame.in_class):
        return join_all([value, Unknown(f"whether {name} is defined: {cell.reason}")], cell.reason)
    return value


DUNDERS = frozenset(
    {"__debug__", "__import__", "__build_class__", "__spec__", "__loader__", "__path__", "__cached__"}
    | {"__builtins__", "__annotations__", "__module__", "__qualname__", "__class__", "__dict__"}
)
"""Names that Python gives to modules, classes and methods by itself."""
RUNNING_STATE = frozenset(
    {"__globals__", "__code__", "__defaults__", "__kwdefaults__", "__closure__", "__builtins__"}
    | {"f_globals", "f_locals", "f_builtins", "f_back", "gi_frame", "__subclasses__", "__import__"}
)
"""Names through which code can change what any name stands for."""


def dunder(machine: Machine, name: str) -> Value:
    """A name that Python gives; through some of them, anything could be changed."""
    if name in RUNNING_STATE:
        machine.dynamic = machine.dynamic or f"the plugin reaches into the running program ({name})"
    if name == "__import__":
        return External("builtins.__import__")
    return Unknown(f"the name {name}")


PLAIN_BASES = frozenset(
    {"builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol", "builtins.Exception"}
)
"""Classes of libraries that leave the attributes of their subclasses as they are written."""


def linearize(of: Class) -> tuple[Value, ...]:
    """The classes in which an attribute is looked for, in order; ends with an Unknown where that fails."""
    lists: list[list[Value]] = []
    for base in of.bases:
        lists.append(list(linearize(base)) if isinstance(base, Class) else [base])
    lists.append(list(of.bases))
    found: list[Value] = [of]
    while lists := [items for items in lists if items]:
        head = next((i[0] for i in lists if not any(i[0] in other[1:] for other in lists)), None)
        if head is None or len(found) > 50:
            return (*found, Unknown("the order of the classes"))
        found.append(head)
        lists = [[item for item in items if item != head] for items in lists]
    return tuple(found)


def is_plain(machine: Machine, of: Class) -> bool:
    """Whether attributes of a class and its objects are what is written there."""
    for base in linearize(of):
        if isinstance(base, Class):
            special = ("__getattribute__", "__setattr__", "__slots__", "__new__")
            if any(machine.heap.get((base.scope, name)) is not None for name in special):
                return False
        elif not (isinstance(base, External) and base.name in PLAIN_BASES):
            return False
    return True


def class_attribute(machine: Machine, of: Class, name: str) -> Value | None:
    """An attribute of a class or its bases; Unknown if a base is not known."""
    for base in linearize(of):
        if isinstance(base, Class):
            value = read_cell(machine, base.scope, name)
            if value is not None:
                cell = machine.heap.get((base.scope, name))
                if isinstance(cell, Choice) and UNBOUND in cell.options:
                    return Unknown(cell.reason)
                return value
        elif not (isinstance(base, External) and base.name in PLAIN_BASES):
            return Unknown(f"{name} of a class of a library", f"{of.name}.{name}")
    return None


def _as_written(machine: Machine, of: Class, value: Value) -> Value:
    """Data found in a class or object: as it was written, unless something else has a say in that."""
    if isinstance(value, (Function, Wrapped, Unknown)):
        return value
    if not is_plain(machine, of):
        return Unknown(f"an attribute of {of.name}, which a library or its own code may change")
    cell = machine.heap.get(value.number) if isinstance(value, Ref) else None
    if isinstance(cell, Instance) and class_attribute(machine, cell.of, "__get__") is not None:
        return Unknown("an attribute that is worked out when it is read")
    return value


def get_attribute(machine: Machine, frame: Frame, value: Value, name: str) -> Value:
    """`value.name`"""
    if name in RUNNING_STATE or (name == "__dict__" and not isinstance(value, Ref)):
        return dunder(machine, name if name in RUNNING_STATE else "__globals__")
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
    star = read_cell(machine, module.scope, STAR) or read_cell(machine, module.scope, "__getattr__")
    if star is not None or name in DUNDERS:
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
    return _as_written(machine, of, found)


def _instance_attribute(machine: Machine, frame: Frame, value: Ref, name: str) -> Value:
    found = read_cell(machine, value.number, name)
    instance = machine.heap.get(value.number)
    assert isinstance(instance, Instance)
    if name == "__dict__":
        machine.escape(value, "its __dict__ is used")
        return Unknown("__dict__ is not followed")
    if found is not None:
        cell = machine.heap.get((value.number, name))
        if isinstance(cell, Choice) and UNBOUND in cell.options:
            return Unknown(cell.reason)
        return _as_written(machine, instance.of, found)
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
    return _as_written(machine, instance.of, found)


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
            return failing(machine, error, value, index)
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
            return replace(cell, born=None) if cell.born is not None else cell
        if isinstance(cell, Table):
            slots = tuple(Slot(value_of_key(machine, key), slot.maybe) for key, slot in cell.entries.items())
            return Items("list", slots, cell.rest)
        if isinstance(cell, Instance) and class_attribute(machine, cell.of, "__iter__") is None:
            raise machine.raises("TypeError", f"{cell.of.name} cannot be gone through")
        return Items("list", (), "an object that is not followed")
    if isinstance(value, Const):
        if isinstance(value.value, (str, bytes)):
            machine.step(len(value.value) // 20)
            if len(value.value) > MAX_ITEMS:
                raise TooComplex("a text is too long to be gone through")
            maybe = "; ".join(value.doubt)
            return Items("list", tuple(Slot(Const(part, value.doubt), maybe) for part in value.value), maybe)
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


def iterate_later(machine: Machine, value: Value) -> Items:
    """The items that something lazy will take of a value; what is left of a generator then is not known."""
    items = iterate(machine, value)
    if isinstance(value, Ref) and items.kind == "generator":
        machine.heap.set(value.number, Items("generator", (), "something else takes from it too"))
    return items


def lazily(machine: Machine, work: Callable[[], None]) -> None:
    """Work out something lazy now; what that changes elsewhere changes only as far as it is gone through."""
    reason = "only as far as it is gone through"
    depth = machine.heap.push()
    doubts = len(machine.doubts)
    machine.doubts.append(Doubt(reason))
    try:
        work()
    finally:
        del machine.doubts[doubts:]
        layer = machine.heap.cut(depth)
    for place, cell in layer.items():
        before = machine.heap.get(place)
        if before is not None and before != cell:
            layer[place] = join_cells([before, cell], reason)
    machine.heap.apply(layer)
