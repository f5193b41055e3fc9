"""Expressions: what each kind of syntax node evaluates to."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from tljh.inspection.access import BUILTINS, get_attribute, get_item, iterate, iterate_later, lazily, lookup
from tljh.inspection.concrete import NotKnown, key_of
from tljh.inspection.machine import MAX_ITEMS, MAX_TEXT, Doubt, Frame, Machine, TooComplex
from tljh.inspection.operators import WIDE, binary, compare, merge_tables, template, text_of
from tljh.inspection.targets import assign, set_name
from tljh.inspection.truth import doubts_of_test, show, truth
from tljh.inspection.values import (
    FALSE,
    NONE,
    TRUE,
    Choice,
    ConfigNode,
    Const,
    External,
    Function,
    Items,
    Key,
    KeyTest,
    PathValue,
    SequenceKind,
    Slot,
    Table,
    Unknown,
    Value,
)


def evaluate(machine: Machine, frame: Frame, node: ast.expr) -> Value:
    """The value of an expression. Raises Raises or TooComplex."""
    machine.step()
    handler = HANDLERS.get(type(node))
    if handler is None:
        return Unknown(f"{type(node).__name__} is not followed")
    return handler(machine, frame, node)


def _constant(machine: Machine, frame: Frame, node: ast.Constant) -> Value:
    if node.value is ...:
        return External("builtins.Ellipsis")
    if isinstance(node.value, (str, bytes)) and len(node.value) > MAX_TEXT:
        raise TooComplex("a text is too long")
    return Const(node.value)


def _name(machine: Machine, frame: Frame, node: ast.Name) -> Value:
    return lookup(machine, frame, node.id)


def _sequence(machine: Machine, frame: Frame, node: ast.List | ast.Tuple | ast.Set) -> Value:
    kind: SequenceKind = "list"
    if isinstance(node, ast.Tuple):
        kind = "tuple"
    elif isinstance(node, ast.Set):
        kind = "set"
    if len(node.elts) > MAX_ITEMS:
        raise TooComplex("a collection is too large")
    slots: list[Slot] = []
    rest, order = "", kind != "set"
    for element in node.elts:
        if isinstance(element, ast.Starred):
            items = iterate(machine, evaluate(machine, frame, element.value))
            slots.extend(items.slots)
            rest, order = rest or items.rest, order and items.order
        elif type(element) is ast.Constant and element.value is not ...:
            slots.append(Slot(Const(element.value)))
        else:
            slots.append(Slot(evaluate(machine, frame, element)))
    machine.step(len(node.elts))
    if kind == "set":
        return make_set(machine, Items("set", tuple(slots), rest, False))
    return machine.heap.new(Items(kind, tuple(slots), rest, order))


def make_set(machine: Machine, items: Items, kind: SequenceKind = "set") -> Value:
    """A set of the items, each once."""
    members: dict[object, Slot] = {}
    rest = items.rest
    for slot in items.slots:
        try:
            key: object = ("known", key_of(machine, slot.value))
        except NotKnown:
            key = ("value", slot.value)
            if len(items.slots) > 1:
                slot = replace(slot, maybe=slot.maybe or "it may equal another item of the set")
        present = members.get(key)
        if present is None or (present.maybe and not slot.maybe):
            members[key] = slot
    return machine.heap.new(Items(kind, tuple(members.values()), rest, False))


def _dict(machine: Machine, frame: Frame, node: ast.Dict) -> Value:
    table = Table({})
    entries: dict[Key, Slot] = {}
    rest = ""
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            other = evaluate(machine, frame, value)
            inner = machine.table(other)
            if inner is None:
                machine.may_raise()
                inner = Table({}, "a dictionary that is not known")
            table = merge_tables(Table(entries, rest), inner)
            entries, rest = dict(table.entries), table.rest
            continue
        key_value = evaluate(machine, frame, key)
        item = evaluate(machine, frame, value)
        try:
            entries[key_of(machine, key_value)] = Slot(item)
        except NotKnown:
            rest = "a key that is not known"
            entries = {k: Slot(Unknown(rest), s.maybe) for k, s in entries.items()}
    return machine.heap.new(Table(entries, rest))


def _joined(machine: Machine, frame: Frame, node: ast.JoinedStr) -> Value:
    parts: list[tuple[Value, int, str]] = []
    for piece in node.values:
        if isinstance(piece, ast.FormattedValue):
            value = evaluate(machine, frame, piece.value)
            spec = ""
            if piece.format_spec is not None:
                given = evaluate(machine, frame, piece.format_spec)
                plain = isinstance(given, Const) and isinstance(given.value, str) and not given.doubt
                spec = str(given.value) if plain and isinstance(given, Const) else "*"
            if isinstance(value, Unknown) and not value.text:
                value = replace(value, text=f"{{{show(piece.value, 40)}}}")
            parts.append((value, piece.conversion, spec))
        else:
            parts.append((evaluate(machine, frame, piece), -1, ""))
    chosen = [index for index, part in enumerate(parts) if isinstance(part[0], Choice)]
    if len(chosen) == 1:
        index = chosen[0]
        value, conversion, spec = parts[index]

        def with_option(option: Value) -> Value:
            return _format([*parts[:index], (option, conversion, spec), *parts[index + 1 :]])

        return machine.split(frame, value, with_option)
    return _format(parts)


def _format(parts: list[tuple[Value, int, str]]) -> Value:
    text, doubts = "", dict[str, None]()
    known = True
    for value, conversion, spec in parts:
        plain = isinstance(value, (Const, PathValue))
        if not plain or WIDE.search(spec):
            known = False
            text += text_of(value)
            continue
        assert isinstance(value, (Const, PathValue))
        doubts.update(dict.fromkeys(value.doubt))
        raw = value.value if isinstance(value, Const) else value.text
        if conversion in (ord("r"), ord("a")):
            known = known and isinstance(value, Const)
            raw = repr(raw) if conversion == ord("r") else ascii(raw)
        elif conversion == ord("s"):
            raw = str(raw)
        try:
            text += format(raw, spec)
        except (ValueError, TypeError):
            known = False
    if known and len(text) <= MAX_TEXT:
        return Const(text, tuple(doubts))
    return template(text, [value for value, _, _ in parts])


def _binary(machine: Machine, frame: Frame, node: ast.BinOp) -> Value:
    chain: list[ast.BinOp] = [node]
    while isinstance(chain[-1].left, ast.BinOp):
        chain.append(chain[-1].left)
    left = evaluate(machine, frame, chain[-1].left)
    for operation in reversed(chain):
        machine.step()
        right = evaluate(machine, frame, operation.right)
        left = operate(machine, frame, operation.op, left, right)
    return left


def operate(machine: Machine, frame: Frame, op: ast.operator, left: Value, right: Value) -> Value:
    """`left op right`, for each option of either."""

    def on_left(one: Value) -> Value:
        return machine.split(frame, right, lambda two: binary(machine, op, one, two))

    return machine.split(frame, left, on_left)


def _boolean(machine: Machine, frame: Frame, node: ast.BoolOp) -> Value:
    return _rest_of_boolean(machine, frame, node, 0)


def _rest_of_boolean(machine: Machine, frame: Frame, node: ast.BoolOp, index: int) -> Value:
    value = evaluate(machine, frame, node.values[index])
    if index == len(node.values) - 1:
        return value
    stops = not isinstance(node.op, ast.And)
    known = truth(machine, value)
    if known is not None:
        return value if known is stops else _rest_of_boolean(machine, frame, node, index + 1)
    if isinstance(value, ConfigNode) and stops and value.default in (None, NONE):
        return ConfigNode(value.path, _rest_of_boolean(machine, frame, node, index + 1))
    reason = f"depends on {show(node.values[index])}"
    kept = value
    if isinstance(value, Choice):
        options = [o for o in value.options if truth(machine, o) is not (not stops)]
        kept = value if len(options) != 1 else options[0]
    result = machine.branch(
        frame,
        [
            (lambda: kept, Doubt(reason)),
            (lambda: _rest_of_boolean(machine, frame, node, index + 1), Doubt(reason)),
        ],
        reason,
    )
    assert result is not None
    return result


def _unary(machine: Machine, frame: Frame, node: ast.UnaryOp) -> Value:
    value = evaluate(machine, frame, node.operand)
    if isinstance(node.op, ast.Not):
        if isinstance(value, KeyTest):
            return KeyTest(value.path, not value.missing)
        known = truth(machine, value)
        if known is None:
            return Unknown(f"depends on {show(node.operand)}")
        return FALSE if known else TRUE
    if isinstance(value, Const) and isinstance(value.value, (int, float, complex)):
        raw = value.value
        if isinstance(node.op, ast.USub):
            return Const(-raw, value.doubt)
        if isinstance(node.op, ast.UAdd):
            return Const(+raw, value.doubt)
        if isinstance(raw, int):
            return Const(~raw, value.doubt)
    machine.may_raise()
    return Unknown("an operation on a value that is not known")


def _compare(machine: Machine, frame: Frame, node: ast.Compare) -> Value:
    left = evaluate(machine, frame, node.left)
    result: Value = TRUE
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        right = evaluate(machine, frame, comparator)

        def on_left(one: Value, op: ast.cmpop = op, right: Value = right) -> Value:
            return machine.split(frame, right, lambda two: compare(machine, op, one, two))

        result = machine.split(frame, left, on_left)
        known = truth(machine, result)
        if known is False or (known is None and len(node.ops) > 1):
            return result if known is False else Unknown(f"depends on {show(node)}")
        left = right
    return result


def _conditional(machine: Machine, frame: Frame, node: ast.IfExp) -> Value:
    test = evaluate(machine, frame, node.test)
    known = truth(machine, test)
    if known is not None:
        return evaluate(machine, frame, node.body if known else node.orelse)
    yes, no = doubts_of_test(node.test, test)
    result = machine.branch(
        frame,
        [
            (lambda: evaluate(machine, frame, node.body), yes),
            (lambda: evaluate(machine, frame, node.orelse), no),
        ],
        f"depends on {show(node.test)}",
    )
    assert result is not None
    return result


def _attribute(machine: Machine, frame: Frame, node: ast.Attribute) -> Value:
    value = evaluate(machine, frame, node.value)
    return machine.split(frame, value, lambda one: get_attribute(machine, frame, one, node.attr))


def _subscript(machine: Machine, frame: Frame, node: ast.Subscript) -> Value:
    value = evaluate(machine, frame, node.value)
    index = evaluate(machine, frame, node.slice)

    def on_value(one: Value) -> Value:
        return machine.split(frame, index, lambda two: get_item(machine, frame, one, two))

    return machine.split(frame, value, on_value)


def _slice(machine: Machine, frame: Frame, node: ast.Slice) -> Value:
    bounds = (node.lower, node.upper, node.step)
    parts = [NONE if part is None else evaluate(machine, frame, part) for part in bounds]
    return machine.list_of(parts, "slice")


def _call(machine: Machine, frame: Frame, node: ast.Call) -> Value:
    function = evaluate(machine, frame, node.func)
    positional: list[Value] = []
    unknown_arguments = False
    for argument in node.args:
        if isinstance(argument, ast.Starred):
            items = iterate(machine, evaluate(machine, frame, argument.value))
            positional.extend(slot.value for slot in items.slots)
            unknown_arguments = unknown_arguments or not items.is_exact or not items.order
        else:
            positional.append(evaluate(machine, frame, argument))
    keywords: dict[str, Value] = {}
    for keyword in node.keywords:
        value = evaluate(machine, frame, keyword.value)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
            continue
        table = machine.table(value)
        if table is None or table.rest or any(slot.maybe for slot in table.entries.values()):
            unknown_arguments = True
        for key, slot in (table.entries if table else {}).items():
            keywords[str(key)] = slot.value
    frame.line = node.lineno
    if unknown_arguments:
        keywords["**"] = Unknown("arguments that are not known")
    return machine.call(machine, frame, function, positional, keywords, node)


def _lambda(machine: Machine, frame: Frame, node: ast.Lambda) -> Value:
    return make_function(machine, frame, node, "<lambda>")


def make_function(
    machine: Machine, frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, name: str
) -> Function:
    """A function object, its defaults evaluated now."""
    defaults = tuple(evaluate(machine, frame, default) for default in node.args.defaults)
    keyword_defaults = tuple(
        (argument.arg, evaluate(machine, frame, default))
        for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        if default is not None
    )
    scopes = frame.scopes[1:] if frame.in_class else frame.scopes
    return Function(
        machine.heap.number(),
        name,
        node,
        frame.path,
        frame.module,
        scopes,
        defaults,
        keyword_defaults,
        frame.in_class,
    )


def _comprehension(
    machine: Machine, frame: Frame, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
) -> Value:
    scope = machine.heap.number()
    inner = replace(
        frame,
        scopes=(scope, *frame.scopes[int(frame.in_class) :]),
        in_class=False,
        home=frame.home or frame.scopes[0],
    )
    found: list[tuple[Value, Value, str]] = []
    rest: list[str] = []
    order = True

    def element(maybe: str) -> None:
        machine.step()
        if len(found) > MAX_ITEMS:
            raise TooComplex("a collection is too large")
        if isinstance(node, ast.DictComp):
            pair = (evaluate(machine, inner, node.key), evaluate(machine, inner, node.value))
        else:
            pair = (NONE, evaluate(machine, inner, node.elt))
        found.append((*pair, maybe))

    def level(number: int, maybe: str) -> None:
        nonlocal order
        if number == len(node.generators):
            element(maybe)
            return
        generator = node.generators[number]
        given = first if number == 0 else evaluate(machine, inner, generator.iter)
        items = iterate_later(machine, given) if is_lazy else iterate(machine, given)
        order = order and (items.order or len(items.slots) < 2)
        for slot in items.slots:
            assign(machine, inner, generator.target, slot.value)
            conditions(number, generator.ifs, 0, maybe or slot.maybe)
        if items.rest:
            rest.append(items.rest)
            before = len(found)
            assign(machine, inner, generator.target, Unknown(items.rest, f"{{{show(generator.target, 30)}}}"))

            def further() -> Value:
                conditions(number, generator.ifs, 0, items.rest)
                return NONE

            doubt = Doubt(items.rest)
            machine.branch(frame, [(further, doubt), (lambda: NONE, doubt)], items.rest)
            del found[before:]

    def conditions(number: int, tests: list[ast.expr], index: int, maybe: str) -> None:
        if index == len(tests):
            if maybe:
                _perhaps(machine, frame, lambda: level(number + 1, maybe), maybe)
            else:
                level(number + 1, maybe)
            return
        known = truth(machine, evaluate(machine, inner, tests[index]))
        if known is not False:
            doubt = maybe if known else maybe or f"only if {show(tests[index])}"
            conditions(number, tests, index + 1, doubt)

    first = evaluate(machine, frame, node.generators[0].iter)
    is_lazy = isinstance(node, ast.GeneratorExp)
    if is_lazy:
        lazily(machine, lambda: level(0, ""))
    else:
        level(0, "")
    return _collect(machine, node, found, "; ".join(dict.fromkeys(rest)), order)


def _perhaps(machine: Machine, frame: Frame, act: Callable[[], None], reason: str) -> None:
    """Do something on a path that may not be taken."""

    def arm() -> Value:
        act()
        return NONE

    machine.branch(frame, [(arm, Doubt(reason)), (lambda: NONE, Doubt(reason))], reason)


def _collect(
    machine: Machine,
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
    found: list[tuple[Value, Value, str]],
    rest: str,
    order: bool,
) -> Value:
    if isinstance(node, ast.DictComp):
        entries: dict[Key, Slot] = {}
        for key, value, maybe in found:
            try:
                known = key_of(machine, key)
            except NotKnown:
                rest = rest or "a key that is not known"
                continue
            if known in entries and (maybe or not order):
                entries[known] = Slot(Unknown(maybe or "the order of a set"), entries[known].maybe and maybe)
            else:
                entries[known] = Slot(value, maybe)
        if rest:
            entries = {key: Slot(Unknown(rest), slot.maybe) for key, slot in entries.items()}
        return machine.heap.new(Table(entries, rest))
    slots = tuple(Slot(value, maybe) for _, value, maybe in found)
    if isinstance(node, ast.SetComp):
        return make_set(machine, Items("set", slots, rest, False))
    if isinstance(node, ast.ListComp):
        return machine.heap.new(Items("list", slots, rest, order))
    return machine.heap.new_lazy(Items("generator", slots, rest, order), names=_reads_names(node))


def _reads_names(node: ast.expr) -> bool:
    """Whether a generator reads names, other than its own, after it is written down."""
    assert isinstance(node, ast.GeneratorExp)
    later = [
        node.elt,
        *(test for g in node.generators for test in g.ifs),
        *(g.iter for g in node.generators[1:]),
    ]
    own = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
    names = {n.id for part in later for n in ast.walk(part) if isinstance(n, ast.Name)}
    return bool(names - own - BUILTINS)


def _walrus(machine: Machine, frame: Frame, node: ast.NamedExpr) -> Value:
    value = evaluate(machine, frame, node.value)
    set_name(machine, frame, node.target.id, value, frame.home)
    return value


def _await(machine: Machine, frame: Frame, node: ast.Await) -> Value:
    return evaluate(machine, frame, node.value)


def _yield(machine: Machine, frame: Frame, node: ast.Yield | ast.YieldFrom) -> Value:
    value = NONE if node.value is None else evaluate(machine, frame, node.value)
    items = machine.items(frame.yields) if frame.yields else None
    if frame.yields is not None and items is not None:
        more = iterate(machine, value) if isinstance(node, ast.YieldFrom) else Items("list", (Slot(value),))
        machine.heap.set(
            frame.yields.number,
            replace(
                items,
                slots=(*items.slots, *more.slots),
                rest=items.rest or more.rest,
                order=items.order and more.order,
            ),
        )
    return Unknown("what is sent into the generator")


def _starred(machine: Machine, frame: Frame, node: ast.Starred) -> Value:
    return evaluate(machine, frame, node.value)


HANDLERS: dict[type[ast.expr], Callable[..., Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.JoinedStr: _joined,
    ast.BinOp: _binary,
    ast.BoolOp: _boolean,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.Call: _call,
    ast.Lambda: _lambda,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.NamedExpr: _walrus,
    ast.Await: _await,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.Starred: _starred,
}
