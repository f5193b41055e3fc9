"""What a registered hook gives and does, as read from its code."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from tljh.hooks import PACKAGE_HOOKS
from tljh.inspection.access import iterate
from tljh.inspection.calls import maybe_called, names_of, run_function
from tljh.inspection.configuration import KEYS, TRAITS, settle
from tljh.inspection.export import Exported, describe, export
from tljh.inspection.library import USER_NAME
from tljh.inspection.machine import Frame, Machine, Raises, SeenEffect, TooComplex
from tljh.inspection.plain import JSON
from tljh.inspection.registration import Registered, parameters_of
from tljh.inspection.report import (
    Certainty,
    ConfigEffect,
    ConfigOperation,
    Effect,
    Finding,
    HookImplementation,
    HostEffect,
    HostKind,
    TraitEffect,
    TraitOperation,
)
from tljh.inspection.values import (
    NONE,
    Choice,
    ConfigNode,
    Const,
    Items,
    Layer,
    Ref,
    Table,
    TraitNode,
    Unbound,
    Unknown,
    Value,
    Wrapped,
    join_items,
    widen_cells,
)

CHANNELS = "tljh_extra_user_conda_channels"
ARGUMENTS: dict[str, Value] = {
    "c": TraitNode(("c",)),
    "config": ConfigNode(()),
    "username": USER_NAME,
}
EVERY_CERTAINTY: tuple[Certainty, ...] = ("certain", "partial", "opaque")


def observe(
    machine: Machine, hooks: Sequence[Registered], texts: dict[str, str], entry_point: str
) -> tuple[list[HookImplementation], list[Finding]]:
    """Evaluate every hook from the state that importing leaves behind.

    What one hook changes of that state is in doubt for all: nothing says in which order they are called.
    """
    for _ in range(4):
        found: list[HookImplementation] = []
        findings: list[Finding] = []
        changes: list[Layer] = []
        for hook in hooks:
            implementation, layer = _observe_one(machine, hook, texts, entry_point, findings)
            found.append(implementation)
            changes.append(layer)
        if not _taint(machine, changes):
            break
    return found if hooks else [], findings if hooks else []


def _taint(machine: Machine, changes: Sequence[Layer]) -> bool:
    """Put what hooks change of the modules' state in doubt; whether there was anything new."""
    changed = False
    for layer in changes:
        for place, cell in layer.items():
            if isinstance(place, tuple) and place[0] in (TRAITS, KEYS):
                continue
            before = machine.heap.get(place)
            if before is None or before == cell:
                continue
            widened = widen_cells(before, cell, "another call of a hook changes it")
            if widened != before:
                machine.heap.set(place, widened)
                changed = True
    return changed


def _observe_one(
    machine: Machine, hook: Registered, texts: dict[str, str], entry_point: str, findings: list[Finding]
) -> tuple[HookImplementation, Layer]:
    machine.effects, machine.unread = [], {}
    machine.steps = 0
    node = hook.node
    depth = machine.heap.push()
    unknown: list[str] = []
    value: Value = NONE
    try:
        value = _call(machine, hook, unknown)
        settle(machine, machine.effects)
        exported = _package_value(machine, hook, value, findings) if hook.hook in PACKAGE_HOOKS else None
    except Raises as error:
        unknown.append(f"it always fails ({error})")
        exported = Exported(None, [], False)
        findings.append(
            Finding("hook-fails", "warning", f"{hook.hook} fails: {error}.", hook.inner.path, node.lineno)
        )
    except (TooComplex, RecursionError) as error:
        unknown.append(str(error) if isinstance(error, TooComplex) else "it is nested too deeply")
        exported = Exported(None, [], False)
        for effect in machine.effects:
            _lower(effect)
    finally:
        layer = machine.heap.cut(depth)
        del machine.doubts[:], machine.tries[:]
        machine.handed.clear()
        machine.depth = machine.quiet = 0
    if hook.is_wrapper and exported is not None:
        exported = Exported(None, ["it wraps what the other plugins return"], False)
    implementation = _implementation(machine, hook, texts, entry_point, exported, unknown)
    return implementation, layer


def _lower(effect: SeenEffect) -> None:
    if effect.certainty == "certain":
        effect.certainty = "partial"


def _call(machine: Machine, hook: Registered, unknown: list[str]) -> Value:
    """Call a hook as pluggy does."""
    node = hook.node
    if isinstance(hook.function, Wrapped):
        unknown.append(f"it is changed by {hook.function.by}, which was not read")
        frame = Frame(hook.inner.path, hook.inner.module, (hook.inner.module,), line=node.lineno)
        given: list[Value] = [] if hook.receiver is None else [hook.receiver]
        given += [ARGUMENTS[name] for name in parameters_of(hook)]
        maybe_called(machine, frame, hook.inner, given, {}, f"{hook.function.by} calls it")
        return Unknown(f"{hook.hook} is changed by {hook.function.by}")
    if isinstance(node, ast.AsyncFunctionDef):
        unknown.append("it is asynchronous and never waited for")
        return Unknown("it is asynchronous and never waited for")
    is_generator = isinstance(node, ast.FunctionDef) and names_of(node).yields
    if is_generator and hook.hook not in PACKAGE_HOOKS and not hook.is_wrapper:
        return NONE
    positional: list[Value] = [] if hook.receiver is None else [hook.receiver]
    positional += [ARGUMENTS[name] for name in parameters_of(hook)]
    frame = Frame(hook.inner.path, hook.inner.module, (hook.inner.module,), line=node.lineno)
    return run_function(machine, frame, hook.inner, positional, {}, body_of_generator=hook.is_wrapper)


def _package_value(machine: Machine, hook: Registered, value: Value, findings: list[Finding]) -> Exported:
    """The packages that a hook returns."""
    options = value.options if isinstance(value, Choice) else (value,)
    reason = value.reason if isinstance(value, Choice) else ""
    merged: Items | None = None
    unknown: list[str] = []
    for option in options:
        items = _as_items(machine, hook, option, findings, unknown)
        if items is not None:
            merged = items if merged is None else join_items(merged, items, reason or "which way it takes")
    if merged is None:
        return Exported(None, unknown, False)
    if len(options) > 1 and any(_as_none(option) for option in options):
        unknown.append(reason)
    exported = export(machine, machine.heap.new(replace(merged, kind="list")))
    unknown += exported.unknown
    found = exported.value if isinstance(exported.value, list) else []
    texts = [item for item in found if isinstance(item, str)]
    if unknown:
        texts = list(dict.fromkeys(texts))
    others = [item for item in found if item is not None and not isinstance(item, str)]
    if others:
        unknown.append(f"{others[0]!r} is no text")
        findings.append(
            Finding(
                "not-text", "warning",
                f"{hook.hook} returns something that is no text: {str(others[0])[:60]}.",
                hook.inner.path, hook.node.lineno,
            )
        )  # fmt: skip
    unordered = not merged.order and len(merged.slots) > 1
    notes = ["the order: it comes from a set"] if unordered else []
    if unordered and (hook.hook == CHANNELS or any(str(text).startswith("-") for text in texts)):
        unknown += notes
    known = bool(texts) or (not unknown and exported.known)
    return Exported(cast(JSON, texts) if known else None, unknown, known, notes)


def _as_none(value: Value) -> bool:
    return isinstance(value, Const) and value.value is None


def _as_items(
    machine: Machine, hook: Registered, value: Value, findings: list[Finding], unknown: list[str]
) -> Items | None:
    if _as_none(value):
        return Items("list")
    if isinstance(value, Const):
        unknown.append(f"it returns {type(value.value).__name__}, not a list")
        findings.append(
            Finding(
                "not-a-list", "warning", f"{hook.hook} returns {value.value!r:.60}, not a list.",
                hook.inner.path, hook.node.lineno,
            )
        )  # fmt: skip
        return None
    if isinstance(value, Unbound):
        return None
    if not isinstance(value, Ref) or not isinstance(machine.heap.get(value.number), (Items, Table)):
        unknown.append(describe(value))
        return None
    return iterate(machine, value)


def _implementation(
    machine: Machine,
    hook: Registered,
    texts: dict[str, str],
    entry_point: str,
    exported: Exported | None,
    unknown: list[str],
) -> HookImplementation:
    node = hook.node
    reasons = [*unknown, *(exported.unknown if exported else [])]
    effects = convert(machine.effects)
    if exported is not None:
        certainty: Certainty = exported.certainty
    else:
        reasons += [f"what {name} does" for name in machine.unread]
        reasons += [reason for effect in effects for reason in getattr(effect, "unknown", ())]
        sure = all(effect.certainty == "certain" for effect in effects)
        certainty = "certain" if sure and not reasons else "partial" if effects else "opaque"
    for doubt in (f"only registered if {hook.maybe}" if hook.maybe else "", machine.dynamic):
        if doubt:
            reasons.append(doubt)
            certainty = max(certainty, "partial", key=EVERY_CERTAINTY.index)
    if unknown and certainty == "certain":
        certainty = "partial"
    if exported is not None:
        reasons += exported.notes
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    last = node.end_lineno or node.lineno
    lines = texts.get(hook.inner.path, "").split("\n")[first - 1 : last]
    value: tuple[JSON, ...] | None = None
    if exported is not None and exported.known:
        value = tuple(cast("list[JSON]", exported.value))
    return HookImplementation(
        hook=hook.hook,
        path=hook.inner.path,
        line=first,
        end_line=last,
        parameters=parameters_of(hook),
        options=hook.options,
        certainty=certainty,
        value=value,
        effects=effects,
        source="\n".join(lines),
        unknown=tuple(dict.fromkeys(reason for reason in reasons if reason))[:40],
        function=hook.name,
        entry_point=entry_point,
    )


def convert(effects: Sequence[SeenEffect]) -> tuple[Effect, ...]:
    """The effects of a report, each once."""
    found: dict[str, Effect] = {}
    for seen in effects:
        effect: Effect
        if seen.kind == "trait":
            operation = cast(TraitOperation, seen.operation)
            effect = TraitEffect(
                seen.what, operation, seen.value, seen.certainty, seen.line, seen.path, seen.unknown
            )
        elif seen.kind == "config":
            action = cast(ConfigOperation, seen.operation)
            effect = ConfigEffect(
                seen.what, action, seen.value, seen.certainty, seen.line, seen.path, seen.unknown
            )
        else:
            kind = cast(HostKind, seen.kind)
            effect = HostEffect(kind, seen.what, seen.risk, seen.certainty, seen.line, seen.path)
        found.setdefault(repr(effect), effect)
    return tuple(found.values())
