"""Calls: of the plugin's own functions and classes, of methods, and of what libraries offer."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import cast

from tljh.inspection import configuration, library
from tljh.inspection.access import BUILTINS, class_attribute, linearize, read_cell
from tljh.inspection.builtin_calls import DYNAMIC, Keywords, call_builtin
from tljh.inspection.export import describe
from tljh.inspection.host import call_file, call_library, call_path, note_path_method
from tljh.inspection.machine import MAX_DEPTH, Doubt, Frame, Machine, Raises, TooComplex
from tljh.inspection.method_calls import call_items, call_table, call_text
from tljh.inspection.statements import ALIVE, execute_block
from tljh.inspection.truth import show
from tljh.inspection.values import (
    NONE,
    Choice,
    Class,
    Const,
    External,
    FileValue,
    Function,
    Instance,
    Items,
    Layer,
    Marker,
    Method,
    Partial,
    PathValue,
    Ref,
    Slot,
    Table,
    Unknown,
    Value,
    Wrapped,
    join_all,
    join_cells,
    widen_cells,
)

MARK = "tljh_impl"
"""The attribute that pluggy's marker sets on a function: here its options."""


def call(
    machine: Machine,
    frame: Frame,
    function: Value,
    positional: Sequence[Value],
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    """The value of `function(*positional, **keywords)`."""
    machine.step()
    if isinstance(function, Choice):
        return machine.split(
            frame, function, lambda one: call(machine, frame, one, positional, keywords, node)
        )
    if isinstance(function, Function):
        return run_function(machine, frame, function, positional, keywords)
    if isinstance(function, Method):
        return _method(machine, frame, function, positional, keywords, node)
    if isinstance(function, Class):
        return _instantiate(machine, frame, function, positional, keywords, node)
    if isinstance(function, Partial):
        named = {**dict(function.keywords), **keywords}
        return call(machine, frame, function.function, [*function.positional, *positional], named, node)
    if isinstance(function, Marker):
        return _mark(machine, function, positional, keywords)
    if isinstance(function, External):
        return _external(machine, frame, function, positional, keywords, node)
    if isinstance(function, Const):
        raise machine.raises("TypeError", f"{function.value!r} is not callable")
    cell = machine.heap.get(function.number) if isinstance(function, Ref) else None
    if isinstance(cell, Instance):
        found = class_attribute(machine, cell.of, "__call__")
        if isinstance(found, Function):
            return run_function(machine, frame, found, [function, *positional], keywords)
    return _unread(machine, frame, function, positional, keywords, node)


def _unread(
    machine: Machine,
    frame: Frame,
    function: Value,
    positional: Sequence[Value],
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    """A call of something that was not read: anything that it got may have changed."""
    machine.may_raise()
    if isinstance(function, Wrapped):
        maybe_called(machine, frame, function.inner, positional, keywords, f"{function.by} calls it")
    for value in (*positional, *keywords.values()):
        hand_over(machine, frame, value, "it was handed to code that was not read")
    if isinstance(function, Wrapped):
        machine.note_unread(f"{function.inner.name}, changed by {function.by}")
        return Unknown(f"{function.inner.name} is changed by {function.by}")
    if isinstance(function, Unknown) and function.name:
        return call_library(machine, frame, function.name, positional, keywords, function)
    shown = show(node.func, 40) if isinstance(node, ast.Call) else describe(function)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        text = function.text.rpartition(".")[0] if isinstance(function, Unknown) else ""
        note_path_method(machine, frame, node.func.attr, text or show(node.func.value, 60), positional)
    if shown.rpartition(".")[2] not in QUIET_METHODS:
        machine.note_unread(f"{shown}()")
    if isinstance(function, Unknown):
        return Unknown(function.reason, f"{function.text}(…)" if function.text else "")
    return Unknown("a call that is not followed")


QUIET_METHODS = frozenset(
    {name for kind in (str, list, dict, set) for name in dir(kind) if not name.startswith("_")}
    | {
        "read",
        "readline",
        "readlines",
        "close",
        "decode",
        "group",
        "groups",
        "match",
        "search",
        "exists",
        "is_dir",
    }
    | {
        "is_file",
        "glob",
        "rglob",
        "iterdir",
        "stat",
        "read_text",
        "read_bytes",
        "info",
        "debug",
        "warning",
        "error",
    }
    | {"exception", "total_seconds", "isoformat", "strftime", "parse_args", "add_argument"}
)
"""Methods of which the names say that they change nothing but the object that they belong to."""


def maybe_called(
    machine: Machine,
    frame: Frame,
    function: Function,
    positional: Sequence[Value],
    keywords: Keywords,
    reason: str,
) -> None:
    """Code that was not read may call this: its effects are listed, what it changes is in doubt."""
    if function.node in machine.handed or machine.depth > 10:
        return
    machine.handed.add(function.node)
    depth = machine.heap.push()
    doubts = len(machine.doubts)
    machine.doubts.append(Doubt(f"only if {reason}"))
    layer: Layer = {}
    try:
        run_function(machine, frame, function, positional, keywords, body_of_generator=True)
    except (Raises, TooComplex) as error:
        machine.note_unread(f"{function.name} ({error})")
    finally:
        del machine.doubts[doubts:]
        layer = machine.heap.cut(depth)
        machine.handed.discard(function.node)
    for place, cell in layer.items():
        before = machine.heap.get(place)
        if before is not None and before != cell:
            layer[place] = widen_cells(before, cell, reason)
    machine.heap.apply(layer)


def hand_over(machine: Machine, frame: Frame, value: Value, reason: str) -> None:
    """Give a value to code that was not read: that may change it, or call it."""
    machine.escape(value, reason)
    if isinstance(value, Method):
        machine.escape(value.receiver, reason)
    if isinstance(value, Partial):
        for part in (value.function, *value.positional, *dict(value.keywords).values()):
            hand_over(machine, frame, part, reason)
    function = value.function if isinstance(value, Method) else value
    if isinstance(function, Wrapped):
        function = function.inner
    if isinstance(function, Function):
        unknown: Keywords = {"**": Unknown("what it is called with")}
        maybe_called(
            machine, frame, function, [], unknown, f"{function.name} is called by code that was not read"
        )


def _external(
    machine: Machine,
    frame: Frame,
    function: External,
    positional: Sequence[Value],
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    if function.name.startswith("builtins."):
        name = function.name.removeprefix("builtins.")
        if "**" in keywords and name not in ("open", "dict", "sorted", "print", *DYNAMIC):
            for value in positional:
                hand_over(machine, frame, value, "it was called with arguments that are not known")
            return Unknown("a call with arguments that are not known")
        if name != "open":
            split = _first_choice(positional)
            if split is not None and name not in ("getattr", "setattr", "isinstance", "print"):
                return _with_options(machine, frame, function, positional, keywords, node, split)
            return call_builtin(machine, frame, name, positional, keywords, node)
    split = _first_choice(positional)
    if split is not None and function.name in library.PURE:
        return _with_options(machine, frame, function, positional, keywords, node, split)
    return call_library(machine, frame, function.name, positional, keywords, function)


def _first_choice(positional: Sequence[Value]) -> int | None:
    return next((index for index, value in enumerate(positional) if isinstance(value, Choice)), None)


def _with_options(
    machine: Machine,
    frame: Frame,
    function: Value,
    positional: Sequence[Value],
    keywords: Keywords,
    node: ast.AST,
    index: int,
) -> Value:
    def with_option(option: Value) -> Value:
        given = [*positional[:index], option, *positional[index + 1 :]]
        return call(machine, frame, function, given, keywords, node)

    return machine.split(frame, positional[index], with_option)


def _mark(machine: Machine, marker: Marker, positional: Sequence[Value], keywords: Keywords) -> Value:
    """`hookimpl(...)`: with a function it marks it, without it gives the marker to do so."""
    if not positional or positional[0] == NONE:
        return Marker(marker.project, tuple(keywords.items()))
    function = positional[0]
    if isinstance(function, Method):
        function = function.function or function
    if marker.project != "tljh":
        return function
    if isinstance(function, (Function, Wrapped)):
        options = Table({key: Slot(value) for key, value in (*(marker.options or ()), *keywords.items())})
        machine.heap.set((function.number, MARK), machine.heap.new(options))
        return function
    if isinstance(function, (Unknown, External)):
        return Unknown(
            f"a hook that is made by {getattr(function, 'reason', '') or 'a library'}", name="hook"
        )
    if isinstance(function, Const):
        raise machine.raises("AttributeError", "hookimpl marks functions only")
    return function


def _method(
    machine: Machine,
    frame: Frame,
    method: Method,
    positional: Sequence[Value],
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    receiver, name = method.receiver, method.name
    if method.function is not None:
        return call(machine, frame, method.function, [receiver, *positional], keywords, node)
    if isinstance(receiver, configuration.Node):
        return configuration.call_method(machine, frame, receiver, name, positional, keywords)
    if isinstance(receiver, PathValue):
        return call_path(machine, frame, receiver, name, positional, keywords)
    if isinstance(receiver, FileValue):
        return call_file(machine, frame, receiver, name, positional)
    split = _first_choice(positional)
    if split is not None and isinstance(receiver, Const):
        return _with_options(machine, frame, method, positional, keywords, node, split)
    if "**" in keywords and isinstance(receiver, Ref):
        machine.escape(receiver, "arguments that are not known")
        return Unknown("arguments that are not known")
    if isinstance(receiver, Const):
        return call_text(machine, receiver, name, positional, keywords)
    items, table = machine.items(receiver), machine.table(receiver)
    if items is not None:
        return call_items(machine, frame, cast(Ref, receiver), items, name, positional, keywords)
    if table is not None:
        return call_table(machine, frame, cast(Ref, receiver), table, name, positional, keywords)
    return _unread(machine, frame, method, positional, keywords, node)


FOLLOWED = frozenset(
    {"__init__", "__post_init__", "__enter__", "__exit__", "__call__", "__init_subclass__"}
    | {"__set_name__", "__new__", "__class_getitem__", "__await__", "__aenter__", "__aexit__"}
)


def _note_special_methods(machine: Machine, frame: Frame, of: Class, made: Ref) -> None:
    """Operators and the like call methods unseen: those that may change something put all in doubt."""
    for base in linearize(of):
        for name in machine.heap.names(base.scope) if isinstance(base, Class) else ():
            found = read_cell(machine, base.scope, name) if isinstance(base, Class) else None
            if not name.startswith("__") or name in FOLLOWED or not isinstance(found, Function):
                continue
            if not _is_pure(found.node):
                unknown: Keywords = {"**": Unknown("what it is called with")}
                maybe_called(machine, frame, found, [made], unknown, f"{of.name}.{name} is called")
                machine.dynamic = machine.dynamic or f"{of.name}.{name} runs where no call is written"


def _is_pure(node: ast.AST) -> bool:
    """Whether a function surely changes nothing but its own names."""
    for part in ast.walk(node):
        if isinstance(part, (ast.Global, ast.Nonlocal, ast.Delete, ast.Import, ast.ImportFrom, ast.With)):
            return False
        if isinstance(part, (ast.Attribute, ast.Subscript)) and not isinstance(part.ctx, ast.Load):
            return False
        if isinstance(part, ast.AugAssign):
            return False
        if isinstance(part, ast.Call):
            name = part.func.id if isinstance(part.func, ast.Name) else ""
            text = part.func.attr if isinstance(part.func, ast.Attribute) else ""
            if (
                name not in BUILTINS - {"setattr", "delattr", "exec", "eval", "open", "next"}
                and text not in PURE_METHODS
            ):
                return False
    return True


PURE_METHODS = frozenset(name for name in dir(str) if not name.startswith("_")) | {
    "items",
    "keys",
    "values",
    "get",
}


def _instantiate(
    machine: Machine,
    frame: Frame,
    of: Class,
    positional: Sequence[Value],
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    made = machine.heap.new(Instance(of))
    _note_special_methods(machine, frame, of, made)
    if any(isinstance(base, Class) and read_cell(machine, base.scope, "__new__") for base in linearize(of)):
        machine.may_raise()
        machine.note_unread(f"{of.name}.__new__")
        return Unknown(f"an object of the class {of.name}")
    own = read_cell(machine, of.scope, "__init__")
    if of.dataclass_fields and own is None:
        for name, value in (*zip(of.dataclass_fields, positional, strict=False), *keywords.items()):
            machine.heap.set((made.number, name), value)
        if "**" in keywords:
            machine.escape(made, "arguments that are not known")
        after = class_attribute(machine, of, "__post_init__")
        if after is not None:
            call(machine, frame, after, [made], {}, node)
        return made
    start = class_attribute(machine, of, "__init__")
    if start is None:
        if "**" not in keywords and (positional or keywords):
            raise machine.raises("TypeError", f"{of.name}() takes no arguments")
        return made
    call(machine, frame, start, [made, *positional], keywords, node)
    return made


def run_function(
    machine: Machine,
    frame: Frame,
    function: Function,
    positional: Sequence[Value],
    keywords: Keywords,
    *,
    body_of_generator: bool = False,
) -> Value:
    """Run a function of the plugin and join what its ways out leave behind."""
    if machine.depth >= MAX_DEPTH:
        raise TooComplex(f"{function.name} calls itself too often")
    machine.depth += 1
    scope = machine.heap.number()
    depth = machine.heap.push()
    doubts = len(machine.doubts)
    package = machine.packages.get(function.module, "")
    inner = Frame(function.path, function.module, (scope, *function.scopes), depth, frame.line, package)
    layer: Layer = {}
    try:
        _bind(machine, inner, function, positional, keywords)
        returns = _run_body(machine, inner, function, body_of_generator)
    finally:
        del machine.doubts[doubts:]
        layer = machine.heap.cut(depth)
        machine.depth -= 1
    if not returns:
        raise Raises("Exception", f"{function.name} always fails")
    reason = f"which way {function.name} takes"
    if inner.yields is not None and not body_of_generator:
        return _generator(machine, inner.yields, layer, reason)
    machine.heap.join([state for _, state in returns], reason)
    return join_all([value for value, _ in returns], reason)


def _run_body(
    machine: Machine, inner: Frame, function: Function, body_of_generator: bool
) -> list[tuple[Value, Layer]]:
    node = function.node
    if isinstance(node, ast.Lambda):
        value = machine.evaluate(machine, inner, node.body)
        return [(value, machine.heap.since(inner.depth))]
    names = names_of(node)
    inner.locals_, inner.globals_, inner.nonlocals = names.local, names.global_, names.nonlocal_
    if isinstance(node, ast.AsyncFunctionDef):
        machine.doubts.append(Doubt("only if it is awaited"))
    if names.yields:
        inner.yields = machine.heap.new(Items("generator"))
        if not body_of_generator:
            machine.doubts.append(Doubt("only as far as it is gone through"))
    flags = execute_block(machine, inner, node.body)
    if flags & ALIVE:
        inner.returns.append((NONE, machine.heap.since(inner.depth)))
    return inner.returns


def _generator(machine: Machine, yields: Ref, layer: Layer, reason: str) -> Value:
    """What a generator gives; what its body changes elsewhere changes only as far as it is gone through."""
    for place, cell in layer.items():
        before = machine.heap.get(place)
        if before is not None:
            layer[place] = join_cells([before, cell], reason)
    machine.heap.apply(layer)
    items = machine.items(yields)
    return yields if items is None else machine.heap.new_lazy(items)


def _bind(
    machine: Machine, inner: Frame, function: Function, positional: Sequence[Value], keywords: Keywords
) -> None:
    """Give the parameters their values."""
    arguments = function.node.args
    scope = inner.scopes[0]
    unknown = keywords.get("**")
    named = {name: value for name, value in keywords.items() if name != "**"}
    parameters = [*arguments.posonlyargs, *arguments.args]
    defaults: dict[str, Value] = dict(
        zip(
            (p.arg for p in parameters[len(parameters) - len(function.defaults) :]),
            function.defaults,
            strict=True,
        )
    )
    defaults.update(function.keyword_defaults)
    given = list(positional)
    for parameter in parameters:
        name = parameter.arg
        if unknown is not None:
            value: Value | None = Unknown("arguments that are not known")
        elif given:
            value = given.pop(0)
        elif name in named and parameter not in arguments.posonlyargs:
            value = named.pop(name)
        else:
            value = defaults.get(name)
        if value is None:
            raise machine.raises("TypeError", f"{function.name} needs the argument {name}")
        machine.heap.set((scope, name), value)
    for parameter in arguments.kwonlyargs:
        name = parameter.arg
        value = unknown or named.pop(name, None) or defaults.get(name)
        if value is None:
            raise machine.raises("TypeError", f"{function.name} needs the argument {name}")
        machine.heap.set((scope, name), value)
    rest = "arguments that are not known" if unknown is not None else ""
    if arguments.vararg is not None:
        slots = tuple(Slot(value, rest) for value in given)
        machine.heap.set((scope, arguments.vararg.arg), machine.heap.new(Items("tuple", slots, rest)))
    elif given and not rest:
        raise machine.raises("TypeError", f"{function.name} takes fewer arguments")
    if arguments.kwarg is not None:
        table = Table({name: Slot(value, rest) for name, value in named.items()}, rest)
        machine.heap.set((scope, arguments.kwarg.arg), machine.heap.new(table))
    elif named and not rest:
        raise machine.raises("TypeError", f"{function.name} does not take the argument {next(iter(named))}")


class Names:
    """The names that a function assigns, and whether it is a generator."""

    __slots__ = ("global_", "local", "nonlocal_", "yields")

    def __init__(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        local: set[str] = set()
        global_: set[str] = set()
        nonlocal_: set[str] = set()
        self.yields = False
        pending: list[ast.AST] = list(node.body)
        while pending:
            item = pending.pop()
            if isinstance(item, ast.Name) and not isinstance(item.ctx, ast.Load):
                local.add(item.id)
            elif isinstance(item, ast.Global):
                global_.update(item.names)
            elif isinstance(item, ast.Nonlocal):
                nonlocal_.update(item.names)
            elif isinstance(item, (ast.Import, ast.ImportFrom)):
                local.update((alias.asname or alias.name).split(".")[0] for alias in item.names)
            elif isinstance(item, ast.ExceptHandler) and item.name:
                local.add(item.name)
            elif isinstance(item, (ast.Yield, ast.YieldFrom)):
                self.yields = True
            if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                local.add(item.name)
                pending.extend(item.decorator_list)
            elif isinstance(item, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
                pending.extend(n for n in ast.walk(item) if isinstance(n, ast.NamedExpr))
                pending.append(item.generators[0].iter)
            elif not isinstance(item, ast.Lambda):
                pending.extend(ast.iter_child_nodes(item))
        self.local = frozenset(local - global_ - nonlocal_)
        self.global_, self.nonlocal_ = frozenset(global_), frozenset(nonlocal_)


def names_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Names:
    found = getattr(node, "_tljh_names", None)
    if not isinstance(found, Names):
        found = Names(node)
        node._tljh_names = found  # type: ignore[union-attr]
    return found
