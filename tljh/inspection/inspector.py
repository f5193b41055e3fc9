"""One artifact in, one report out; whatever is wrong with the plugin is in the report."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name

from tljh.errors import UnusableArtifact
from tljh.hooks import ENTRY_POINT_GROUP, HOOKS
from tljh.inspection.access import get_attribute
from tljh.inspection.declarations import Declarations
from tljh.inspection.interpreter import make_machine
from tljh.inspection.machine import Frame, Machine, Raises, TooComplex
from tljh.inspection.modules import PluginModules
from tljh.inspection.observation import convert, observe
from tljh.inspection.registration import Registered, find_hooks, marker_names, unregistered
from tljh.inspection.report import (
    Effect,
    EntryPoint,
    Finding,
    HookImplementation,
    PluginReport,
    Source,
    Status,
)
from tljh.inspection.setup_files import read_declarations
from tljh.inspection.tree import SourceTree
from tljh.inspection.values import Module, Value

OBJECT_REFERENCE = re.compile(r"^\s*([\w.]+)\s*(?::\s*([\w.]+))?\s*(?:\[[^\]]*\])?\s*$")
HOOK_DEFINITION = re.compile(rb"^[ \t]*(?:async[ \t]+)?def[ \t]+(tljh_\w+)", re.M)


@dataclass(slots=True)
class Found:
    """What was found so far."""

    status: Status = "ok"
    entry_points: list[EntryPoint] = field(default_factory=list)
    hooks: list[HookImplementation] = field(default_factory=list)
    import_effects: tuple[Effect, ...] = ()
    findings: list[Finding] = field(default_factory=list)

    def fail(self, status: Status, code: str, message: str, path: str = "", line: int = 0) -> None:
        """The first failure gives the status; each gives a finding."""
        if self.status == "ok":
            self.status = status
        self.findings.append(Finding(code, "danger", message, path, line))


def inspect(
    tree: SourceTree,
    *,
    requirement: str,
    source: Source,
    name: str | None = None,
    version: str | None = None,
) -> PluginReport:
    """Read what an artifact contributes. Nothing of it is run, and nothing wrong with it is raised."""
    found = Found()
    declared = Declarations()
    try:
        declared = read_declarations(tree)
        _inspect(tree, declared, found)
    except UnusableArtifact as error:
        found.fail("unreadable", "unreadable", error.message)
    except (RecursionError, MemoryError):
        found.fail("unreadable", "too-complex", "The plugin's code is nested too deeply to be read.")
    if name and declared.name and canonicalize_name(name) != canonicalize_name(declared.name):
        message = f"The artifact calls itself {declared.name}, not {name}."
        found.findings.append(Finding("name-differs", "warning", message))
    return PluginReport(
        requirement=requirement,
        name=declared.name or name,
        version=declared.version or version,
        source=source,
        requires_python=declared.requires_python,
        requires_dist=declared.requires_dist,
        status=found.status,
        entry_points=tuple(found.entry_points),
        hooks=tuple(found.hooks),
        import_effects=found.import_effects,
        findings=tuple(dict.fromkeys(found.findings)),
        summary=declared.summary,
        license=declared.license,
        readme=declared.readme,
    )


def _inspect(tree: SourceTree, declared: Declarations, found: Found) -> None:
    if declared.setup_problem:
        found.fail(
            "setup-syntax-error",
            "setup-syntax-error",
            declared.setup_problem,
            declared.setup_path,
            declared.setup_line,
        )
        return
    if not declared.entry_points:
        _no_entry_point(tree, declared, found)
        return
    modules = PluginModules(tree, declared.layout)
    machine = make_machine(modules)
    registered: list[Registered] = []
    seen: set[Value] = set()
    for name, value in sorted(declared.entry_points):
        plugin = _load(machine, modules, name, value, found)
        if plugin is None:
            continue
        if plugin in seen:
            message = f"The entry point {name} names what another one names: pluggy registers it once."
            found.findings.append(Finding("duplicate-entry-point", "warning", message))
            continue
        seen.add(plugin)
        hooks, findings = find_hooks(machine, plugin)
        found.findings.extend(findings)
        refused = next(
            (f for f in findings if f.code in ("unknown-parameter", "wrapper-without-yield")), None
        )
        registered.extend(hooks)
        found.import_effects = (*found.import_effects, *convert(machine.effects))
        observed, notes = observe(machine, hooks, modules.texts, name)
        machine.effects = []
        found.findings.extend(notes)
        if refused is None:
            found.hooks.extend(observed)
    _finish(tree, machine, modules, registered, found)


def _no_entry_point(tree: SourceTree, declared: Declarations, found: Found) -> None:
    if declared.entry_points_unknown:
        found.fail("no-entry-point", "entry-points-unknown", f"{declared.entry_points_unknown}.")
    elif not declared.is_distribution:
        message = "This is no Python distribution: it has neither pyproject.toml, setup.cfg nor setup.py."
        found.fail("not-a-plugin", "not-a-distribution", message)
    else:
        message = f"It registers nothing in the entry-point group {ENTRY_POINT_GROUP}: TLJH does not see it."
        found.fail("no-entry-point", "no-entry-point", message)
    for path, hook in _hook_definitions(tree):
        found.findings.append(
            Finding(
                "hook-without-entry-point", "info", f"{path} defines {hook}, which is never called.", path
            )
        )


def _hook_definitions(tree: SourceTree) -> list[tuple[str, str]]:
    """Functions named like hooks, in any module but tests."""
    found: list[tuple[str, str]] = []
    for path in tree.names():
        if not path.endswith(".py") or "test" in path or len(found) > 20:
            continue
        try:
            names = HOOK_DEFINITION.findall(tree.read(path))
        except UnusableArtifact:
            continue
        found.extend((path, name.decode()) for name in names if name.decode() in HOOKS)
    return found


def _load(machine: Machine, modules: PluginModules, name: str, value: str, found: Found) -> Value | None:
    """The object that an entry point names; None, with the reason noted, if it would not load."""
    match = OBJECT_REFERENCE.match(value)
    target = match[1] if match else value
    path = modules.locate(target) if match else None
    resolvable = path is not None and modules.is_packaged(target)
    if path is None:
        message = f"The entry point {name} names the module {target}, which is not in the artifact."
        found.fail("unresolvable-entry-point", "missing-module", message)
    elif not resolvable:
        message = f"{path} is in the sources but not among the packages and modules that are installed."
        found.fail("unresolvable-entry-point", "module-not-packaged", message, path)
    plugin: Value | None = None
    problems = len(modules.problems)
    if resolvable:
        try:
            plugin = _import(machine, target, match[2] if match else None)
            if plugin is None:
                resolvable = False
        except Raises as error:
            if len(modules.problems) > problems:
                problem = modules.problems[-1]
                status: Status = "unreadable" if problem.unreadable else "module-syntax-error"
                found.fail(status, status, problem.message, path or "", problem.line)
            else:
                message = f"The entry point {name} cannot be loaded: {error}."
                found.fail("unresolvable-entry-point", "import-fails", message, path or "")
                resolvable = False
        except TooComplex as error:
            found.fail("unreadable", "too-complex", f"{target} cannot be followed: {error}.", path or "")
    found.entry_points.append(EntryPoint(name, value, resolvable))
    return plugin


def _import(machine: Machine, target: str, attribute: str | None) -> Value | None:
    plugin = machine.library.import_module(machine, target)
    if plugin is None or attribute is None:
        return plugin
    frame = Frame("", plugin.scope if isinstance(plugin, Module) else 0, ())
    for part in attribute.split("."):
        plugin = get_attribute(machine, frame, plugin, part)
    return plugin


def _finish(
    tree: SourceTree, machine: Machine, modules: PluginModules, registered: list[Registered], found: Found
) -> None:
    """Everything that is said of the plugin as a whole."""
    markers: dict[str, frozenset[str]] = {}
    for path in modules.trees:
        scope = modules.scope_of(path)
        markers[path] = marker_names(machine, scope) if scope is not None else frozenset()
    found.findings.extend(unregistered(machine, modules.trees, markers, registered, found.findings))
    found.findings.extend(modules.findings)
    if machine.dynamic:
        message = f"Not everything can be known before it runs: {machine.dynamic}."
        found.findings.append(Finding("dynamic-code", "warning", message))
    if found.import_effects:
        message = f"Importing the plugin already does something: {_first_words(found.import_effects)}."
        found.findings.append(Finding("import-effects", "warning", message))
    if not found.hooks and found.status == "ok":
        message = "Its entry point loads, but pluggy finds no hook of TLJH in it."
        found.fail("not-a-plugin", "no-hooks", message)
        known = {finding.path for finding in found.findings}
        for path, hook in _hook_definitions(tree):
            if path not in known:
                text = f"{path} defines {hook}, which is not reached from the entry point."
                found.findings.append(Finding("unreachable", "warning", text, path))


def _first_words(effects: tuple[Effect, ...]) -> str:
    return getattr(effects[0], "what", "") or "it changes configuration"
