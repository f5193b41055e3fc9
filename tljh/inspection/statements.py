"""Statements: what runs, in how many ways, and how the ways meet again."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from tljh.inspection import configuration
from tljh.inspection.access import class_attribute, iterate, linearize, read_cell
from tljh.inspection.expressions import make_function, operate
from tljh.inspection.imports import import_from, import_name
from tljh.inspection.machine import Doubt, Frame, Loop, Machine, Raises, TooComplex, Try
from tljh.inspection.method_calls import call_items, call_table
from tljh.inspection.targets import assign, delete, set_name
from tljh.inspection.truth import doubts_of_test, show, truth
from tljh.inspection.values import (
    MAX_CHOICES,
    NONE,
    Cell,
    Choice,
    Class,
    ConfigNode,
    Const,
    External,
    FileValue,
    Function,
    Instance,
    Items,
    Layer,
    Method,
    Ref,
    Slot,
    Table,
    Unknown,
    Value,
    Wrapped,
    join_all,
    widen_cells,
)

ALIVE, RETURN, RAISE, LOOP = 1, 2, 4, 8
"""How a block can end: by going on, `return`, an exception, or `break` and `continue`."""
MAX_ROUNDS = 5_000


def execute_block(machine: Machine, frame: Frame, block: Sequence[ast.stmt]) -> int:
    """Run statements one after the other; the ways in which they can end, as flags."""
    flags = 0
    for statement in block:
        machine.step()
        frame.line = statement.lineno
        handler = HANDLERS.get(type(statement))
        if handler is None:
            if type(statement).__name__ != "TypeAlias":
                raise TooComplex(f"{type(statement).__name__} is not followed")
            continue
        ended = handler(machine, frame, statement)
        flags |= ended & ~ALIVE
        if not ended & ALIVE:
            return flags
    return flags | ALIVE


def _expression(machine: Machine, frame: Frame, node: ast.Expr) -> int:
    if not isinstance(node.value, ast.Constant):
        machine.evaluate(machine, frame, node.value)
    return ALIVE


def _assign(machine: Machine, frame: Frame, node: ast.Assign) -> int:
    value = machine.evaluate(machine, frame, node.value)
    frame.line = node.lineno
    for target in node.targets:
        assign(machine, frame, target, value)
    return ALIVE


def _annotated(machine: Machine, frame: Frame, node: ast.AnnAssign) -> int:
    if node.value is not None:
        assign(machine, frame, node.target, machine.evaluate(machine, frame, node.value))
    return ALIVE


def _augmented(machine: Machine, frame: Frame, node: ast.AugAssign) -> int:
    target = node.target
    load: ast.expr
    if isinstance(target, ast.Name):
        load = ast.copy_location(ast.Name(target.id, ast.Load()), target)
    elif isinstance(target, ast.Attribute):
        load = ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    else:
        load = ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)
    before = machine.evaluate(machine, frame, load)
    value = machine.evaluate(machine, frame, node.value)

    def one(old: Value) -> Value:
        return _in_place(machine, frame, node.op, old, value)

    after = machine.split(frame, before, one)
    frame.line = node.lineno
    if not (isinstance(after, Ref) and after == before and isinstance(target, ast.Subscript)):
        assign(machine, frame, target, after)
    return ALIVE


def _in_place(machine: Machine, frame: Frame, op: ast.operator, old: Value, value: Value) -> Value:
    """`old op= value`: lists, sets and dictionaries change in place."""
    items, table = machine.items(old), machine.table(old)
    if isinstance(old, Ref) and items is not None:
        if items.kind == "list" and isinstance(op, ast.Add):
            call_items(machine, frame, old, items, "extend", [value], {})
            return old
        if items.kind == "set" and isinstance(op, ast.BitOr):
            call_items(machine, frame, old, items, "update", [value], {})
            return old
        if items.kind in ("list", "set"):
            result = operate(machine, frame, op, old, value)
            made = machine.items(result)
            if made is None:
                machine.escape(old, "an operation in place")
            else:
                configuration.owner_changed(machine, frame, old)
                machine.heap.set(old.number, made)
            return old
    if isinstance(old, Ref) and table is not None and isinstance(op, ast.BitOr):
        call_table(machine, frame, old, table, "update", [value], {})
        return old
    if isinstance(old, ConfigNode) and isinstance(op, ast.BitOr):
        configuration.call_method(machine, frame, old, "update", [value], {})
        return old
    if isinstance(old, Unknown) and not isinstance(value, Const):
        machine.may_raise()
    return operate(machine, frame, op, old, value)


def _if(machine: Machine, frame: Frame, node: ast.If) -> int:
    test = machine.evaluate(machine, frame, node.test)
    known = truth(machine, test)
    if known is not None:
        return execute_block(machine, frame, node.body if known else node.orelse)
    yes, no = doubts_of_test(node.test, test)
    ends: list[int] = []

    def arm(block: Sequence[ast.stmt], holds: bool) -> Callable[[], Value | None]:
        def run() -> Value | None:
            ends.append(RAISE)
            narrow(machine, frame, node.test, holds)
            ends[-1] = execute_block(machine, frame, block)
            return NONE if ends[-1] & ALIVE else None

        return run

    reason = f"depends on {show(node.test)}"
    result = machine.branch(frame, [(arm(node.body, True), yes), (arm(node.orelse, False), no)], reason)
    leaves = [end & (RETURN | LOOP) for end in ends]
    if result is None:
        return ends[0] & ~ALIVE | ends[1] & ~ALIVE
    if any(leaves):
        if not ends[0] & ALIVE:
            machine.doubts.append(no)
        elif not ends[1] & ALIVE:
            machine.doubts.append(yes)
        else:
            machine.doubts.append(Doubt(reason))
    return ends[0] | ends[1]


def narrow(machine: Machine, frame: Frame, test: ast.expr, holds: bool) -> None:
    """On a path where a test of a name came out so, leave out its options that contradict."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        narrow(machine, frame, test.operand, not holds)
        return
    is_none: bool | None = None
    name = test
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        other = test.comparators[0]
        if isinstance(other, ast.Constant) and other.value is None:
            name = test.left
            is_none = isinstance(test.ops[0], (ast.Is, ast.Eq))
    if not isinstance(name, ast.Name):
        return
    for scope in frame.scopes:
        value = machine.heap.get((scope, name.id))
        if value is None:
            continue
        if isinstance(value, Choice):
            kept = [option for option in value.options if _may_hold(machine, option, is_none, holds)]
            if kept and len(kept) < len(value.options):
                machine.heap.set((scope, name.id), join_all(kept, value.reason))
        return


def _may_hold(machine: Machine, option: Value, is_none: bool | None, holds: bool) -> bool:
    if is_none is None:
        return truth(machine, option) is not (not holds)
    if isinstance(option, (Unknown, Choice, External)):
        return True
    return (option == NONE) is (is_none is holds)


def _for(machine: Machine, frame: Frame, node: ast.For | ast.AsyncFor) -> int:
    value = machine.evaluate(machine, frame, node.iter)
    items = iterate(machine, value)
    generator = machine.items(value)
    if items.rest or (not items.order and len(items.slots) > 1) or len(items.slots) > MAX_ROUNDS:
        options = [slot.value for slot in items.slots]
        reason = items.rest or "the order of a set"
        element: Value = Unknown(reason, f"{{{show(node.target, 30)}}}")
        if options and not items.rest and len(options) <= MAX_CHOICES:
            element = join_all(options, reason)

        def round_() -> int:
            assign(machine, frame, node.target, element)
            return execute_block(machine, frame, node.body)

        return _unknown_loop(machine, frame, round_, node.orelse, f"how often {show(node.iter)} gives")
    flags = _known_loop(machine, frame, node, items.slots, value)
    if flags & LOOP and generator is not None and generator.kind == "generator" and isinstance(value, Ref):
        slots = tuple(replace(slot, maybe="what a loop left over") for slot in items.slots)
        machine.heap.set(value.number, replace(generator, slots=slots))
    return flags & ~LOOP


def _gone_through(machine: Machine, source: Value) -> Cell | None:
    """The list, set or dictionary that a loop goes through."""
    cell = machine.heap.get(source.number) if isinstance(source, Ref) else None
    return (
        cell
        if isinstance(cell, Table) or (isinstance(cell, Items) and cell.kind in ("list", "set"))
        else None
    )


def _now(machine: Machine, source: Value, began: Cell | None, slots: Sequence[Slot]) -> Sequence[Slot]:
    """The items of a loop as they are now: the loop may change what it goes through."""
    now = _gone_through(machine, source)
    if now is began or now is None:
        return slots
    if isinstance(now, Items) and now.kind == "list" and now.is_exact and now.order:
        if len(now.slots) > MAX_ROUNDS:
            raise TooComplex("a loop that goes on")
        return now.slots
    if isinstance(now, Table) and isinstance(began, Table) and list(now.entries) == list(began.entries):
        return [
            replace(one, maybe=one.maybe or other.maybe)
            for one, other in zip(slots, now.entries.values(), strict=False)
        ]
    raise TooComplex("a collection is changed while a loop goes through it")


def _known_loop(
    machine: Machine, frame: Frame, node: ast.For | ast.AsyncFor, slots: Sequence[Slot], source: Value
) -> int:
    began = _gone_through(machine, source)
    outer = machine.heap.push()
    loop = Loop(outer, outer)
    frame.loops.append(loop)
    doubts = len(machine.doubts)
    flags, alive = 0, True
    breaks = 0
    try:
        place = 0
        while place < len(slots):
            slot = slots[place]
            place += 1
            alive, ended = _round(machine, frame, node, loop, slot)
            flags |= ended
            if not alive:
                break
            slots = _now(machine, source, began, slots)
            if len(loop.breaks) > breaks:
                breaks = len(loop.breaks)
                machine.doubts.append(Doubt("only if the loop goes on"))
        if alive:
            ended = execute_block(machine, frame, node.orelse)
            flags |= ended & ~ALIVE
            alive = bool(ended & ALIVE)
    finally:
        frame.loops.pop()
        del machine.doubts[doubts:]
        layer = machine.heap.cut(outer)
    return _end_of_loop(machine, [layer] if alive else [], loop, flags)


def _end_of_loop(machine: Machine, layers: list[Layer], loop: Loop, flags: int) -> int:
    layers = [*layers, *loop.breaks]
    if not layers:
        return flags & ~ALIVE
    machine.heap.join(layers, "when the loop ends")
    if flags & RETURN:
        machine.doubts.append(Doubt("only if the loop does not return"))
    return flags | ALIVE


def _round(
    machine: Machine, frame: Frame, node: ast.For | ast.AsyncFor, loop: Loop, slot: Slot
) -> tuple[bool, int]:
    """One round of a loop; whether the loop goes on, and how the body ended."""
    ended = 0
    loop.continues = []
    depth = machine.heap.push()
    loop.depth, outer = depth, loop.depth
    doubts = len(machine.doubts)
    try:
        if slot.maybe:
            machine.doubts.append(Doubt(slot.maybe))
        assign(machine, frame, node.target, slot.value)
        ended = execute_block(machine, frame, node.body)
    finally:
        loop.depth = outer
        del machine.doubts[doubts:]
        layer = machine.heap.cut(depth)
    layers = [layer] if ended & ALIVE else []
    layers += loop.continues
    if slot.maybe:
        layers.append({})
    if not layers:
        return False, ended & ~ALIVE
    machine.heap.join(layers, slot.maybe or "which way the loop takes")
    if ended & RETURN:
        machine.doubts.append(Doubt("only if the loop does not return"))
    return True, ended & ~ALIVE


def _unknown_loop(
    machine: Machine, frame: Frame, round_: Callable[[], int], orelse: Sequence[ast.stmt], reason: str
) -> int:
    """A loop of any number of rounds: what it changes is widened until another round changes no more."""
    outer = machine.heap.push()
    loop = Loop(outer, outer)
    frame.loops.append(loop)
    doubts = len(machine.doubts)
    machine.may_raise()
    flags = 0
    try:
        for attempt in range(6):
            with machine.silently():
                layer, _ = _one_round(machine, loop, round_, reason)
            if not _widen(machine, layer, reason, havoc=attempt >= 4):
                break
        layer, flags = _one_round(machine, loop, round_, reason)
        _widen(machine, layer, reason)
        machine.heap.join([{}, layer], reason)
    finally:
        frame.loops.pop()
        del machine.doubts[doubts:]
        layer = machine.heap.cut(outer)
    machine.heap.apply(layer)
    for broken in loop.breaks:
        machine.heap.join([{}, broken], reason)
    if flags & RETURN:
        machine.doubts.append(Doubt("only if the loop does not return"))
    ended = execute_block(machine, frame, orelse) if orelse else ALIVE
    return ended | (flags & (RETURN | RAISE))


def _one_round(machine: Machine, loop: Loop, round_: Callable[[], int], reason: str) -> tuple[Layer, int]:
    depth = machine.heap.push()
    loop.depth, outer = depth, loop.depth
    doubts = len(machine.doubts)
    machine.doubts.append(Doubt(reason))
    loop.continues = []
    flags = 0
    try:
        flags = round_()
    except Raises:
        flags = RAISE
    finally:
        loop.depth = outer
        del machine.doubts[doubts:]
        layer = machine.heap.cut(depth)
    if loop.continues:
        inner = machine.heap.push()
        machine.heap.join([*([layer] if flags & ALIVE else []), *loop.continues], reason)
        layer = machine.heap.cut(inner)
    return layer, flags


def _widen(machine: Machine, layer: Layer, reason: str, *, havoc: bool = False) -> bool:
    """Put the widened state in place of the current one; whether that changed anything."""
    changed = False
    for place, cell in layer.items():
        before = machine.heap.get(place)
        if before is None and isinstance(place, int):
            continue
        widened = Unknown(reason) if before is None or havoc else widen_cells(before, cell, reason)
        if widened != before:
            changed = True
            machine.heap.set(place, widened)
    return changed


def _while(machine: Machine, frame: Frame, node: ast.While) -> int:
    known = truth(machine, _quietly(machine, frame, node.test))
    if known is False:
        machine.evaluate(machine, frame, node.test)
        return execute_block(machine, frame, node.orelse)

    def round_() -> int:
        machine.evaluate(machine, frame, node.test)
        narrow(machine, frame, node.test, True)
        return execute_block(machine, frame, node.body)

    if known is None or (isinstance(node.test, ast.Constant) and node.test.value):
        return (
            _unknown_loop(machine, frame, round_, node.orelse, f"how often {show(node.test)} holds") & ~LOOP
        )
    return _counted_while(machine, frame, node)


def _quietly(machine: Machine, frame: Frame, test: ast.expr) -> Value:
    """The value of a test, without what evaluating it changes."""
    depth = machine.heap.push()
    try:
        with machine.silently():
            return machine.evaluate(machine, frame, test)
    finally:
        machine.heap.cut(depth)


def _counted_while(machine: Machine, frame: Frame, node: ast.While) -> int:
    """A loop whose test can be decided, round by round; given up for an unknown loop where it cannot."""
    flags = 0
    for _ in range(200):
        known = truth(machine, _quietly(machine, frame, node.test))
        if known is None:
            break
        machine.evaluate(machine, frame, node.test)
        if not known:
            return execute_block(machine, frame, node.orelse) | (flags & ~ALIVE & ~LOOP)
        start = machine.heap.push()
        loop = Loop(start, start)
        frame.loops.append(loop)
        try:
            ended = execute_block(machine, frame, node.body)
        finally:
            frame.loops.pop()
            layer = machine.heap.cut(start)
        flags |= ended & ~ALIVE
        if loop.breaks and not ended & ALIVE and not loop.continues:
            machine.heap.join(loop.breaks, "when the loop ends")
            return flags & ~LOOP | ALIVE
        if loop.breaks:
            machine.heap.join(
                [*([layer] if ended & ALIVE else []), *loop.continues, *loop.breaks], "the loop"
            )
            break
        layers = [*([layer] if ended & ALIVE else []), *loop.continues]
        if not layers:
            return flags & ~LOOP
        machine.heap.join(layers, "which way the loop takes")

    def round_() -> int:
        machine.evaluate(machine, frame, node.test)
        return execute_block(machine, frame, node.body)

    ended = _unknown_loop(machine, frame, round_, node.orelse, f"how often {show(node.test)} holds")
    return (ended | flags) & ~LOOP


def _break(machine: Machine, frame: Frame, node: ast.Break) -> int:
    if frame.loops:
        loop = frame.loops[-1]
        loop.breaks.append(machine.heap.since(loop.start))
    return LOOP


def _continue(machine: Machine, frame: Frame, node: ast.Continue) -> int:
    if frame.loops:
        loop = frame.loops[-1]
        loop.continues.append(machine.heap.since(loop.depth))
    return LOOP


def _return(machine: Machine, frame: Frame, node: ast.Return) -> int:
    value = NONE if node.value is None else machine.evaluate(machine, frame, node.value)
    frame.returns.append((value, machine.heap.since(frame.depth)))
    return RETURN


def _raise(machine: Machine, frame: Frame, node: ast.Raise) -> int:
    name = "Exception"
    if node.exc is not None:
        value = machine.evaluate(machine, frame, node.exc)
        if isinstance(value, External):
            name = value.name.removeprefix("builtins.")
        elif isinstance(value, Unknown) and value.name:
            name = value.name
    raise machine.raises(name)


def _assert(machine: Machine, frame: Frame, node: ast.Assert) -> int:
    known = truth(machine, machine.evaluate(machine, frame, node.test))
    if known is None:
        machine.may_raise("AssertionError")
    elif not known:
        raise machine.raises("AssertionError")
    return ALIVE


def _pass(machine: Machine, frame: Frame, node: ast.stmt) -> int:
    return ALIVE


def _delete(machine: Machine, frame: Frame, node: ast.Delete) -> int:
    for target in node.targets:
        delete(machine, frame, target)
    return ALIVE


def _import(machine: Machine, frame: Frame, node: ast.Import) -> int:
    import_name(machine, frame, node)
    return ALIVE


def _import_from(machine: Machine, frame: Frame, node: ast.ImportFrom) -> int:
    import_from(machine, frame, node)
    return ALIVE


def _with(machine: Machine, frame: Frame, node: ast.With | ast.AsyncWith) -> int:
    suppresses = False
    for place, item in enumerate(node.items):
        value = machine.evaluate(machine, frame, item.context_expr)
        cell = machine.heap.get(value.number) if isinstance(value, Ref) else None
        if isinstance(cell, Instance):
            return _with_object(machine, frame, node, place, value)
        suppresses = suppresses or (isinstance(value, Unknown) and value.name == "contextlib.suppress()")
        if item.optional_vars is not None:
            entered: Value = (
                value if isinstance(value, (FileValue, Unknown)) else Unknown("what `with` gives")
            )
            assign(machine, frame, item.optional_vars, entered)
    if not suppresses:
        return execute_block(machine, frame, node.body)
    handler = ast.ExceptHandler(None, None, [ast.copy_location(ast.Pass(), node)])
    return _try(machine, frame, ast.copy_location(ast.Try(node.body, [handler], [], []), node))


def _with_object(
    machine: Machine, frame: Frame, node: ast.With | ast.AsyncWith, place: int, value: Value
) -> int:
    """`with` of an object of the plugin: its `__enter__`, and its `__exit__` on every way out."""
    name = f"with {machine.heap.number()}"
    machine.heap.set((frame.scopes[0], name), value)

    def method(word: str, count: int) -> ast.Call:
        owner = ast.copy_location(ast.Name(name, ast.Load()), node)
        function = ast.copy_location(ast.Attribute(owner, word, ast.Load()), node)
        nothing: list[ast.expr] = [ast.copy_location(ast.Constant(None), node) for _ in range(count)]
        return ast.copy_location(ast.Call(function, nothing, []), node)

    entered = machine.evaluate(machine, frame, method("__enter__", 0))
    target = node.items[place].optional_vars
    if target is not None:
        assign(machine, frame, target, entered)
    body: list[ast.stmt] = node.body
    if node.items[place + 1 :]:
        body = [ast.copy_location(ast.With(node.items[place + 1 :], node.body), node)]
    leave = ast.copy_location(ast.Expr(method("__exit__", 3)), node)
    suppress = ast.ExceptHandler(None, None, [ast.copy_location(ast.Pass(), node)])
    inner = ast.copy_location(ast.Try(body, [], [], [leave]), node)
    return _try(machine, frame, ast.copy_location(ast.Try([inner], [suppress], [], []), node))


def _function(machine: Machine, frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    machine.executed.add(node)
    decorators = [machine.evaluate(machine, frame, decorator) for decorator in node.decorator_list]
    value: Value = make_function(machine, frame, node, node.name)
    for decorator, syntax in zip(reversed(decorators), reversed(node.decorator_list), strict=True):
        value = decorate(machine, frame, decorator, value, show(syntax, 40))
    frame.line = node.lineno
    set_name(machine, frame, node.name, value)
    return ALIVE


MARK = "tljh_impl"


def decorate(machine: Machine, frame: Frame, decorator: Value, value: Value, text: str) -> Value:
    """A function under a decorator; one that was not read may have made anything of it."""
    if isinstance(decorator, (External, Unknown)) and isinstance(value, (Function, Wrapped)):
        name = decorator.name
        if name in ("builtins.staticmethod", "builtins.classmethod", "builtins.property"):
            return machine.call(machine, frame, decorator, [value], {}, ast.Pass())
        if name == "functools.wraps()":
            return value
        inner = value.inner if isinstance(value, Wrapped) else value
        wrapped = Wrapped(machine.heap.number(), inner, f"@{text}")
        mark = read_cell(machine, value.number, MARK)
        if mark is not None:
            machine.heap.set((wrapped.number, MARK), mark)
        return wrapped
    return machine.call(machine, frame, decorator, [value], {}, ast.Pass())


def _metaclass(machine: Machine, frame: Frame, node: ast.ClassDef) -> Value | None:
    """The value of `metaclass=`, of which abc's is as good as none."""
    found: Value | None = None
    for keyword in node.keywords:
        value = machine.evaluate(machine, frame, keyword.value)
        if keyword.arg == "metaclass" and value == External("abc.ABCMeta"):
            continue
        if isinstance(value, Class):
            machine.dynamic = machine.dynamic or f"the class {node.name} is made by code of the plugin"
        found = Unknown("a metaclass")
    return found


def _class(machine: Machine, frame: Frame, node: ast.ClassDef) -> int:
    bases = tuple(machine.evaluate(machine, frame, base) for base in node.bases)
    scope = machine.heap.number()
    inner = Frame(
        frame.path,
        frame.module,
        (scope, *frame.scopes[int(frame.in_class) :]),
        frame.depth,
        frame.line,
        frame.package,
        in_class=True,
    )
    execute_block(machine, inner, node.body)
    decorators = [machine.evaluate(machine, frame, decorator) for decorator in node.decorator_list]
    is_dataclass = any(
        getattr(decorator, "name", "") in ("dataclasses.dataclass", "dataclasses.dataclass()")
        for decorator in decorators
    )
    fields = [name for base in reversed(bases) if isinstance(base, Class) for name in base.dataclass_fields]
    fields += [
        statement.target.id
        for statement in node.body
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and statement.target.id not in fields
    ]
    plain = all(_is_plain_dataclass(decorator) for decorator in node.decorator_list) and not any(
        isinstance(statement, ast.AnnAssign) and UNUSUAL_FIELDS.search(show(statement.annotation))
        for statement in node.body
    )
    if is_dataclass and not plain:
        is_dataclass, bases = False, (*bases, Unknown("an unusual dataclass"))
    metaclass = _metaclass(machine, frame, node)
    extra = (metaclass,) if metaclass is not None else ()
    made: Value = Class(
        machine.heap.number(),
        node.name,
        frame.path,
        node.lineno,
        scope,
        (*bases, *extra),
        tuple(fields) if is_dataclass else (),
    )
    if decorators and not is_dataclass:
        made = Unknown(f"the class {node.name}, changed by a decorator")
        for decorator in decorators:
            machine.call(machine, frame, decorator, [made], {}, ast.Pass())
    frame.line = node.lineno
    if isinstance(made, Class):
        _announce(machine, frame, made)
    set_name(machine, frame, node.name, made)
    return ALIVE


UNUSUAL_FIELDS = re.compile("ClassVar|InitVar|KW_ONLY")


def _is_plain_dataclass(node: ast.expr) -> bool:
    """Whether the options of a dataclass leave its `__init__` as it is."""
    known = ("frozen", "order", "eq", "slots", "repr", "unsafe_hash")
    return not isinstance(node, ast.Call) or all(keyword.arg in known for keyword in node.keywords)


def _announce(machine: Machine, frame: Frame, made: Class) -> None:
    """Run what a class's bases and attributes do when a class is made."""
    for base in linearize(made)[1:]:
        if isinstance(base, Class):
            start = read_cell(machine, base.scope, "__init_subclass__")
            if isinstance(start, (Function, Wrapped)):
                machine.call(machine, frame, start, [made], {"**": Unknown("a class's options")}, ast.Pass())
                break
    for name in machine.heap.names(made.scope):
        value = read_cell(machine, made.scope, name)
        cell = machine.heap.get(value.number) if isinstance(value, Ref) else None
        if isinstance(value, Ref) and isinstance(cell, Instance):
            start = class_attribute(machine, cell.of, "__set_name__")
            if start is not None:
                machine.call(
                    machine,
                    frame,
                    Method(value, "__set_name__", start if isinstance(start, Function) else None),
                    [made, Const(name)],
                    {},
                    ast.Pass(),
                )


def _try(machine: Machine, frame: Frame, node: ast.Try) -> int:
    if not node.finalbody:
        return _try_except(machine, frame, node)
    marks = _pending(machine, frame)
    error: Raises | None = None
    try:
        flags = _try_except(machine, frame, node)
    except Raises as raised:
        error, flags = raised, RAISE
    runs_on = _finally_on_the_way_out(machine, frame, node.finalbody, marks)
    ended = execute_block(machine, frame, node.finalbody)
    if flags & ALIVE:
        return ended | (flags & ~ALIVE)
    if error is not None and ended & ALIVE:
        raise error
    return flags if ended & ALIVE and runs_on else ended


def _pending(machine: Machine, frame: Frame) -> list[tuple[list[Layer], int, int]]:
    """The states kept for ways out of a block, how many there are now, and the depth that they begin at."""
    found = [(block.states, len(block.states), block.depth) for block in machine.tries[-1:]]
    for loop in frame.loops[-1:]:
        found.append((loop.breaks, len(loop.breaks), loop.start))
        found.append((loop.continues, len(loop.continues), loop.depth))
    returns = [state for _, state in frame.returns]
    return [*found, (returns, len(returns), frame.depth)]


def _finally_on_the_way_out(
    machine: Machine, frame: Frame, block: Sequence[ast.stmt], marks: list[tuple[list[Layer], int, int]]
) -> bool:
    """Run `finally` on every way out that the body took; whether any of them goes on."""
    returned = marks[-1][1]
    for states, before, depth in marks[:-1]:
        ways = [_after(machine, frame, block, state, depth) for state in states[before:]]
        states[before:] = [way for way in ways if way is not None]
    kept: list[tuple[Value, Layer]] = []
    for value, state in frame.returns[returned:]:
        way = _after(machine, frame, block, state, frame.depth)
        if way is not None:
            kept.append((value, way))
    overridden = len(frame.returns) - returned > len(kept)
    frame.returns[returned:] = kept
    return not overridden


def _after(
    machine: Machine, frame: Frame, block: Sequence[ast.stmt], state: Layer, depth: int
) -> Layer | None:
    """The state that `finally` makes of one; None if it leaves in another way."""
    saved, machine.heap.layers[depth:] = machine.heap.layers[depth:], [dict(state), {}]
    doubts, returns = len(machine.doubts), len(frame.returns)
    ways = [(states, count) for states, count, _ in _pending(machine, frame)[:-1]]
    try:
        with machine.silently():
            ended = execute_block(machine, frame, block)
        return machine.heap.since(depth) if ended & ALIVE else None
    except Raises:
        return None
    finally:
        machine.heap.layers[depth:] = saved
        del machine.doubts[doubts:], frame.returns[returns:]
        for states, count in ways:
            del states[count:]


def _try_except(machine: Machine, frame: Frame, node: ast.Try) -> int:
    depth = machine.heap.push()
    block = Try(depth)
    tries = len(machine.tries)
    machine.tries.append(block)
    doubts = len(machine.doubts)
    error: Raises | None = None
    flags = RAISE
    try:
        flags = execute_block(machine, frame, node.body)
    except Raises as raised:
        error = raised
        del machine.doubts[doubts:]
    finally:
        del machine.tries[tries:]
        layer = machine.heap.cut(depth)
    if not block.states and error is None:
        machine.heap.apply(layer)
        return _orelse(machine, frame, node, flags)
    return _meet_handlers(machine, frame, node, block, layer, flags, error)


def _orelse(machine: Machine, frame: Frame, node: ast.Try, flags: int) -> int:
    if not flags & ALIVE:
        return flags
    return execute_block(machine, frame, node.orelse) | (flags & ~ALIVE)


def _meet_handlers(
    machine: Machine,
    frame: Frame,
    node: ast.Try,
    block: Try,
    layer: Layer,
    flags: int,
    error: Raises | None,
) -> int:
    """The ways on from a body that may have failed: its own end, and every handler that may be meant."""
    sure = error is not None and len(block.states) <= 1
    handlers, surely_caught = _matching(node, error.name if sure and error else None)
    if not handlers or not surely_caught:
        _pass_on(machine, block, layer, error.name if error else "Exception")
    if error is not None and not handlers:
        machine.heap.apply(layer)
        raise error
    ends: list[int] = []
    fails = "only if something before it fails"

    def body() -> Value | None:
        machine.heap.apply(layer)
        ends.append(RAISE)
        ends[-1] = _orelse(machine, frame, node, flags)
        return NONE if ends[-1] & ALIVE else None

    def handle(handler: ast.ExceptHandler) -> Callable[[], Value | None]:
        def run() -> Value | None:
            ends.append(RAISE)
            machine.heap.join(block.states or [layer], "where it fails")
            if block.overflow:
                for place, cell in layer.items():
                    machine.heap.set(place, widen_cells(machine.heap.get(place), cell, "where it fails"))
            if handler.name:
                set_name(machine, frame, handler.name, Unknown("an exception", "{the error}"))
            ends[-1] = execute_block(machine, frame, handler.body)
            return NONE if ends[-1] & ALIVE else None

        return run

    if sure and len(handlers) == 1:
        handle(handlers[0])()
        return ends[0]
    arms = [(handle(handler), Doubt(fails)) for handler in handlers]
    if error is None:
        doubt = Doubt("only if nothing before it fails")
        arms.insert(0, (body, doubt))
    result = machine.branch(frame, arms, "whether something fails")
    union = 0
    for end in ends:
        union |= end
    if result is None:
        return union & ~ALIVE
    if any(end & (RETURN | LOOP) for end in ends):
        machine.doubts.append(Doubt("only if the code before it does not end the function"))
    return union | ALIVE


def _pass_on(machine: Machine, block: Try, layer: Layer, name: str) -> None:
    """An exception may leave this `try` for the one around it, from any of the states of the body."""
    for state in (*block.states, layer):
        depth = machine.heap.push()
        try:
            machine.heap.apply(state)
            machine.may_raise(name)
        finally:
            machine.heap.cut(depth)


IMPORT_ERRORS = ("ModuleNotFoundError", "ImportError", "Exception", "BaseException")
LOOKUP_ERRORS = ("LookupError", "Exception", "BaseException")
PARENTS: dict[str, tuple[str, ...]] = {
    "ModuleNotFoundError": IMPORT_ERRORS,
    "ImportError": IMPORT_ERRORS[1:],
    "KeyError": ("KeyError", *LOOKUP_ERRORS),
    "IndexError": ("IndexError", *LOOKUP_ERRORS),
    "NameError": ("NameError", "Exception", "BaseException"),
    "AttributeError": ("AttributeError", "Exception", "BaseException"),
    "TypeError": ("TypeError", "Exception", "BaseException"),
}


def _matching(node: ast.Try, name: str | None) -> tuple[list[ast.ExceptHandler], bool]:
    """The handlers that an exception may reach; whether one surely catches it."""
    parents = PARENTS.get(name or "")
    found: list[ast.ExceptHandler] = []
    for handler in node.handlers:
        if handler.type is None:
            return [*found, handler], True
        types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        names = [item.id for item in types if isinstance(item, ast.Name)]
        if "Exception" in names or "BaseException" in names:
            return [*found, handler], True
        if parents is None:
            found.append(handler)
        elif any(item in parents for item in names):
            return [*found, handler], True
        elif len(names) < len(types) or any(item not in PARENTS for item in names):
            found.append(handler)
    return found, False


def _match(machine: Machine, frame: Frame, node: ast.Match) -> int:
    machine.evaluate(machine, frame, node.subject)
    reason = f"depends on {show(node.subject)}"
    ends: list[int] = []

    def arm(case: ast.match_case) -> Callable[[], Value | None]:
        def run() -> Value | None:
            for item in ast.walk(case.pattern):
                bound = getattr(item, "name", None) or getattr(item, "rest", None)
                if isinstance(bound, str):
                    set_name(machine, frame, bound, Unknown(reason))
            if case.guard is not None:
                machine.evaluate(machine, frame, case.guard)
            ends.append(execute_block(machine, frame, case.body))
            return NONE if ends[-1] & ALIVE else None

        return run

    def nothing() -> Value:
        ends.append(ALIVE)
        return NONE

    arms: list[tuple[Callable[[], Value | None], Doubt]] = [
        (arm(case), Doubt(f"only if {show(node.subject)} matches {show(case.pattern)}"))
        for case in node.cases
    ]
    result = machine.branch(frame, [*arms, (nothing, Doubt(reason))], reason)
    union = 0
    for end in ends:
        union |= end
    if result is not None and union & (RETURN | LOOP):
        machine.doubts.append(Doubt(reason))
    return union if result is not None else union & ~ALIVE


HANDLERS: dict[type[ast.stmt], Callable[..., int]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.Pass: _pass,
    ast.Global: _pass,
    ast.Nonlocal: _pass,
    ast.Delete: _delete,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Try: _try,
    ast.Match: _match,
}
