"""What a distribution says of itself: name, version, requirements, entry points, where its modules are."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from packaging.metadata import parse_email

from tljh.errors import UnusableArtifact
from tljh.hooks import ENTRY_POINT_GROUP
from tljh.inspection.modules import Layout
from tljh.inspection.tree import SourceTree

MAX_ENTRY_POINTS = 50
VERSION_LINE = re.compile(r"""^__version__\s*(?::\s*\w+\s*)?=\s*(['"])([^'"\n]+)\1\s*(?:#.*)?$""", re.M)


@dataclass(slots=True)
class Declarations:
    """What was read; `setup_problem` if a file that the build needs does not parse."""

    name: str | None = None
    version: str | None = None
    requires_python: str | None = None
    requires_dist: tuple[str, ...] = ()
    summary: str = ""
    license: str = ""
    readme: str = ""
    entry_points: list[tuple[str, str]] = field(default_factory=list)
    entry_points_unknown: str = ""
    layout: Layout = field(default_factory=Layout)
    setup_problem: str = ""
    setup_path: str = ""
    setup_line: int = 0
    is_distribution: bool = False


def text_of(tree: SourceTree, name: str) -> str | None:
    """The text of a file; None if there is none or it is not UTF-8."""
    try:
        return tree.read(name).decode("utf-8-sig")
    except (KeyError, UnicodeDecodeError, UnusableArtifact):
        return None


def read_metadata(tree: SourceTree, path: str, declared: Declarations) -> None:
    """METADATA of a wheel or PKG-INFO of a source archive."""
    text = text_of(tree, path)
    if text is None:
        return
    raw, _ = parse_email(text)
    declared.is_distribution = True
    declared.name = raw.get("name") or declared.name
    declared.version = raw.get("version") or declared.version
    declared.requires_python = raw.get("requires_python") or declared.requires_python
    declared.requires_dist = tuple(raw.get("requires_dist", ())) or declared.requires_dist
    declared.summary = raw.get("summary") or declared.summary
    declared.license = raw.get("license_expression") or raw.get("license") or declared.license
    declared.readme = raw.get("description") or declared.readme


def parse_entry_points(text: str, group: str = ENTRY_POINT_GROUP) -> list[tuple[str, str]]:
    """The entry points of a group in the text of an `entry_points.txt`."""
    found: dict[str, str] = {}
    section = ""
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
        elif section == group and "=" in line:
            name, _, value = line.partition("=")
            found.setdefault(name.strip(), value.strip())
        if len(found) > MAX_ENTRY_POINTS:
            break
    return list(found.items())


def read_wheel(tree: SourceTree) -> Declarations:
    """The declarations of a wheel."""
    declared = Declarations(layout=Layout(roots=("",)))
    for name in tree.names():
        folder, _, file = name.rpartition("/")
        if folder.endswith(".dist-info") and "/" not in folder:
            if file == "METADATA":
                read_metadata(tree, name, declared)
            elif file == "entry_points.txt":
                declared.entry_points = parse_entry_points(text_of(tree, name) or "")
    return declared


def parse_toml(text: str) -> dict[str, Any]:
    """TOML as plain data. Raises ValueError."""
    if sys.version_info >= (3, 11):
        import tomllib

        return tomllib.loads(text)
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(text).unwrap()
    except TOMLKitError as error:
        raise ValueError(str(error)) from None


def table(mapping: object, *names: str) -> Mapping[str, Any]:
    """A nested table; an empty one if it is missing or something else."""
    for name in names:
        mapping = mapping.get(name) if isinstance(mapping, Mapping) else None
    return mapping if isinstance(mapping, Mapping) else {}


def text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def strings(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def read_pyproject(tree: SourceTree, declared: Declarations) -> bool:
    """Take over what pyproject.toml says; whether it has the table [project] (or another backend's own)."""
    raw = text_of(tree, "pyproject.toml")
    if raw is None:
        return False
    try:
        document = parse_toml(raw)
    except (ValueError, RecursionError) as error:
        declared.setup_problem = f"pyproject.toml does not parse: {error}"
        declared.setup_path = "pyproject.toml"
        return True
    backend = text(table(document, "build-system").get("build-backend")) or "setuptools"
    if not backend.startswith("setuptools"):
        declared.layout = Layout(includes_files=True)
    own = False
    for reader in (_project, _poetry, _flit):
        if reader(tree, document, declared):
            own = declared.is_distribution = True
    _pyproject_layout(document, declared, backend)
    if own and declared.version is None:
        _dynamic_version(tree, document, declared)
    return own


def _project(tree: SourceTree, document: Mapping[str, Any], declared: Declarations) -> bool:
    project = table(document, "project")
    if not project:
        return False
    declared.name = text(project.get("name")) or declared.name
    declared.version = text(project.get("version")) or declared.version
    declared.requires_python = text(project.get("requires-python")) or declared.requires_python
    declared.requires_dist = strings(project.get("dependencies")) or declared.requires_dist
    declared.summary = text(project.get("description")) or declared.summary
    given = project.get("license")
    declared.license = text(given) or text(table(given).get("text")) or declared.license
    readme = text(project.get("readme")) or text(table(project, "readme").get("file"))
    if readme:
        declared.readme = text_of(tree, readme) or declared.readme
    points = table(project, "entry-points", ENTRY_POINT_GROUP)
    declared.entry_points = _points(points)
    dynamic = table(document, "tool", "setuptools", "dynamic")
    files = table(dynamic, "entry-points").get("file")
    for name in (files,) if isinstance(files, str) else strings(files):
        declared.entry_points += parse_entry_points(text_of(tree, name) or "")
    return not ("entry-points" in strings(project.get("dynamic")) and files is None)


def _points(points: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in points.items():
        target = text(value) or text(table(value).get("reference")) or text(table(value).get("callable"))
        if target:
            found.append((str(name), target))
    return found[:MAX_ENTRY_POINTS]


def _poetry(tree: SourceTree, document: Mapping[str, Any], declared: Declarations) -> bool:
    poetry = table(document, "tool", "poetry")
    if not poetry:
        return False
    declared.name = declared.name or text(poetry.get("name"))
    declared.version = declared.version or text(poetry.get("version"))
    declared.summary = declared.summary or text(poetry.get("description")) or ""
    declared.license = declared.license or text(poetry.get("license")) or ""
    declared.requires_python = declared.requires_python or _poetry_python(poetry)
    declared.entry_points = declared.entry_points or _points(table(poetry, "plugins", ENTRY_POINT_GROUP))
    return True


def _poetry_python(poetry: Mapping[str, Any]) -> str | None:
    wanted = text(table(poetry, "dependencies").get("python"))
    return wanted if wanted and not re.search(r"[\^~|]", wanted) else None


def _flit(tree: SourceTree, document: Mapping[str, Any], declared: Declarations) -> bool:
    old = table(document, "tool", "flit", "metadata")
    points = table(document, "tool", "flit", "entrypoints", ENTRY_POINT_GROUP)
    declared.entry_points = declared.entry_points or _points(points)
    backend = text(table(document, "build-system").get("build-backend")) or ""
    if not old and not (backend.startswith("flit") and table(document, "project")):
        return False
    module = text(old.get("module")) or text(table(document, "tool", "flit", "module").get("name"))
    module = module or (declared.name or "").replace("-", "_")
    declared.name = declared.name or text(old.get("dist-name")) or module
    declared.requires_python = declared.requires_python or text(old.get("requires-python"))
    declared.requires_dist = declared.requires_dist or strings(old.get("requires"))
    file = text(old.get("entry-points-file")) or text(old.get("entrypoints-file")) or "entry_points.txt"
    if old and not declared.entry_points:
        declared.entry_points = parse_entry_points(text_of(tree, file) or "")
    if declared.version is None and module:
        path = module.replace(".", "/")
        declared.version = version_in(
            tree, [f"{root}{path}{end}" for root in ("", "src/") for end in (".py", "/__init__.py")]
        )
    return True


def version_in(tree: SourceTree, paths: Sequence[str]) -> str | None:
    """The one `__version__ = "..."` in the first of these files that has any."""
    for path in paths:
        found = {match[2] for match in VERSION_LINE.finditer(text_of(tree, path) or "")}
        if len(found) == 1:
            return found.pop()
    return None


def _dynamic_version(tree: SourceTree, document: Mapping[str, Any], declared: Declarations) -> None:
    tool = table(document, "tool")
    for names in (("hatch", "version"), ("pdm", "version")):
        path = text(table(tool, *names).get("path"))
        if path:
            declared.version = version_in(tree, [path])
            return
    version = table(tool, "setuptools", "dynamic", "version")
    attribute, file = text(version.get("attr")), version.get("file")
    if attribute:
        declared.version = version_in(tree, attribute_files(attribute))
    elif isinstance(file, str) or strings(file):
        name = file if isinstance(file, str) else strings(file)[0]
        declared.version = (text_of(tree, name) or "").strip() or None


def attribute_files(attribute: str) -> list[str]:
    """Where `package.module.__version__` may be set."""
    module, _, name = attribute.rpartition(".")
    if name != "__version__":
        return []
    path = module.replace(".", "/")
    return [f"{root}{path}{end}" for root in ("", "src/") for end in (".py", "/__init__.py")]


def _pyproject_layout(document: Mapping[str, Any], declared: Declarations, backend: str) -> None:
    setuptools = table(document, "tool", "setuptools")
    if setuptools:
        packages = setuptools.get("packages")
        modules = setuptools.get("py-modules")
        where = strings(table(packages, "find").get("where"))
        dirs = [(str(key), str(value)) for key, value in table(setuptools, "package-dir").items()]
        declared.layout = Layout(
            package_dirs=(*dirs, *(("", folder) for folder in where)),
            packages=strings(packages) if isinstance(packages, list) else None,
            modules=strings(modules) if isinstance(modules, list) else None,
            includes_files=setuptools.get("include-package-data") is not False,
        )
    poetry = table(document, "tool", "poetry").get("packages")
    hatch = table(document, "tool", "hatch", "build", "targets", "wheel").get("packages")
    pairs: list[tuple[str, str]] = []
    for package in poetry if isinstance(poetry, list) else []:
        include, folder = text(table(package).get("include")), text(table(package).get("from"))
        if include and folder:
            pairs.append((include.replace("/", "."), f"{folder}/{include}"))
    for path in strings(hatch):
        pairs.append((path.rstrip("/").rpartition("/")[2], path.rstrip("/")))
    if pairs:
        declared.layout = Layout(package_dirs=tuple(pairs))
