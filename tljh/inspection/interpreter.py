"""Puts the parts of the evaluator together."""

from __future__ import annotations

from tljh.inspection import calls, expressions
from tljh.inspection.machine import Frame, Library, Machine
from tljh.inspection.modules import NotSource, parse_source, run_block
from tljh.inspection.values import External, TraitNode


def make_machine(library: Library) -> Machine:
    """A machine that runs the modules of a library (of the plugin's own modules)."""
    machine = Machine(library)
    machine.call = calls.call
    machine.evaluate = expressions.evaluate
    machine.run_drop_in = run_drop_in
    machine.hand_over = calls.hand_over
    return machine


def run_drop_in(machine: Machine, frame: Frame, text: str, path: str) -> None:
    """Read a file for `jupyterhub_config.d` as what the hub will run: changes of `c`."""
    try:
        tree, _ = parse_source(text.encode("utf-8", "replace"), path)
    except NotSource:
        return
    scope = machine.heap.number()
    inner = Frame(path, scope, (scope,))
    machine.heap.set((scope, "c"), TraitNode(("c",)))
    machine.heap.set((scope, "get_config"), External("builtins.print"))
    depth = machine.heap.push()
    try:
        run_block(machine, inner, tree.body, [])
    finally:
        layer = machine.heap.cut(depth)
        machine.heap.apply({place: cell for place, cell in layer.items() if isinstance(place, int)})
