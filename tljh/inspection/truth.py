"""Whether a value counts as true, and what a test that cannot be decided says about what follows."""

from __future__ import annotations

import ast

from tljh.inspection.machine import Doubt, Machine
from tljh.inspection.values import (
    Choice,
    Class,
    Const,
    FileValue,
    Function,
    Instance,
    Items,
    KeyTest,
    Marker,
    Method,
    Module,
    Partial,
    PathValue,
    Ref,
    Table,
    Unbound,
    Value,
    Wrapped,
)

ALWAYS_TRUE = (Function, Class, Module, Method, Marker, PathValue, Wrapped, Partial, FileValue)


def truth(machine: Machine, value: Value) -> bool | None:
    """True or False if it is certain, else None."""
    if isinstance(value, Const):
        return None if value.doubt else bool(value.value)
    if isinstance(value, ALWAYS_TRUE):
        return True
    if isinstance(value, Choice):
        found = {truth(machine, option) for option in value.options if not isinstance(option, Unbound)}
        return found.pop() if len(found) == 1 else None
    if isinstance(value, Ref):
        cell = machine.heap.get(value.number)
        if isinstance(cell, Items):
            if cell.kind == "generator" or any(not slot.maybe for slot in cell.slots):
                return True
            return None if cell.slots or cell.rest else False
        if isinstance(cell, Table):
            if any(not slot.maybe for slot in cell.entries.values()):
                return True
            return None if cell.entries or cell.rest else False
        if isinstance(cell, Instance) and not cell.of.bases:
            names = machine.heap.names(cell.of.scope)
            return None if "__bool__" in names or "__len__" in names else True
    return None


def show(node: ast.AST, limit: int = 70) -> str:
    """Source of a node, short enough for a sentence."""
    try:
        text = " ".join(ast.unparse(node).split())
    except (RecursionError, ValueError):
        return "an expression"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def doubts_of_test(node: ast.expr, test: Value) -> tuple[Doubt, Doubt]:
    """What is doubtful where the test holds, and where it does not."""
    text = show(node)
    yes, no = f"only if {text}", f"only if not ({text})"
    if isinstance(test, KeyTest):
        return (
            Doubt(yes, test.path if test.missing else None),
            Doubt(no, None if test.missing else test.path),
        )
    return Doubt(yes), Doubt(no)
