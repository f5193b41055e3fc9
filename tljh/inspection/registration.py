"""The hooks that pluggy would register for a plugin object, and why it would not register others."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tljh.hooks import HOOKS
from tljh.inspection.access import class_attribute, read_cell
from tljh.inspection.calls import MARK, names_of
from tljh.inspection.machine import Machine
from tljh.inspection.report import Finding, HookOptions, Severity
from tljh.inspection.truth import show, truth
from tljh.inspection.values import (
    Choice,
    Class,
    Const,
    Function,
    Instance,
    Marker,
    Method,
    Module,
    Ref,
    Unknown,
    Value,
    Wrapped,
)

OPTIONS = ("tryfirst", "trylast", "hookwrapper", "wrapper", "optionalhook")
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Registered:
    """A function that pluggy registers for a hook; `maybe` says on what that depends."""

    hook: str
    name: str
    function: Function | Wrapped
    options: HookOptions
    receiver: Value | None = None
    maybe: str = ""

    @property
    def inner(self) -> Function:
        return self.function.inner if isinstance(self.function, Wrapped) else self.function

    @property
    def node(self) -> FunctionNode:
        return self.inner.node

    @property
    def is_wrapper(self) -> bool:
        return self.options.hookwrapper or self.options.wrapper


def attributes(machine: Machine, plugin: Value) -> dict[str, Value]:
    """The attributes of a plugin object by name, sorted as `dir()` does."""
    found: dict[str, Value] = {}
    if isinstance(plugin, Module):
        for name in machine.heap.names(plugin.scope):
            value = raw_cell(machine, plugin.scope, name)
            if value is not None:
                found[name] = value
    elif isinstance(plugin, Class):
        found = _class_attributes(machine, plugin)
    elif isinstance(plugin, Ref):
        instance = machine.heap.get(plugin.number)
        if isinstance(instance, Instance):
            found = _class_attributes(machine, instance.of)
            for name in machine.heap.names(plugin.number):
                value = raw_cell(machine, plugin.number, name)
                if value is not None:
                    found[name] = value
    return dict(sorted(found.items()))


def _class_attributes(machine: Machine, of: Class) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for base in reversed(of.bases):
        if isinstance(base, Class):
            found.update(_class_attributes(machine, base))
    for name in machine.heap.names(of.scope):
        value = class_attribute(machine, of, name)
        if value is not None:
            found[name] = value
    return found


def raw_cell(machine: Machine, scope: int, name: str) -> Value | None:
    cell = machine.heap.get((scope, name))
    if isinstance(cell, Choice):
        return cell
    return read_cell(machine, scope, name)


def find_hooks(machine: Machine, plugin: Value) -> tuple[list[Registered], list[Finding]]:
    """What pluggy registers when it is given this plugin object."""
    registered: list[Registered] = []
    findings: list[Finding] = []
    listing = "what the plugin's own __dir__ lists" if _has_own_listing(machine, plugin) else ""
    for name, value in attributes(machine, plugin).items():
        options = value.options if isinstance(value, Choice) else (value,)
        for option in options:
            function = option.function if isinstance(option, Method) else option
            if not isinstance(function, (Function, Wrapped)):
                continue
            maybe = value.reason or "which way the module takes" if isinstance(value, Choice) else listing
            cell = machine.heap.get((function.number, MARK))
            marked = read_cell(machine, function.number, MARK)
            if isinstance(cell, Choice):
                maybe = maybe or cell.reason or "whether it is marked"
                marked = next((o for o in cell.options if machine.table(o) is not None), marked)
            elif marked is not None and isinstance(marked, Unknown):
                maybe = maybe or marked.reason
            elif marked is not None and machine.table(marked) is None:
                marked = None
            if isinstance(function, Wrapped):
                maybe = maybe or f"{function.by} makes a function of it"
            if read_cell(machine, function.number, "kind") == Const("property") and not isinstance(
                plugin, Module
            ):
                marked = None
            if marked is None:
                finding = _unmarked(name, function)
                if finding is not None:
                    findings.append(finding)
                continue
            receiver = option.receiver if isinstance(option, Method) else None
            for hook in _register(machine, plugin, name, function, marked, maybe, receiver):
                problems = list(_problems(hook))
                findings.extend(problems)
                if not any(problem.severity == "danger" for problem in problems) and hook.hook in HOOKS:
                    registered.append(hook)
    return registered, findings


def _has_own_listing(machine: Machine, plugin: Value) -> bool:
    """Whether the plugin says itself what attributes it has."""
    if isinstance(plugin, Module):
        return read_cell(machine, plugin.scope, "__dir__") is not None
    cell = machine.heap.get(plugin.number) if isinstance(plugin, Ref) else None
    return isinstance(cell, Instance) and class_attribute(machine, cell.of, "__dir__") is not None


def _register(
    machine: Machine,
    plugin: Value,
    name: str,
    function: Function | Wrapped,
    marked: Value,
    maybe: str,
    receiver: Value | None,
) -> list[Registered]:
    """The hooks that a marked function is registered for: one, unless its options are in doubt."""
    table = machine.table(marked)
    entries = table.entries if table else {}
    if table is None or table.rest:
        maybe = maybe or "the options that it is marked with"
    chosen: dict[str, bool] = {}
    for option in OPTIONS:
        slot = entries.get(option)
        known = truth(machine, slot.value) if slot else False
        chosen[option] = bool(known)
        if known is None:
            maybe = maybe or f"the option {option}"
    names = [name]
    spec = entries.get("specname")
    if spec is not None:
        values = spec.value.options if isinstance(spec.value, Choice) else (spec.value,)
        texts = [v.value for v in values if isinstance(v, Const) and isinstance(v.value, str)]
        sure = len(values) == 1 and not spec.maybe and isinstance(spec.value, Const) and not spec.value.doubt
        if not sure:
            maybe = maybe or "the option specname"
        names = [text or name for text in texts] or names
    kind = read_cell(machine, function.number, "kind")
    inner = function.inner if isinstance(function, Wrapped) else function
    is_method = isinstance(plugin, Ref) and inner.in_class and kind != Const("staticmethod")
    if kind == Const("classmethod") or is_method:
        receiver = receiver or plugin
    options = HookOptions(**chosen)
    return [Registered(hook, name, function, options, receiver, maybe) for hook in names]


def parameters_of(hook: Registered) -> tuple[str, ...]:
    """The parameters that pluggy hands over: positional ones without a default."""
    arguments = hook.node.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    if hook.receiver is not None or (hook.inner.in_class and names[:1] == ["self"]):
        names = names[1:]
    count = len(arguments.defaults)
    return tuple(names[: len(names) - count] if count else names)


def all_parameters(hook: Registered) -> tuple[str, ...]:
    arguments = hook.node.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return tuple(names[1:] if hook.receiver is not None else names)


def _problems(hook: Registered) -> Iterable[Finding]:
    """What pluggy, or calling the hook, would stumble over."""
    path, line = hook.inner.path, hook.node.lineno
    if hook.hook not in HOOKS:
        near = nearest(hook.hook)
        advice = f"; {near} is meant, probably" if near else ""
        severity: Severity = "info" if hook.options.optionalhook else "warning"
        yield Finding(
            "unknown-hook", severity,
            f"{hook.hook} is no hook of TLJH: it is never called{advice}.", path, line
        )  # fmt: skip
        return
    known = HOOKS[hook.hook]
    extra = [name for name in parameters_of(hook) if name not in known]
    if extra:
        yield Finding(
            "unknown-parameter",
            "danger",
            f"{hook.hook} has the parameter {extra[0]}, which the hook does not have "
            f"({', '.join(known) or 'it has none'}): pluggy refuses the whole plugin.",
            path,
            line,
        )
    if hook.receiver is None and hook.inner.in_class and all_parameters(hook)[:1] == ("self",):
        yield Finding(
            "unbound-method",
            "danger",
            f"The entry point names a class, not an object of it: {hook.hook} fails when it is called.",
            path,
            line,
        )
    arguments = hook.node.args
    needed = [
        argument.arg
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    ]
    if needed:
        yield Finding(
            "unknown-parameter",
            "danger",
            f"{hook.hook} needs {needed[0]} by name, which pluggy never gives: it fails when it is called.",
            path,
            line,
        )
    yields = isinstance(hook.node, ast.FunctionDef) and names_of(hook.node).yields
    if hook.is_wrapper and not yields:
        yield Finding(
            "wrapper-without-yield",
            "danger",
            f"{hook.hook} is a wrapper but does not yield: pluggy refuses the whole plugin.",
            path,
            line,
        )
    if isinstance(hook.node, ast.AsyncFunctionDef):
        yield Finding(
            "async-hook",
            "warning",
            f"{hook.hook} is asynchronous: pluggy does not wait for it, so it does nothing.",
            path,
            line,
        )


def _unmarked(name: str, function: Function | Wrapped) -> Finding | None:
    """A function that looks like a hook but has no decorator."""
    inner = function.inner if isinstance(function, Wrapped) else function
    path, line = inner.path, inner.node.lineno
    if name in HOOKS:
        return Finding(
            "undecorated-hook",
            "warning",
            f"{name} is not decorated with hookimpl: pluggy does not register it.",
            path,
            line,
        )
    near = nearest(name) if name.startswith("tljh_") else ""
    if near:
        return Finding(
            "unknown-hook",
            "info",
            f"{name} is no hook of TLJH; {near} has a similar name.",
            path,
            line,
        )
    return None


def nearest(name: str) -> str:
    """The hook with the most similar name, if any is similar."""
    found = difflib.get_close_matches(name, HOOKS, 1, 0.75)
    return found[0] if found else ""


def unregistered(
    machine: Machine,
    trees: Mapping[str, ast.Module],
    markers: Mapping[str, frozenset[str]],
    registered: Iterable[Registered],
    reported: Iterable[Finding],
) -> list[Finding]:
    """Decorated functions that pluggy never gets to see, with the reason."""
    seen = {hook.node for hook in registered}
    lines = {(finding.path, finding.line) for finding in reported}
    taken = {(hook.inner.path, hook.name) for hook in registered}
    found: list[Finding] = []
    for path, tree in trees.items():
        for node, nested in _functions(tree):
            if (
                node in seen
                or (path, node.lineno) in lines
                or not _is_marked(node, markers.get(path, frozenset()))
            ):
                continue
            if node.name not in HOOKS and not node.name.startswith("tljh_"):
                continue
            code, message = "not-registered", f"{node.name} is not an attribute of the plugin's module"
            if node in machine.executed and not nested:
                if (path, node.name) in taken:
                    code, message = "shadowed", f"{node.name} is defined again later, which takes its place"
            elif nested:
                code, message = "unreachable", f"{node.name} is defined within a function or class"
            else:
                code, message = "unreachable", f"{node.name} is never defined on the way that the code takes"
            found.append(
                Finding(code, "warning", f"{message}: pluggy does not register it.", path, node.lineno)
            )
    return found


def _functions(tree: ast.Module) -> Iterable[tuple[ast.FunctionDef | ast.AsyncFunctionDef, bool]]:
    pending: list[tuple[ast.AST, bool]] = [(tree, False)]
    while pending:
        node, nested = pending.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield child, nested
                pending.append((child, True))
            elif isinstance(child, ast.ClassDef):
                pending.append((child, True))
            elif isinstance(child, (ast.stmt, ast.ExceptHandler)):
                pending.append((child, nested))


def _is_marked(node: ast.FunctionDef | ast.AsyncFunctionDef, markers: frozenset[str]) -> bool:
    for decorator in node.decorator_list:
        text = show(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if "hookimpl" in text or text in markers:
            return True
    return False


def marker_names(machine: Machine, scope: int) -> frozenset[str]:
    """The names that stand for `hookimpl` in a module."""
    return frozenset(
        name for name in machine.heap.names(scope) if isinstance(machine.heap.get((scope, name)), Marker)
    )
