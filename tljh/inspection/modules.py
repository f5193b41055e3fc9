"""The plugin's own modules and files, found as they will be installed, read with `ast` only."""

from __future__ import annotations

import ast
import io
import posixpath
import tokenize
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from tljh.errors import UnusableArtifact
from tljh.inspection.access import STAR
from tljh.inspection.machine import SITE, SITE_DOUBT, Frame, Machine, Raises, TooComplex
from tljh.inspection.report import Finding
from tljh.inspection.statements import execute_block
from tljh.inspection.tree import SourceTree
from tljh.inspection.values import Const, Module, Unknown, Value

MAX_SOURCE_BYTES = 2 * 1024 * 1024
"""Bytes of one module that are parsed."""
MAX_NESTING = 90
"""Brackets within brackets that are handed to the parser."""


class NotSource(Exception):
    """A module that does not parse: `unreadable` if not even its text could be read."""

    def __init__(self, message: str, line: int = 0, *, unreadable: bool = False) -> None:
        super().__init__(message)
        self.message, self.line, self.unreadable = message, line, unreadable


def parse_source(content: bytes, name: str) -> tuple[ast.Module, str]:
    """The syntax tree and text of a module. Raises NotSource."""
    if len(content) > MAX_SOURCE_BYTES:
        raise NotSource(f"{name} is larger than {MAX_SOURCE_BYTES >> 20} MiB.", unreadable=True)
    if b"\0" in content:
        raise NotSource(f"{name} holds null bytes.", unreadable=True)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        text = content.decode(encoding)
    except (SyntaxError, LookupError, UnicodeDecodeError, ValueError):
        raise NotSource(f"{name} is not UTF-8, and does not say what else it is.", unreadable=True) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _nesting(text) > MAX_NESTING:
        raise NotSource(f"{name} is nested too deeply to be read.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text), text
    except SyntaxError as error:
        raise NotSource(
            f"{name} does not parse: {error.msg} (line {error.lineno}).", error.lineno or 0
        ) from None
    except (RecursionError, MemoryError, ValueError, OverflowError):
        raise NotSource(f"{name} is nested too deeply to be read.") from None


def _nesting(text: str) -> int:
    """How deep brackets are nested, those in texts and comments too; and chains of unary operators."""
    depth = deepest = 0
    for letter in text:
        if letter in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in ")]}":
            depth = max(depth - 1, 0)
    return deepest


@dataclass(frozen=True, slots=True)
class Layout:
    """Where packages are in the sources. None: not declared; then everything that is found counts."""

    roots: tuple[str, ...] = ("", "src/")
    package_dirs: tuple[tuple[str, str], ...] = ()
    packages: tuple[str, ...] | None = None
    modules: tuple[str, ...] | None = None
    includes_files: bool = True


class PluginModules:
    """The modules of one artifact; each is run once, when it is first imported."""

    def __init__(self, tree: SourceTree, layout: Layout) -> None:
        self._tree = tree
        self._layout = layout
        self._names = frozenset(tree.names())
        self._folders = frozenset(
            folder for name in self._names for folder in _parents(posixpath.dirname(name))
        )
        self._loaded: dict[str, Module | None] = {}
        self.texts: dict[str, str] = {}
        self.trees: dict[str, ast.Module] = {}
        self.problems: list[NotSource] = []
        self.findings: list[Finding] = []
        self.failures: dict[str, Raises] = {}
        self._risks: dict[str, tuple[str, ...]] = {}

    def locate(self, name: str) -> str | None:
        """The file of a module: of a package its `__init__.py`; of a namespace its folder and `/`."""
        path = name.replace(".", "/")
        for base in self._bases(path):
            for candidate in (f"{base}/__init__.py", f"{base}.py"):
                if candidate in self._names:
                    return candidate
        for base in self._bases(path):
            if base in self._folders and any(
                n.startswith(f"{base}/") and n.endswith(".py") for n in self._names
            ):
                return f"{base}/"
        return None

    def _bases(self, path: str) -> list[str]:
        """Where the folder or file of an installed path may be in the artifact."""
        bases: list[str] = []
        for package, folder in sorted(self._layout.package_dirs, key=lambda pair: -len(pair[0])):
            prefix = package.replace(".", "/")
            if package and (path == prefix or path.startswith(f"{prefix}/")):
                bases.append(posixpath.normpath(posixpath.join(folder, path[len(prefix) :].lstrip("/"))))
            elif not package:
                bases.append(posixpath.normpath(posixpath.join(folder, path)))
        bases.extend(f"{root}{path}" for root in self._layout.roots)
        return list(dict.fromkeys(bases))

    def is_packaged(self, name: str) -> bool:
        """Whether a module is among those that are declared to be installed."""
        layout = self._layout
        if layout.packages is None and layout.modules is None:
            return True
        top = name.split(".")[0]
        packages = layout.packages or ()
        file = self.locate(name)
        is_package = file is not None and file.endswith("/__init__.py")
        package = name if is_package else name.rpartition(".")[0]
        if "." not in name and (file is None or not file.endswith(("/__init__.py", "/"))):
            return name in (layout.modules or ())
        return package in packages or (layout.packages is None and top not in (layout.modules or ()))

    def import_module(self, machine: Machine, name: str) -> Value | None:
        """The plugin's module of that name, run if it was not yet; None if the plugin has none."""
        if name in self._loaded:
            self._reraise(name)
            self._may_fail(machine, name)
            return self._loaded[name]
        top = name.split(".")[0]
        if top != name and self.import_module(machine, name.rpartition(".")[0]) is None:
            return None
        file = self.locate(name)
        if file is None:
            self._loaded[name] = None
            return None
        module = Module(name, machine.heap.number())
        self._loaded[name] = module
        self._run(machine, module, file)
        self._reraise(name)
        self._may_fail(machine, name)
        return module

    def _may_fail(self, machine: Machine, name: str) -> None:
        """Importing a module may fail as its code may."""
        for risk in self._risks.get(name, ()):
            machine.may_raise(risk)

    def scope_of(self, path: str) -> int | None:
        """The scope of the module that was read from a file."""
        for name, module in self._loaded.items():
            if module is not None and self.locate(name) == path:
                return module.scope
        return None

    def _reraise(self, name: str) -> None:
        failure = self.failures.get(name)
        if failure is not None:
            raise failure

    def _run(self, machine: Machine, module: Module, file: str) -> None:
        """Run a module's code below all branches: importing it leaves the same behind in each."""
        layers, machine.heap.layers = machine.heap.layers, machine.heap.layers[:1]
        doubts, machine.doubts = machine.doubts, []
        tries, machine.tries = machine.tries, []
        quiet, machine.quiet = machine.quiet, 0
        risks, machine.risks = machine.risks, {}
        try:
            is_package = file.endswith(("/__init__.py", "/"))
            package = module.name if is_package else module.name.rpartition(".")[0]
            machine.packages[module.scope] = package
            installed = module.name.replace(".", "/") + ("/__init__.py" if is_package else ".py")
            for name, value in (
                ("__name__", Const(module.name)),
                ("__file__", Const(f"{SITE}/{installed}", (SITE_DOUBT,))),
                ("__package__", Const(package)),
                ("__doc__", Unknown("the module's documentation")),
            ):
                machine.heap.set((module.scope, name), value)
            if not file.endswith("/"):
                self._execute(machine, module, file, package)
        finally:
            del machine.heap.layers[1:]
            machine.heap.layers = layers
            machine.doubts, machine.tries, machine.quiet = doubts, tries, quiet
            self._risks[module.name] = tuple(machine.risks)
            machine.risks = risks

    def _execute(self, machine: Machine, module: Module, file: str, package: str) -> None:
        try:
            tree, text = parse_source(self._tree.read(file), file)
        except NotSource as problem:
            self.problems.append(problem)
            self.failures[module.name] = Raises("SyntaxError", problem.message)
            return
        except UnusableArtifact as error:
            self.problems.append(NotSource(error.message, unreadable=True))
            self.failures[module.name] = Raises("ImportError", error.message)
            return
        self.texts[file], self.trees[file] = text, tree
        frame = Frame(file, module.scope, (module.scope,), package=package)
        try:
            run_block(machine, frame, tree.body, self.findings)
        except Raises as error:
            self.failures[module.name] = error
            self.findings.append(
                Finding(
                    "import-fails",
                    "danger",
                    f"Importing {module.name} fails: {error} in {file}, line {frame.line}.",
                    file,
                    frame.line,
                )
            )

    def read_packaged(self, path: str) -> tuple[bytes, str] | None:
        """A file of the plugin below SITE, and a doubt whether it is installed with it."""
        relative = posixpath.normpath(path).removeprefix(f"{SITE}/")
        for base in self._bases(relative):
            if base in self._names:
                in_package = "/" in relative
                sure = self._tree.kind == "wheel" or (self._layout.includes_files and in_package)
                doubt = "" if sure else f"whether {relative} is installed with the plugin"
                try:
                    return self._tree.read(base), doubt
                except UnusableArtifact:
                    return None
        return None

    def is_packaged_folder(self, path: str) -> bool:
        relative = posixpath.normpath(path).removeprefix(SITE).lstrip("/")
        return not relative or any(base in self._folders for base in self._bases(relative))

    def list_packaged(self, path: str) -> list[str]:
        relative = posixpath.normpath(path).removeprefix(SITE).lstrip("/")
        found: set[str] = set()
        for base in self._bases(relative):
            prefix = f"{base}/"
            found.update(n[len(prefix) :].split("/")[0] for n in self._names if n.startswith(prefix))
        return sorted(found)


def run_block(machine: Machine, frame: Frame, block: Sequence[ast.stmt], findings: list[Finding]) -> None:
    """Run a module's statements; one that is too complex leaves what it assigns unknown."""
    for statement in block:
        try:
            execute_block(machine, frame, [statement])
        except (TooComplex, RecursionError) as error:
            reason = str(error) if isinstance(error, TooComplex) else "it is nested too deeply"
            if machine.pardon():
                machine.steps = min(machine.steps, machine.step_limit - 20_000)
            for name in _assigned(statement):
                machine.heap.set((frame.module, name), Unknown(reason))
            findings.append(
                Finding(
                    "not-followed",
                    "info",
                    f"{frame.path}, line {statement.lineno}: {reason}.",
                    frame.path,
                    statement.lineno,
                )
            )
            machine.dynamic = machine.dynamic or f"code that is not followed (line {statement.lineno})"


def _assigned(statement: ast.stmt) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
    return names - {STAR}


def _parents(folder: str) -> list[str]:
    parts = folder.split("/") if folder else []
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
