"""The state of an evaluation: heap, paths not surely taken, effects seen, and the limits."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from tljh.inspection.plain import JSON
from tljh.inspection.report import Certainty, HostKind, Risk
from tljh.inspection.values import (
    Choice,
    ConfigNode,
    Heap,
    Items,
    Layer,
    Ref,
    SequenceKind,
    Slot,
    Table,
    TraitNode,
    Unbound,
    Unknown,
    Value,
    join_all,
)

MAX_STEPS = 400_000
"""Syntax nodes evaluated for one plugin."""
MAX_DEPTH = 40
"""Calls within calls."""
MAX_EFFECTS = 1_000
MAX_ITEMS = 20_000
"""Items of one collection."""
MAX_TEXT = 1_000_000
"""Characters of one string."""


class TooComplex(Exception):
    """The limits are reached, or the code uses something that is not followed."""


class Raises(Exception):
    """The plugin's code surely raises an exception here."""

    def __init__(self, name: str, detail: str = "") -> None:
        super().__init__(f"{name}: {detail}" if detail else name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why what follows may not happen; `key` if it does happen only if that configuration key is missing."""

    reason: str
    key: tuple[str, ...] | None = None


@dataclass(slots=True)
class SeenEffect:
    """An effect as seen: `target` is a trait's or key's path for changes of configuration."""

    kind: str
    what: str
    operation: str
    value: JSON
    certainty: Certainty
    line: int
    path: str
    risk: Risk = "low"
    unknown: tuple[str, ...] = ()
    raw: Value | None = None
    pending: tuple[str, ...] | None = None
    """A key that `get` gave a default for: unless it is put back, the change is lost if it is missing."""


@dataclass(slots=True, eq=False)
class Try:
    """A `try` whose body runs: the states in which an exception may have left it."""

    depth: int
    states: list[Layer] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    overflow: bool = False


@dataclass(slots=True)
class Frame:
    """A function (or module, or class body) that runs."""

    path: str
    module: int
    scopes: tuple[int, ...]
    depth: int = 0
    line: int = 0
    package: str = ""
    globals_: frozenset[str] = frozenset()
    nonlocals: frozenset[str] = frozenset()
    locals_: frozenset[str] | None = None
    returns: list[tuple[Value, Layer]] = field(default_factory=list)
    yields: Ref | None = None
    loops: list[Loop] = field(default_factory=list)
    in_class: bool = False
    home: int = 0
    """The scope that `:=` assigns to from within a comprehension."""


@dataclass(slots=True)
class Loop:
    """A loop that runs: the states in which `break` and `continue` left it."""

    start: int
    depth: int
    breaks: list[Layer] = field(default_factory=list)
    continues: list[Layer] = field(default_factory=list)


class Library(Protocol):
    """The plugin's own modules and files."""

    def import_module(self, machine: Machine, name: str) -> Value | None:
        """The plugin's module of that name, run if it was not yet; None if the plugin has none."""

    def read_packaged(self, path: str) -> tuple[bytes, str] | None:
        """A file of the plugin below SITE, and a doubt whether it is installed with it."""

    def is_packaged_folder(self, path: str) -> bool:
        """Whether there is a folder at this path below SITE."""

    def list_packaged(self, path: str) -> list[str]:
        """The names of the files and folders in a folder below SITE."""


SITE = "{site-packages}"
"""Stands for the folder that the plugin is installed in."""
SITE_DOUBT = "the folder that the plugin is installed in"


class Machine:
    """Runs the plugin's code abstractly. The callables are set by `interpreter`, which ties the knot.

    `dynamic` says why everything read is in doubt: the plugin makes code while it runs.
    """

    call: Callable[[Machine, Frame, Value, Sequence[Value], dict[str, Value], ast.AST], Value]
    evaluate: Callable[[Machine, Frame, ast.expr], Value]
    run_drop_in: Callable[[Machine, Frame, str, str], None]
    hand_over: Callable[[Machine, Frame, Value, str], None]

    def __init__(self, library: Library) -> None:
        self.library = library
        self.heap = Heap()
        self.doubts: list[Doubt] = []
        self.tries: list[Try] = []
        self.effects: list[SeenEffect] = []
        self.tracked: set[int] = set()
        self.shared: set[int] = set()
        self.risks: dict[str, None] = {}
        """The exceptions that may have left the module that runs."""
        self.unread: dict[str, None] = {}
        self.executed: set[ast.AST] = set()
        self.owners: dict[int, tuple[str, tuple[str, ...]]] = {}
        self.dynamic = ""
        self.handed: set[ast.AST] = set()
        self.setup_calls: list[dict[str, Value]] = []
        self.reads_relative = False
        self.packages: dict[int, str] = {}
        self.steps = 0
        self.step_limit = MAX_STEPS
        self.pardons = 20
        self.quiet = 0
        self.depth = 0

    def step(self, amount: int = 1) -> None:
        self.steps += amount
        if self.steps > self.step_limit:
            raise TooComplex("it takes more steps than are followed")

    def pardon(self) -> bool:
        """Whether to go on after code that is too complex: a few times."""
        self.pardons -= 1
        return self.pardons >= 0

    @property
    def is_doubtful(self) -> bool:
        """Whether the code that runs now may not run in reality."""
        return bool(self.doubts) or any(block.states for block in self.tries)

    def reasons(self) -> tuple[str, ...]:
        """Why what runs now may not run."""
        found = [doubt.reason for doubt in self.doubts]
        found += ["only if nothing before it fails" for block in self.tries if block.states]
        return tuple(dict.fromkeys(found))

    def may_raise(self, name: str = "Exception") -> None:
        """Note that an exception may leave the running `try` here."""
        if not self.tries:
            self.risks[name] = None
            return
        block = self.tries[-1]
        block.names.add(name)
        if len(block.states) < 30:
            block.states.append(self.heap.since(block.depth))
        else:
            block.overflow = True

    def raises(self, name: str, detail: str = "") -> Raises:
        """The exception that surely leaves here."""
        self.may_raise(name)
        return Raises(name, detail)

    def emit(self, effect: SeenEffect) -> None:
        if self.quiet:
            return
        if len(self.effects) >= MAX_EFFECTS:
            raise TooComplex("it has more effects than are listed")
        self.effects.append(effect)

    def host(self, frame: Frame, kind: HostKind, what: str, risk: Risk, *, known: bool = True) -> None:
        """Note an effect on the machine."""
        certain = known and not self.is_doubtful
        self.emit(
            SeenEffect(
                kind, what, "", None, "certain" if certain else "partial", frame.line, frame.path, risk
            )
        )

    def note_unread(self, what: str) -> None:
        """Note code that is called but was not read."""
        if not self.quiet:
            self.unread[what] = None

    def branch(
        self, frame: Frame, arms: Sequence[tuple[Callable[[], Value | None], Doubt]], reason: str
    ) -> Value | None:
        """Run each arm from the same state and join them; the value is a choice of theirs.

        An arm that returns None (the Python value) has left the block; if all have, so does this.
        """
        layers: list[Layer] = []
        values: list[Value] = []
        raised: list[Raises] = []
        for arm, doubt in arms:
            depth = self.heap.push()
            doubts = len(self.doubts)
            self.doubts.append(doubt)
            try:
                value = arm()
            except Raises as error:
                raised.append(error)
                value = None
            finally:
                del self.doubts[doubts:]
                layer = self.heap.cut(depth)
            if value is not None:
                layers.append(layer)
                values.append(value)
        if not layers:
            if len(raised) == len(arms):
                raise raised[0]
            return None
        self.heap.join(layers, reason)
        return join_all(values, reason)

    def split(self, frame: Frame, value: Value, act: Callable[[Value], Value]) -> Value:
        """Do something with a value; with each option of a choice on a path of its own."""
        if not isinstance(value, Choice):
            return act(value)
        options = [option for option in value.options if not isinstance(option, Unbound)]
        if len(options) == 1:
            return act(options[0])

        def arm(option: Value) -> Callable[[], Value | None]:
            return lambda: act(option)

        result = self.branch(frame, [(arm(o), Doubt(value.reason)) for o in options], value.reason)
        assert result is not None
        return result

    @contextmanager
    def silently(self) -> Iterator[None]:
        self.quiet += 1
        try:
            yield
        finally:
            self.quiet -= 1

    def items(self, value: Value) -> Items | None:
        cell = self.heap.get(value.number) if isinstance(value, Ref) else None
        return cell if isinstance(cell, Items) else None

    def table(self, value: Value) -> Table | None:
        cell = self.heap.get(value.number) if isinstance(value, Ref) else None
        return cell if isinstance(cell, Table) else None

    def list_of(self, values: Sequence[Value], kind: SequenceKind = "list") -> Ref:
        if len(values) > MAX_ITEMS:
            raise TooComplex("a collection is too large")
        slots = tuple(Slot(value) for value in values)
        return self.heap.new(Items(kind, slots))

    def holds_configuration(self, value: Value, nesting: int = 0) -> bool:
        """Whether `c` or `config`, or something that holds it, is what is given."""
        if isinstance(value, (TraitNode, ConfigNode)):
            return True
        if isinstance(value, Choice):
            return any(self.holds_configuration(option, nesting + 1) for option in value.options)
        if nesting > 5 or not isinstance(value, Ref):
            return False
        items, table = self.items(value), self.table(value)
        slots = items.slots if items else table.entries.values() if table else ()
        values = [slot.value for slot in slots]
        if not items and not table:
            cells = [self.heap.get((value.number, name)) for name in self.heap.names(value.number)]
            values = [cell for cell in cells if isinstance(cell, (TraitNode, ConfigNode, Ref))]
        return any(self.holds_configuration(one, nesting + 1) for one in values)

    def escape(self, value: Value, reason: str, seen: set[int] | None = None) -> None:
        """Code that was not read got hold of this: it can have changed whatever can be changed."""
        seen = set() if seen is None else seen
        if isinstance(value, Choice):
            for option in value.options:
                self.escape(option, reason, seen)
        if isinstance(value, (TraitNode, ConfigNode)):
            scope = 0 if isinstance(value, TraitNode) else -1
            for name in self.heap.names(scope):
                self.heap.set((scope, name), Unknown(reason))
        if not isinstance(value, Ref) or value.number in seen:
            return
        seen.add(value.number)
        cell = self.heap.get(value.number)
        if isinstance(cell, Items):
            for slot in cell.slots:
                self.escape(slot.value, reason, seen)
            if cell.kind in ("list", "set"):
                slots = tuple(replace(slot, maybe=slot.maybe or reason) for slot in cell.slots)
                self.heap.set(value.number, replace(cell, slots=slots, rest=cell.rest or reason))
        elif isinstance(cell, Table):
            for slot in cell.entries.values():
                self.escape(slot.value, reason, seen)
            entries = {key: Slot(Unknown(reason), slot.maybe or reason) for key, slot in cell.entries.items()}
            self.heap.set(value.number, Table(entries, cell.rest or reason))
        elif cell is not None:
            for name in self.heap.names(value.number):
                self.heap.set((value.number, name), Unknown(reason))
