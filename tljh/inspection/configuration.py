"""JupyterHub's configuration `c` and the parsed `config.yaml`: what is read of them, and every change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tljh.inspection.concrete import NotKnown, key_of, value_of_key
from tljh.inspection.export import Exported, describe, export
from tljh.inspection.machine import Frame, Machine, SeenEffect
from tljh.inspection.operators import text_of
from tljh.inspection.values import (
    NONE,
    Choice,
    ConfigNode,
    Const,
    Items,
    Method,
    Ref,
    Slot,
    Table,
    TraitNode,
    Unbound,
    Unknown,
    Value,
)

TRAITS, KEYS = 0, -1
"""The scopes of the heap that keep what was set in `c` and in `config`."""
SECTION_METHODS = frozenset(
    {"update", "get", "setdefault", "merge", "items", "keys", "values", "pop", "copy", "clear", "has_key"}
)
Node = TraitNode | ConfigNode
SOME = "…"
"""Stands for a name or key that is not known."""


def is_section_name(name: str) -> bool:
    """Whether traitlets makes a section of this name: it begins with a capital."""
    return bool(name) and name[0].isupper()


def is_section(path: tuple[str, ...]) -> bool:
    return all(is_section_name(name) for name in path[1:])


def split_trait(path: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The path of the trait, and the keys within its value."""
    for index, name in enumerate(path[1:], start=1):
        if not is_section_name(name):
            return path[: index + 1], path[index + 1 :]
    return path, ()


def _stored(machine: Machine, node: Node, path: tuple[str, ...]) -> Value | None:
    cell = machine.heap.get((TRAITS if isinstance(node, TraitNode) else KEYS, ".".join(path)))
    if cell is None or isinstance(cell, (Items, Table, Unbound)):
        return None
    if isinstance(cell, Choice) and any(isinstance(option, Unbound) for option in cell.options):
        return None
    return cell  # type: ignore[return-value]


def child(machine: Machine, node: Node, name: str) -> Value:
    """What is found at a name or key below a place."""
    path = (*node.path, name)
    stored = _stored(machine, node, path)
    if stored is not None:
        return stored
    return TraitNode(path) if isinstance(node, TraitNode) else ConfigNode(path)


def get_attribute(machine: Machine, node: Node, name: str) -> Value:
    if isinstance(node, ConfigNode) or not is_section(node.path) or name in SECTION_METHODS:
        return Method(node, name)
    return child(machine, node, name)


def get_item(machine: Machine, node: Node, index: Value) -> Value:
    if isinstance(index, Const) and isinstance(index.value, str) and not index.doubt:
        if isinstance(node, ConfigNode):
            machine.may_raise("KeyError")
        return child(machine, node, index.value)
    machine.may_raise("LookupError")
    return some_child(node)


def some_child(node: Node) -> Node:
    """What is found below a place under a name that is not known."""
    path = (*node.path, SOME)
    return TraitNode(path) if isinstance(node, TraitNode) else ConfigNode(path)


def set_child(
    machine: Machine, frame: Frame, node: Node, index: Value, value: Value, *, attribute: bool = False
) -> None:
    """`node[index] = value`, or `node.index = value`."""
    if not (isinstance(index, Const) and isinstance(index.value, str) and not index.doubt):
        shown = f"{'.'.join(node.path)}[{text_of(index)}]"
        if isinstance(node, TraitNode):
            emit_trait(machine, frame, (shown,), "set", value, note="the name is not known")
        else:
            emit_config(machine, frame, node, (shown,), "set", value, note="the key is not known")
        return
    path = (*node.path, index.value)
    if isinstance(node, TraitNode):
        _set_trait(machine, frame, path, value)
    else:
        _set_key(machine, frame, node, path, value)


def _set_trait(machine: Machine, frame: Frame, path: tuple[str, ...], value: Value) -> None:
    stored = _stored(machine, TraitNode(path), path)
    if stored is not None and stored == value and isinstance(value, Ref):
        return
    if isinstance(value, TraitNode) and value.path == path:
        if value.plus is not None:
            emit_trait(machine, frame, path, "extend", value.plus)
        return
    trait, keys = split_trait(path)
    if keys:
        nested: Value = value
        for key in reversed(keys):
            nested = machine.heap.new(Table({key: Slot(nested)}))
        note = "what else is in it stays" if len(keys) > 1 else ""
        emit_trait(machine, frame, trait, "update", nested, note=note)
        return
    emit_trait(machine, frame, path, "set", value)
    machine.heap.set((TRAITS, ".".join(path)), value)
    if isinstance(value, Ref):
        if machine.owners.get(value.number, ("trait", path)) != ("trait", path):
            machine.shared.add(value.number)
        machine.owners[value.number] = ("trait", path)


def _set_key(machine: Machine, frame: Frame, node: ConfigNode, path: tuple[str, ...], value: Value) -> None:
    stored = _stored(machine, node, path)
    if stored is not None and stored == value and isinstance(value, Ref):
        return
    if isinstance(value, ConfigNode) and value.path == path:
        if not machine.is_doubtful:
            for effect in machine.effects:
                if effect.pending == path:
                    effect.pending = None
        if value.default is not None and _is_filled(machine, value.default):
            emit_config(machine, frame, node, path, "set-if-missing", value.default)
        return
    emit_config(machine, frame, node, path, "set", value)
    machine.heap.set((KEYS, ".".join(path)), value)
    _own(machine, value, path)


def _own(machine: Machine, value: Value, path: tuple[str, ...], nesting: int = 0) -> None:
    """Remember that an object is now part of `config.yaml`."""
    if not isinstance(value, Ref) or nesting > 10:
        return
    if machine.owners.get(value.number, ("config", path)) != ("config", path):
        machine.shared.add(value.number)
    machine.owners[value.number] = ("config", path)
    table = machine.table(value)
    for key, slot in (table.entries if table else {}).items():
        _own(machine, slot.value, (*path, str(key)), nesting + 1)


def _is_filled(machine: Machine, value: Value) -> bool:
    """Whether a default is more than an empty mapping or list."""
    table, items = machine.table(value), machine.items(value)
    if table is not None:
        return bool(table.entries or table.rest)
    if items is not None:
        return bool(items.slots or items.rest)
    return value != NONE


def delete_child(machine: Machine, frame: Frame, node: Node, index: Value) -> None:
    """`del node[index]`"""
    name = index.value if isinstance(index, Const) and isinstance(index.value, str) else None
    if isinstance(node, TraitNode):
        if name is not None and is_section(node.path):
            emit_trait(machine, frame, (*node.path, name), "delete", NONE)
        else:
            emit_trait(machine, frame, split_trait(node.path)[0], "delete", index)
        return
    if name is None:
        emit_config(machine, frame, node, node.path, "delete", index, note="which item is not known")
        return
    emit_config(machine, frame, node, (*node.path, name), "delete", NONE)
    machine.heap.set((KEYS, ".".join((*node.path, name))), Unknown("it was deleted"))


def emit_trait(
    machine: Machine, frame: Frame, path: tuple[str, ...], operation: str, value: Value, note: str = ""
) -> None:
    """Note a change of `c`."""
    exported = export(machine, value)
    _emit(machine, frame, "trait", ".".join(path), operation, value, exported, note, machine.is_doubtful)


def emit_config(
    machine: Machine,
    frame: Frame,
    node: ConfigNode,
    path: tuple[str, ...],
    operation: str,
    value: Value,
    note: str = "",
) -> None:
    """Note a change of `config.yaml`; under a test that the key is missing it is "set if missing"."""
    others = [doubt for doubt in machine.doubts if not (doubt.key and path == doubt.key)]
    conditional = len(others) < len(machine.doubts)
    if conditional and operation == "set":
        operation = "set-if-missing"
        if not _is_filled(machine, value) and value != NONE:
            return
    doubtful = bool(others) or any(block.states for block in machine.tries)
    pending = node.path if node.default is not None else None
    exported = export(machine, value)
    _emit(machine, frame, "config", ".".join(path), operation, value, exported, note, doubtful, pending)


def _emit(
    machine: Machine,
    frame: Frame,
    kind: str,
    target: str,
    operation: str,
    value: Value,
    exported: Exported,
    note: str,
    doubtful: bool,
    pending: tuple[str, ...] | None = None,
) -> None:
    certainty = exported.certainty
    unknown = exported.reasons()
    if SOME in target and not note:
        note = "the name is not known"
    if note:
        unknown = (*unknown, note)
    if doubtful:
        unknown = tuple(dict.fromkeys((*unknown, *machine.reasons())))
    if certainty == "certain" and (note or doubtful):
        certainty = "partial"
    plain = exported.value if exported.known else None
    machine.emit(
        SeenEffect(
            kind, target, operation, plain, certainty, frame.line, frame.path,
            unknown=unknown, raw=value, pending=pending,
        )
    )  # fmt: skip


def settle(machine: Machine, effects: Sequence[SeenEffect]) -> None:
    """Lower the certainty of what was changed after it was set, or was set in a default that may be lost."""
    for effect in effects:
        if effect.pending is not None and effect.certainty == "certain":
            effect.certainty = "partial"
            effect.unknown = (*effect.unknown, f"only if {'.'.join(effect.pending)} is there already")
        if effect.certainty != "certain" or not isinstance(effect.raw, Ref):
            continue
        if effect.raw.number in machine.tracked - machine.shared:
            continue
        now = export(machine, effect.raw)
        if now.value != effect.value or now.certainty != "certain":
            effect.certainty = "partial"
            effect.unknown = (*effect.unknown, "it is changed afterwards")


def _owner(machine: Machine, owner: Ref) -> tuple[str, tuple[str, ...], bool] | None:
    """The place that an object was put at, if it is still there; and whether that is sure."""
    kind, path = machine.owners.get(owner.number, ("", ()))
    if not kind:
        return None
    scope = TRAITS if kind == "trait" else KEYS
    for length in range(len(path), 0, -1):
        cell = machine.heap.get((scope, ".".join(path[:length])))
        if isinstance(cell, Ref):
            return kind, path, True
        if isinstance(cell, Choice) and any(isinstance(option, Ref) for option in cell.options):
            return kind, path, False
    return None


def owner_item_set(machine: Machine, frame: Frame, owner: Ref, index: Value, value: Value) -> None:
    """An item is put into a dictionary that is part of the configuration."""
    place = _owner(machine, owner)
    if place is None:
        return
    kind, path, sure = place
    note = "" if sure else "only if it is the object that was set"
    machine.tracked.add(owner.number)
    try:
        key = key_of(machine, index)
    except NotKnown:
        _lower(machine, owner)
        return
    if kind == "trait":
        update = machine.heap.new(Table({key: Slot(value)}))
        emit_trait(machine, frame, path, "update", update, note)
    else:
        emit_config(machine, frame, ConfigNode(path), (*path, str(key)), "set", value, note)
        _own(machine, value, (*path, str(key)))


def owner_changed(machine: Machine, frame: Frame, owner: Ref) -> None:
    """An object that is part of the configuration is changed in a way that has no name."""
    if _owner(machine, owner) is not None:
        _lower(machine, owner)


def _lower(machine: Machine, owner: Ref) -> None:
    for effect in machine.effects:
        if effect.raw == owner and effect.certainty == "certain":
            effect.certainty = "partial"
            effect.unknown = (*effect.unknown, "it is changed afterwards")


def owner_method(machine: Machine, frame: Frame, owner: Ref, name: str, positional: Sequence[Value]) -> None:
    """A method is called that changes an object that is part of the configuration."""
    place = _owner(machine, owner)
    if place is None:
        return
    kind, path, sure = place
    note = "" if sure else "only if it is the object that was set"
    machine.tracked.add(owner.number)
    if name in ("append", "add", "extend", "insert", "update") and positional and not machine.table(owner):
        node: Node = TraitNode(path) if kind == "trait" else ConfigNode(path)
        _list_change(machine, frame, node, name, positional, note)
    elif name == "update" and len(positional) == 1 and machine.table(positional[0]) is not None:
        if kind == "trait":
            emit_trait(machine, frame, path, "update", positional[0], note)
        else:
            _update_keys(machine, frame, ConfigNode(path), positional, {})
    else:
        _lower(machine, owner)


def _list_change(
    machine: Machine, frame: Frame, node: Node, name: str, positional: Sequence[Value], note: str = ""
) -> None:
    value = positional[-1]
    if isinstance(node, TraitNode):
        operation = {"add": "append", "prepend": "insert"}.get(name, name)
        emit_trait(machine, frame, split_trait(node.path)[0], operation, value, note)
        return
    items = machine.items(value) if name in ("extend", "update") else None
    if items is not None:
        for slot in items.slots:
            doubt = slot.maybe or items.rest or note
            emit_config(machine, frame, node, node.path, "append", slot.value, doubt)
    elif name in ("extend", "update"):
        emit_config(machine, frame, node, node.path, "append", Unknown(describe(value)))
    else:
        emit_config(machine, frame, node, node.path, "append", value, note)


def call_method(
    machine: Machine,
    frame: Frame,
    node: Node,
    name: str,
    positional: Sequence[Value],
    keywords: Mapping[str, Value],
) -> Value:
    """A method of a place in the configuration."""
    if isinstance(node, TraitNode) and is_section(node.path):
        return _section_method(machine, frame, node, name, positional, keywords)
    if name in ("get", "setdefault", "pop") and positional:
        return _key_method(machine, frame, node, name, positional, keywords)
    if name in ("append", "add", "extend", "insert", "prepend") and positional:
        if isinstance(node, ConfigNode) and name == "insert" and len(positional) == 3:
            set_child(machine, frame, node, positional[1], positional[2])
        else:
            _list_change(machine, frame, node, name, positional)
        return NONE
    if name == "update":
        if isinstance(node, ConfigNode):
            _update_keys(machine, frame, node, positional, keywords)
        elif positional:
            emit_trait(machine, frame, split_trait(node.path)[0], "update", positional[0])
        elif keywords:
            table = Table({key: Slot(value) for key, value in keywords.items()})
            emit_trait(machine, frame, split_trait(node.path)[0], "update", machine.heap.new(table))
        return NONE
    if name in ("remove", "discard", "clear"):
        gone = positional[0] if positional else NONE
        if isinstance(node, TraitNode):
            emit_trait(machine, frame, split_trait(node.path)[0], "delete", gone)
        else:
            emit_config(machine, frame, node, node.path, "delete", gone)
        return NONE
    machine.may_raise()
    return Unknown(describe(node))


def _update_keys(
    machine: Machine,
    frame: Frame,
    node: ConfigNode,
    positional: Sequence[Value],
    keywords: Mapping[str, Value],
) -> None:
    table = machine.table(positional[0]) if positional else Table({})
    if table is None:
        emit_config(machine, frame, node, (*node.path, "…"), "set", NONE, f"sets {describe(positional[0])}")
        return
    for key, slot in table.entries.items():
        value: Value = slot.value if not slot.maybe else Choice((slot.value, UNSET), slot.maybe)
        set_child(machine, frame, node, value_of_key(machine, key), value)
    if table.rest:
        emit_config(machine, frame, node, (*node.path, "…"), "set", NONE, table.rest)
    for name, value in keywords.items():
        set_child(machine, frame, node, Const(name), value)


UNSET = Unknown("it may not be set")


def _key_method(
    machine: Machine,
    frame: Frame,
    node: Node,
    name: str,
    positional: Sequence[Value],
    keywords: Mapping[str, Value],
) -> Value:
    """`get`, `setdefault` and `pop` of a mapping in the configuration."""
    index = positional[0]
    default = positional[1] if len(positional) > 1 else keywords.get("default", NONE)
    if name == "pop":
        delete_child(machine, frame, node, index)
        return Unknown(describe(node))
    known = isinstance(index, Const) and isinstance(index.value, str) and not index.doubt
    if not known:
        return Unknown(describe(node))
    assert isinstance(index, Const)
    path = (*node.path, str(index.value))
    stored = _stored(machine, node, path)
    if stored is not None:
        return stored
    if isinstance(node, TraitNode):
        if name == "setdefault":
            trait, keys = split_trait(path)
            update = machine.heap.new(Table({keys[0]: Slot(default)})) if keys else default
            emit_trait(machine, frame, trait, "update", update, note="only if it is missing")
        return Unknown(describe(node))
    if name == "get":
        return ConfigNode(path, default)
    if _is_filled(machine, default):
        emit_config(machine, frame, node, path, "set-if-missing", default)
    return ConfigNode(path)


def _section_method(
    machine: Machine,
    frame: Frame,
    node: TraitNode,
    name: str,
    positional: Sequence[Value],
    keywords: Mapping[str, Value],
) -> Value:
    """A method of `c` or of a section of it."""
    if name in ("update", "merge"):
        table = machine.table(positional[0]) if positional else Table({})
        if table is None:
            emit_trait(machine, frame, (*node.path, "…"), "update", positional[0])
            return NONE
        for key, slot in table.entries.items():
            inner = machine.table(slot.value)
            if inner is not None and is_section_name(str(key)):
                note = "whether it is merged or takes the place of the section"
                emit_trait(machine, frame, (*node.path, str(key)), "update", slot.value, note)
            else:
                value: Value = slot.value if not slot.maybe else Choice((slot.value, UNSET), slot.maybe)
                _set_trait(machine, frame, (*node.path, str(key)), value)
        for word, value in keywords.items():
            _set_trait(machine, frame, (*node.path, word), value)
        return NONE
    if name in ("get", "setdefault") and positional and isinstance(positional[0], Const):
        key_text = str(positional[0].value)
        if name == "setdefault" and len(positional) > 1 and _is_filled(machine, positional[1]):
            path = (*node.path, key_text)
            emit_trait(machine, frame, path, "set", positional[1], note="only if it is missing")
        return child(machine, node, key_text)
    if name in ("pop", "clear"):
        if positional:
            delete_child(machine, frame, node, positional[0])
        else:
            emit_trait(machine, frame, node.path, "delete", NONE)
    return Unknown(describe(node))
