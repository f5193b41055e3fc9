"""`import`: of the plugin's own modules, which are then read, and of libraries, which are not."""

from __future__ import annotations

import ast

from tljh.inspection import library
from tljh.inspection.access import STAR, get_attribute
from tljh.inspection.concrete import NotKnown, concrete, doubts_of
from tljh.inspection.machine import Frame, Machine
from tljh.inspection.targets import set_name
from tljh.inspection.values import UNBOUND, Choice, Const, External, Module, Ref, Unknown, Value, join_cells

SURE = library.SURE_MODULES | {"jupyterhub", "traitlets"}


def import_name(machine: Machine, frame: Frame, node: ast.Import) -> None:
    """`import a.b, c as d`"""
    for alias in node.names:
        top = alias.name.split(".")[0]
        found = machine.library.import_module(machine, alias.name)
        if found is None:
            _may_be_missing(machine, alias.name)
            value: Value = External(alias.name if alias.asname else top)
        else:
            value = found if alias.asname else machine.library.import_module(machine, top) or found
        set_name(machine, frame, alias.asname or top, value)


def import_from(machine: Machine, frame: Frame, node: ast.ImportFrom) -> None:
    """`from a import b`, `from . import c`, `from d import *`"""
    name = absolute(frame.package, node.module or "", node.level)
    if name is None:
        raise machine.raises("ImportError", "a relative import beyond the package")
    module = machine.library.import_module(machine, name)
    if node.level and module is None:
        raise machine.raises("ModuleNotFoundError", f"No module named {name}")
    for alias in node.names:
        if alias.name == "*":
            _star(machine, frame, name, module)
        elif isinstance(module, Module):
            set_name(machine, frame, alias.asname or alias.name, _member(machine, frame, module, alias.name))
        else:
            _may_be_missing(machine, name)
            set_name(machine, frame, alias.asname or alias.name, library.constant(f"{name}.{alias.name}"))


def absolute(package: str, name: str, level: int) -> str | None:
    """The absolute name of a module that is named relative to a package."""
    if not level:
        return name
    parts = package.split(".") if package else []
    if level > len(parts):
        return None
    return ".".join([*parts[: len(parts) - level + 1], *([name] if name else [])])


def _member(machine: Machine, frame: Frame, module: Module, name: str) -> Value:
    found = machine.heap.get((module.scope, name))
    if found is None:
        submodule = machine.library.import_module(machine, f"{module.name}.{name}")
        if submodule is not None:
            return submodule
        if all(machine.heap.get((module.scope, via)) is None for via in (STAR, "__getattr__")):
            raise machine.raises("ImportError", f"cannot import name {name} from {module.name}")
    return get_attribute(machine, frame, module, name)


def _star(machine: Machine, frame: Frame, name: str, module: Value | None) -> None:
    if not isinstance(module, Module):
        _may_be_missing(machine, name)
        if name == "tljh.hooks":
            set_name(machine, frame, "hookimpl", library.constant("tljh.hooks.hookimpl"))
            set_name(machine, frame, "hookspec", External("tljh.hooks.hookspec"))
        else:
            reason = f"a name from the library {name}"
            for known in machine.heap.names(frame.module):
                before = machine.heap.get((frame.module, known))
                if isinstance(before, (Const, Ref)) and not known.startswith("_"):
                    set_name(machine, frame, known, join_cells([before, Unknown(reason)], reason))  # type: ignore[arg-type]
            set_name(machine, frame, STAR, Unknown(reason))
        return
    names = [found for found in machine.heap.names(module.scope) if found != STAR]
    listed = machine.heap.get((module.scope, "__all__"))
    public = [found for found in names if not found.startswith("_")]
    in_doubt = ""
    if listed is not None:
        try:
            chosen = concrete(machine, listed)  # type: ignore[arg-type]
            if doubts_of(machine, listed):  # type: ignore[arg-type]
                raise NotKnown
            if isinstance(chosen, (list, tuple)):
                public = [item for item in chosen if isinstance(item, str)]
        except NotKnown:
            public, in_doubt = names, "what __all__ lists"
            set_name(machine, frame, STAR, Unknown(f"a name from {name}, whose __all__ is not known"))
    if machine.heap.get((module.scope, STAR)) is not None:
        set_name(machine, frame, STAR, Unknown(f"a name from {name}"))
    for found in public:
        value = _member(machine, frame, module, found)
        cell = machine.heap.get((module.scope, found))
        if in_doubt:
            before = machine.heap.get((frame.scopes[0], found))
            value = join_cells([value, UNBOUND if before is None else before], in_doubt)  # type: ignore[assignment]
        elif isinstance(cell, Choice) and UNBOUND in cell.options:
            before = machine.heap.get((frame.scopes[0], found))
            value = join_cells([value, UNBOUND if before is None else before], cell.reason)  # type: ignore[assignment]
        set_name(machine, frame, found, value)


def _may_be_missing(machine: Machine, name: str) -> None:
    if name.split(".")[0] not in SURE:
        machine.may_raise("ImportError")
