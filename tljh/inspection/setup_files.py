"""`setup.cfg`, and `setup.py` by its syntax: what would be handed to `setup()`, without running it."""

from __future__ import annotations

import ast
import configparser
import posixpath

from tljh.errors import UnusableArtifact
from tljh.hooks import ENTRY_POINT_GROUP
from tljh.inspection.declarations import (
    Declarations,
    attribute_files,
    parse_entry_points,
    read_metadata,
    read_pyproject,
    read_wheel,
    text_of,
    version_in,
)
from tljh.inspection.export import export
from tljh.inspection.interpreter import make_machine
from tljh.inspection.machine import SITE, SITE_DOUBT, Frame, Machine, Raises
from tljh.inspection.modules import Layout, NotSource, parse_source, run_block
from tljh.inspection.plain import JSON
from tljh.inspection.tree import SourceTree
from tljh.inspection.values import Const, Unknown, Value


def read_declarations(tree: SourceTree) -> Declarations:
    """Everything that an artifact says of itself."""
    if tree.kind == "wheel":
        return read_wheel(tree)
    declared = Declarations()
    names = set(tree.names())
    own = read_pyproject(tree, declared)
    points = list(declared.entry_points)
    if not declared.setup_problem:
        if "setup.cfg" in names:
            _read_setup_cfg(tree, declared)
        if "setup.py" in names:
            _read_setup_py(tree, declared)
    if own:
        declared.entry_points, declared.entry_points_unknown = points, ""
    if declared.entry_points_unknown and not declared.entry_points:
        _read_egg_info(tree, declared)
    if "PKG-INFO" in names:
        read_metadata(tree, "PKG-INFO", declared)
    if not declared.readme:
        for name in ("README.md", "README.rst", "README.txt", "README"):
            if name in names:
                declared.readme = text_of(tree, name) or ""
                break
    return declared


def _read_egg_info(tree: SourceTree, declared: Declarations) -> None:
    """The entry points that the last build wrote, where setup.py could not be followed."""
    for name in tree.names():
        if name.endswith(".egg-info/entry_points.txt") and name.count("/") <= 2:
            declared.entry_points = parse_entry_points(text_of(tree, name) or "")
            declared.entry_points_unknown = ""
            return


def _read_setup_cfg(tree: SourceTree, declared: Declarations) -> None:
    raw = text_of(tree, "setup.cfg")
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=", ":"))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(raw or "")
    except (configparser.Error, ValueError) as error:
        declared.setup_problem = f"setup.cfg does not parse: {str(error).splitlines()[0]}"
        declared.setup_path = "setup.cfg"
        return

    def get(section: str, option: str) -> str:
        return parser.get(section, option, fallback="").strip()

    def lines(section: str, option: str) -> tuple[str, ...]:
        given = get(section, option).replace(",", "\n").splitlines()
        return tuple(line.strip() for line in given if line.strip() and not line.strip().startswith("#"))

    if get("metadata", "name"):
        declared.is_distribution = True
    declared.name = declared.name or get("metadata", "name") or None
    declared.summary = declared.summary or get("metadata", "description")
    declared.license = declared.license or get("metadata", "license")
    declared.requires_python = declared.requires_python or get("options", "python_requires") or None
    requires = tuple(line.strip() for line in get("options", "install_requires").splitlines() if line.strip())
    declared.requires_dist = declared.requires_dist or requires
    if declared.version is None:
        declared.version = _cfg_version(tree, get("metadata", "version"))
    points = get("options.entry_points", ENTRY_POINT_GROUP)
    if points:
        declared.entry_points = parse_entry_points(f"[{ENTRY_POINT_GROUP}]\n{points}")
    named = get("options", "entry_points")
    if named.startswith("file:"):
        declared.entry_points = parse_entry_points(text_of(tree, named.removeprefix("file:").strip()) or "")
    packages, modules = lines("options", "packages"), lines("options", "py_modules")
    dirs = [tuple(part.strip() for part in line.split("=", 1)) for line in lines("options", "package_dir")]
    where = get("options.packages.find", "where")
    finds = bool(packages) and packages[0].startswith("find")
    if packages or modules or dirs:
        pairs = [(pair[0], pair[1]) for pair in dirs if len(pair) == 2]
        declared.layout = Layout(
            package_dirs=(*pairs, *([("", where)] if where else [])),
            packages=None if finds else packages,
            modules=None if finds and not modules else modules,
            includes_files=get("options", "include_package_data").lower() == "true"
            or parser.has_section("options.package_data"),
        )


def _cfg_version(tree: SourceTree, given: str) -> str | None:
    if given.startswith("attr:"):
        return version_in(tree, attribute_files(given.removeprefix("attr:").strip()))
    if given.startswith("file:"):
        return (text_of(tree, given.removeprefix("file:").strip()) or "").strip() or None
    return given or None


class SetupFiles:
    """What `setup.py` can read: the files beside it; it imports nothing of the plugin."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        self._names = frozenset(tree.names())

    def import_module(self, machine: Machine, name: str) -> Value | None:
        return None

    def read_packaged(self, path: str) -> tuple[bytes, str] | None:
        relative = posixpath.normpath(path).removeprefix(f"{SITE}/")
        try:
            return (self._tree.read(relative), "") if relative in self._names else None
        except UnusableArtifact:
            return None

    def is_packaged_folder(self, path: str) -> bool:
        return False

    def list_packaged(self, path: str) -> list[str]:
        return []


def _read_setup_py(tree: SourceTree, declared: Declarations) -> None:
    try:
        parsed, _ = parse_source(tree.read("setup.py"), "setup.py")
    except NotSource as problem:
        declared.setup_problem, declared.setup_path = problem.message, "setup.py"
        declared.setup_line = problem.line
        return
    except UnusableArtifact as error:
        declared.setup_problem, declared.setup_path = error.message, "setup.py"
        return
    machine = make_machine(SetupFiles(tree))
    machine.reads_relative = True
    scope = machine.heap.number()
    for name, value in (
        ("__name__", Const("__main__")),
        ("__file__", Const(f"{SITE}/setup.py", (SITE_DOUBT,))),
        ("__doc__", Unknown("the documentation")),
    ):
        machine.heap.set((scope, name), value)
    try:
        run_block(machine, Frame("setup.py", scope, (scope,)), parsed.body, [])
    except Raises:
        pass
    if machine.setup_calls:
        _take_setup(tree, declared, machine, machine.setup_calls[-1])
        return
    is_called = any(
        isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute))
        and (node.func.id if isinstance(node.func, ast.Name) else node.func.attr) == "setup"
        for node in ast.walk(parsed)
    )  # fmt: skip
    if is_called:
        declared.is_distribution = True
        declared.entry_points_unknown = "setup.py could not be followed to where it calls setup()"


def _take_setup(
    tree: SourceTree, declared: Declarations, machine: Machine, keywords: dict[str, Value]
) -> None:
    def plain(name: str) -> JSON:
        value = keywords.get(name)
        return export(machine, value).value if value is not None else None

    def text(name: str) -> str | None:
        value = plain(name)
        return value if isinstance(value, str) else None

    def texts(name: str) -> tuple[str, ...]:
        value = plain(name)
        if isinstance(value, str):
            return tuple(line.strip() for line in value.splitlines() if line.strip())
        return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()

    declared.is_distribution = True
    declared.name = declared.name or text("name")
    declared.version = declared.version or text("version") or _found_version(tree, keywords)
    declared.summary = declared.summary or text("description") or ""
    declared.license = declared.license or text("license") or ""
    declared.readme = declared.readme or text("long_description") or ""
    declared.requires_python = declared.requires_python or text("python_requires")
    declared.requires_dist = declared.requires_dist or texts("install_requires")
    _take_entry_points(declared, machine, keywords)
    given = plain("package_dir")
    dirs = (
        [(key, value) for key, value in given.items() if isinstance(value, str)]
        if isinstance(given, dict)
        else []
    )
    lists = {name: plain(name) for name in ("packages", "py_modules")}
    if lists["packages"] is None and lists["py_modules"] is None and not dirs and "packages" not in keywords:
        return
    packages = None if "packages" in keywords and lists["packages"] is None else texts("packages")
    modules = texts("py_modules")
    declared.layout = Layout(
        package_dirs=tuple(dirs),
        packages=packages,
        modules=modules if packages is not None or modules else None,
        includes_files=bool(plain("include_package_data")) or "package_data" in keywords,
    )


def _take_entry_points(declared: Declarations, machine: Machine, keywords: dict[str, Value]) -> None:
    value = keywords.get("entry_points")
    if value is None:
        if "**" in keywords:
            declared.entry_points_unknown = "setup.py hands arguments to setup() that could not be read"
        return
    exported = export(machine, value)
    if isinstance(exported.value, str):
        declared.entry_points = parse_entry_points(exported.value)
    elif isinstance(exported.value, dict):
        group = exported.value.get(ENTRY_POINT_GROUP)
        if isinstance(group, str):
            group = list(group.splitlines())
        if isinstance(group, list):
            lines = "\n".join(line for line in group if isinstance(line, str))
            declared.entry_points = parse_entry_points(f"[{ENTRY_POINT_GROUP}]\n{lines}")
    if not exported.known or (exported.unknown and not declared.entry_points):
        declared.entry_points_unknown = "the entry points in setup.py could not be read"


def _found_version(tree: SourceTree, keywords: dict[str, Value]) -> str | None:
    """The version where setup.py takes it from a module: the only one that any module states."""
    if "version" not in keywords:
        return None
    names = ("__init__.py", "_version.py", "version.py", "__about__.py", "__version__.py")
    paths = [
        name
        for name in tree.names()
        if name.endswith(".py")
        and name.count("/") <= 2
        and (name.rpartition("/")[2] in names or "/" not in name)
    ]
    found = {version for version in (version_in(tree, [path]) for path in paths) if version}
    return found.pop() if len(found) == 1 else None
