"""What the evaluator knows of a value, and the heap that branches are forked from and joined in.

Everything here is immutable; what a program can change lives in the heap, under a number. So a branch is a
layer over the heap, and two branches are joined by comparing their layers.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

Scalar: TypeAlias = "bool | int | float | complex | str | bytes | None"
Key: TypeAlias = "Scalar | tuple[Key, ...]"
MAX_CHOICES = 6


@dataclass(frozen=True, slots=True, eq=False)
class Const:
    """A known scalar. With a doubt (why), it could be otherwise: a default, a path that moves."""

    value: Scalar
    doubt: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        """Equal and of the same type: 1, 1.0 and True differ."""
        return (
            isinstance(other, Const)
            and type(self.value) is type(other.value)
            and self.doubt == other.doubt
            and (
                repr(self.value) == repr(other.value)
                if isinstance(self.value, (float, complex))
                else self.value == other.value
            )
        )

    def __hash__(self) -> int:
        return hash((type(self.value), self.value, self.doubt))


@dataclass(frozen=True, slots=True)
class PathValue:
    """A `pathlib` path."""

    text: str
    doubt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that cannot be known: why, how to show it, and the library object that made it.

    `given` is a value that the hook is called with, such as the user's name.
    """

    reason: str
    text: str = ""
    name: str = ""
    given: bool = False


@dataclass(frozen=True, slots=True)
class Unbound:
    """A name that has no value on this path."""


UNBOUND = Unbound()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values; the reason says what decides."""

    options: tuple[Value, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Ref:
    """An object in the heap: a collection or an instance."""

    number: int


@dataclass(frozen=True, slots=True)
class External:
    """Something of a library, by its dotted name; nothing of it is run."""

    name: str


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the plugin; its names are the heap cells of the scope."""

    name: str
    scope: int


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the plugin. The number is its identity; attributes set on it are heap cells."""

    number: int
    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda = field(repr=False, compare=False)
    path: str
    module: int
    scopes: tuple[int, ...]
    defaults: tuple[Value, ...] = ()
    keyword_defaults: tuple[tuple[str, Value], ...] = ()
    in_class: bool = False


@dataclass(frozen=True, slots=True)
class Wrapped:
    """What a decorator that was not read made of a function."""

    number: int
    inner: Function
    by: str


@dataclass(frozen=True, slots=True)
class Class:
    """A class of the plugin; its attributes are the heap cells of the scope."""

    number: int
    name: str
    path: str
    line: int
    scope: int
    bases: tuple[Value, ...] = ()
    dataclass_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Method:
    """A function or method of a value, bound to it."""

    receiver: Value
    name: str
    function: Function | Wrapped | None = None


@dataclass(frozen=True, slots=True)
class Marker:
    """`hookimpl` with options given, to be applied to a function; project is pluggy's project name."""

    project: str
    options: tuple[tuple[str, Value], ...] | None = None


@dataclass(frozen=True, slots=True)
class Partial:
    """`functools.partial`: a call with some arguments given."""

    function: Value
    positional: tuple[Value, ...]
    keywords: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class FileValue:
    """An open file."""

    path: Value
    mode: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class TraitNode:
    """A place in JupyterHub's configuration `c`; `plus` is a list that was added to what is there."""

    path: tuple[str, ...]
    plus: Value | None = None


@dataclass(frozen=True, slots=True)
class ConfigNode:
    """A place in `config.yaml`. `default` stands for it if the key is missing (a `get`)."""

    path: tuple[str, ...]
    default: Value | None = None


@dataclass(frozen=True, slots=True)
class KeyTest:
    """Whether a key of `config.yaml` is there (or missing)."""

    path: tuple[str, ...]
    missing: bool


Value: TypeAlias = (
    Const
    | PathValue
    | Unknown
    | Unbound
    | Choice
    | Ref
    | External
    | Module
    | Function
    | Wrapped
    | Class
    | Method
    | Marker
    | Partial
    | FileValue
    | TraitNode
    | ConfigNode
    | KeyTest
)

NONE = Const(None)
TRUE = Const(True)
FALSE = Const(False)


@dataclass(frozen=True, slots=True)
class Slot:
    """An item of a collection; `maybe` says on what it depends that it is there at all."""

    value: Value
    maybe: str = ""


SequenceKind = Literal["list", "tuple", "set", "frozenset", "generator", "slice"]


@dataclass(frozen=True, slots=True)
class Items:
    """A list, tuple, set or generator. `rest`: there may be further items, and why. `order`: it is known."""

    kind: SequenceKind
    slots: tuple[Slot, ...] = ()
    rest: str = ""
    order: bool = True
    born: tuple[int, int] | None = field(default=None, compare=False)
    """Of what is worked out later than it is written down: how often cells had changed by then."""

    @property
    def is_exact(self) -> bool:
        """Whether length and places of the items are known."""
        return not self.rest and not any(slot.maybe for slot in self.slots)


@dataclass(frozen=True, slots=True)
class Table:
    """A dictionary. `rest`: there may be further keys, and why."""

    entries: Mapping[Key, Slot]
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a class of the plugin; its attributes are heap cells."""

    of: Class


HeapObject: TypeAlias = Items | Table | Instance
Cell: TypeAlias = Value | HeapObject
Place: TypeAlias = "int | tuple[int, str]"
Layer: TypeAlias = dict[Place, Cell]


class Heap:
    """Cells by place: an object by its number, a variable or attribute by (scope, name)."""

    def __init__(self) -> None:
        self.layers: list[Layer] = [{}]
        self._next = 0
        self._watched = False
        self.changes = self.bindings = 0
        """How often an object, and how often a name, was changed; counted once there is something lazy."""

    def number(self) -> int:
        self._next += 1
        return self._next

    def get(self, place: Place) -> Cell | None:
        for layer in reversed(self.layers):
            cell = layer.get(place)
            if cell is not None:
                if type(cell) is Items and cell.born is not None and self._is_stale(cell.born):
                    return stale(cell)
                return cell
        return None

    def _is_stale(self, born: tuple[int, int]) -> bool:
        return born[0] != self.changes or (born[1] >= 0 and born[1] != self.bindings)

    def set(self, place: Place, cell: Cell) -> None:
        if self._watched:
            self._count(place)
        self.layers[-1][place] = cell

    def _count(self, place: Place) -> None:
        for layer in reversed(self.layers):
            before = layer.get(place)
            if before is None:
                continue
            if not isinstance(place, int):
                self.bindings += 1
            elif not (type(before) is Items and before.kind == "generator"):
                self.changes += 1
            return

    def new_lazy(self, made: Items, *, names: bool = True) -> Ref:
        """An object that is worked out only when it is gone through, from cells (and names) as then."""
        self._watched = True
        return self.new(replace(made, born=(self.changes, self.bindings if names else -1)))

    def new(self, made: HeapObject) -> Ref:
        number = self.number()
        self.layers[-1][number] = made
        return Ref(number)

    def push(self) -> int:
        """Begin a layer; returns its depth."""
        self.layers.append({})
        return len(self.layers) - 1

    def cut(self, depth: int) -> Layer:
        """Take off the layers from `depth` on, as one."""
        merged = self.since(depth)
        del self.layers[depth:]
        return merged

    def since(self, depth: int) -> Layer:
        """The changes from `depth` on, as one layer."""
        merged: Layer = {}
        for layer in self.layers[depth:]:
            merged.update(layer)
        return merged

    def apply(self, layer: Layer) -> None:
        if self._watched:
            for place in layer:
                self._count(place)
        self.layers[-1].update(layer)

    def names(self, scope: int) -> list[str]:
        """The names in a scope, in the order of their first assignment."""
        found: dict[str, None] = {}
        for layer in self.layers:
            for place in layer:
                if isinstance(place, tuple) and place[0] == scope:
                    found[place[1]] = None
        return [name for name in found if self.get((scope, name)) not in (None, UNBOUND)]

    def join(self, layers: list[Layer], reason: str) -> None:
        """Continue where several paths meet: what they do not agree on is a choice or a maybe."""
        if len(layers) == 1:
            self.apply(layers[0])
            return
        places: dict[Place, None] = {}
        for layer in layers:
            places.update(dict.fromkeys(layer))
        for place in places:
            below = self.get(place)
            if below is None and isinstance(place, int):
                self.set(place, join_cells([layer[place] for layer in layers if place in layer], reason))
                continue
            missing = UNBOUND if below is None else below
            self.set(place, join_cells([layer.get(place, missing) for layer in layers], reason))


STALE = "what it is made of changes before it is gone through"


def stale(items: Items) -> Items:
    """What is known of something lazy after what it is made of may have changed."""
    slots = tuple(replace(slot, maybe=slot.maybe or STALE) for slot in items.slots)
    return Items(items.kind, slots, items.rest or STALE, items.order)


def join_cells(cells: list[Cell], reason: str) -> Cell:
    """What is known of a cell after paths that left it with these."""
    first, *others = cells
    for other in others:
        if first == other:
            continue
        if isinstance(first, Items) and isinstance(other, Items):
            first = join_items(first, other, reason)
        elif isinstance(first, Table) and isinstance(other, Table):
            first = join_tables(first, other, reason)
        elif isinstance(first, (Items, Table, Instance)) or isinstance(other, (Items, Table, Instance)):
            return Unknown(reason)
        else:
            first = join_values(first, other, reason)
    return first


def join_values(first: Value, other: Value, reason: str) -> Value:
    """One of two values."""
    if first == other:
        return first
    options: list[Value] = []
    reasons = [reason]
    for value in (first, other):
        if isinstance(value, Choice):
            reasons.append(value.reason)
        for option in value.options if isinstance(value, Choice) else (value,):
            if option not in options:
                options.append(option)
    if len(options) == 1:
        return options[0]
    if len(options) > MAX_CHOICES:
        return Unknown(reason)
    return Choice(tuple(options), "; ".join(dict.fromkeys(r for r in reasons if r)))


def join_items(first: Items, other: Items, reason: str) -> Items:
    """Lists of two paths: the common beginning, then everything else as maybe."""
    common = 0
    for one, two in zip(first.slots, other.slots, strict=False):
        if one != two:
            break
        common += 1
    tail: list[Slot] = []
    for slot in (*first.slots[common:], *other.slots[common:]):
        doubtful = replace(slot, maybe=slot.maybe or reason)
        if not any(present.value == slot.value for present in tail):
            tail.append(doubtful)
    kind = first.kind if first.kind == other.kind else "list"
    return Items(kind, (*first.slots[:common], *tail), first.rest or other.rest, first.order and other.order)


def join_tables(first: Table, other: Table, reason: str) -> Table:
    entries: dict[Key, Slot] = {}
    for key in {**first.entries, **other.entries}:
        one, two = first.entries.get(key), other.entries.get(key)
        if one is None or two is None:
            present = one or two
            assert present is not None
            entries[key] = replace(present, maybe=present.maybe or reason)
        elif one == two:
            entries[key] = one
        else:
            entries[key] = Slot(join_values(one.value, two.value, reason), one.maybe or two.maybe)
    return Table(entries, first.rest or other.rest)


def widen_cells(before: Cell | None, after: Cell, reason: str) -> Cell:
    """A cell after any number of rounds of a loop that made `after` of `before` in one round."""
    if before == after:
        return after
    if isinstance(before, Items) and isinstance(after, Items):
        length = len(before.slots)
        kept = after.slots[:length] == before.slots and before.kind != "tuple"
        slots = list(before.slots) if kept else [replace(s, maybe=s.maybe or reason) for s in before.slots]
        for slot in after.slots[length:] if kept else after.slots:
            if not any(present.value == slot.value for present in slots):
                slots.append(replace(slot, maybe=slot.maybe or reason))
        return Items(after.kind, tuple(slots[:200]), before.rest or after.rest or reason, before.order)
    if isinstance(before, Table) and isinstance(after, Table):
        joined = join_tables(before, after, reason)
        entries = {
            key: slot
            if before.entries.get(key) == slot or _same_but_maybe(before.entries.get(key), slot)
            else Slot(Unknown(reason), reason)
            for key, slot in joined.entries.items()
        }
        return Table(entries, joined.rest or reason)
    return Unknown(reason)


def _same_but_maybe(before: Slot | None, after: Slot) -> bool:
    return before is not None and before.value == after.value


def map_options(value: Value, change: Callable[[Value], Value]) -> Value:
    """Do the same to every option of a choice."""
    if not isinstance(value, Choice):
        return change(value)
    return join_all([change(option) for option in value.options], value.reason)


def join_all(values: Iterable[Value], reason: str) -> Value:
    """One of several values."""
    first, *others = values
    for other in others:
        first = join_values(first, other, reason)
    return first
