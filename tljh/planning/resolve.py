"""Asks the package managers what would really be installed. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tljh.errors import TljhError
from tljh.index_settings import IndexSettings
from tljh.layout import Layout
from tljh.packages import apt, conda, pip
from tljh.packages.types import PackageChange
from tljh.planning.actions import PluginArtifact
from tljh.planning.facts import Facts
from tljh.planning.pins import (
    apt_name,
    conda_is_satisfied,
    core_pins,
    is_applied,
    jupyterhub_version,
    pins,
)
from tljh.planning.requirements import HUB_REQUIREMENTS
from tljh.planning.types import Resolution, Resolved
from tljh.planning.wanted import Wanted
from tljh.runner import Runner
from tljh.spec import InstallSpec


@dataclass(frozen=True, slots=True)
class Resolver:
    """The package managers of one machine, asked for one plan."""

    layout: Layout
    caches: Layout
    """Where downloads are kept: the layout itself, unless it cannot be written."""
    spec: InstallSpec
    facts: Facts
    runner: Runner
    settings: IndexSettings
    on_progress: Callable[[str], None]

    def resolve(self, wanted: Wanted, plugins: Sequence[PluginArtifact]) -> Resolution:
        """Everything that the plan needs to know. Failures are values, in the part that they belong to."""
        hub, resolved_plugins = self._hub_and_plugins(new_arguments(plugins, self.facts))
        core = core_pins(self.facts, hub)
        with_plugins = (*core, *resolved_plugins.pins)
        extras = self._in_hub(wanted.hub_extras.items, with_plugins, "hub packages of the plugins")
        conda_part, python = self._conda(wanted)
        return Resolution(
            apt=self._apt(wanted.apt.items),
            hub=hub,
            plugins=beyond(resolved_plugins, hub),
            hub_extras=beyond(extras, hub, resolved_plugins),
            conda=conda_part,
            user_pip=self._user_pip(wanted, python, jupyterhub_version(self.facts, hub))
            if python
            else Resolved(),
            user_python=python,
            core=core,
            jupyterhub=jupyterhub_version(self.facts, hub),
        )

    def _apt(self, packages: tuple[str, ...]) -> Resolved:
        missing = tuple(name for name in packages if apt_name(name) not in self.facts.apt_installed)
        if not missing or self.spec.scope == "folder" or not self.facts.may_change_system:
            return Resolved()
        self.on_progress("asking apt about the server packages")
        try:
            return Resolved(changes=apt.simulate(missing, self.runner))
        except TljhError as error:
            return failed(error)

    def _hub_and_plugins(self, plugins: tuple[str, ...]) -> tuple[Resolved, Resolved]:
        """What TLJH needs comes first, and no plugin moves it.

        Only where nothing of it is installed yet, it is chosen so that the plugins fit, if that can be.
        """
        hub = self._hub()
        if hub.error:
            return hub, Resolved()
        resolved = self._in_hub(plugins, core_pins(self.facts, hub), "the plugins")
        if not resolved.error or "jupyterhub" in self.facts.hub_packages:
            return hub, resolved
        fixed, what = core_pins(self.facts), "the hub environment and the plugins together"
        together = self._in_hub((*HUB_REQUIREMENTS, *plugins), fixed, what)
        if together.error:
            return hub, resolved
        fitting = self._hub(together.pins)
        return fitting, self._in_hub(plugins, core_pins(self.facts, fitting), "the plugins")

    def _hub(self, fixed: tuple[str, ...] = ()) -> Resolved:
        constraints = (*core_pins(self.facts), *fixed)
        return self._in_hub(HUB_REQUIREMENTS, constraints, "the hub environment", build=True)

    def _in_hub(
        self, arguments: tuple[str, ...], fixed: tuple[str, ...], what: str, *, build: bool = False
    ) -> Resolved:
        if not arguments or not self.facts.has_hub_environment:
            return Resolved()
        self.on_progress(f"resolving {what}")
        try:
            changes = pip.dry_run(
                self.layout.hub_python,
                arguments,
                constraints=fixed,
                build=build,
                settings=self.settings,
                cache_dir=self.caches.uv_cache,
                runner=self.runner,
            )
        except TljhError as error:
            return failed(error)
        return Resolved(changes=changes, pins=pins(changes))

    def _conda(self, wanted: Wanted) -> tuple[Resolved, str | None]:
        """What conda would do, and the Python that the user environment will have."""
        if self.spec.user_environment.manager == "uv":
            return Resolved(), self.facts.user_python or self.facts.python_version or None
        if not wanted.conda.items or conda_is_satisfied(wanted.conda.items, self.facts):
            present = self.facts.conda_packages.get("python")
            return Resolved(), present.version if present else None
        self.on_progress("solving the environment for everyone")
        try:
            solution = conda.solve(
                self.layout.user,
                wanted.conda.items,
                wanted.channels.items,
                cache_dir=self.caches.conda_cache,
                runner=self.runner,
            )
        except TljhError as error:
            return failed(error), None
        return Resolved(changes=solution.changes), solution.python_version

    def _user_pip(self, wanted: Wanted, python: str, jupyterhub: str | None) -> Resolved:
        arguments = user_arguments(wanted, jupyterhub, self.spec)
        if not arguments:
            return Resolved()
        self.on_progress("resolving the pip packages for everyone")
        settings, cache, runner = self.settings, self.caches.uv_cache, self.runner
        try:
            if self.layout.user_python.exists():
                changes = pip.dry_run(
                    self.layout.user_python, arguments, settings=settings, cache_dir=cache, runner=runner
                )
                return Resolved(changes=changes, pins=pins(changes))
            resolved = pip.compile(
                arguments, python_version=python, settings=settings, cache_dir=cache, runner=runner
            )
        except TljhError as error:
            return failed(error)
        split = (pin.partition("==") for pin in resolved)
        changes = tuple(PackageChange(name, "install", version) for name, _, version in split)
        return Resolved(changes=changes, pins=resolved)


def user_arguments(wanted: Wanted, jupyterhub: str | None, spec: InstallSpec) -> tuple[str, ...]:
    """What is asked of pip for everyone: JupyterHub as in the hub, then the rest in order."""
    same_hub = (f"jupyterhub=={jupyterhub}",) if jupyterhub and spec.user_environment.jupyter else ()
    return (*same_hub, *wanted.user_pip.items)


def failed(error: TljhError) -> Resolved:
    """The error as a value; what only a build would tell does not stop a plan."""
    if isinstance(error, pip.NeedsBuild):
        return Resolved(unknown=error.message)
    return Resolved(error=error.message, hint=error.hint)


def beyond(resolved: Resolved, *before: Resolved) -> Resolved:
    """Without the changes that an earlier step of the plan makes."""
    made = {change.name for part in before for change in part.changes}
    return replace(resolved, changes=tuple(change for change in resolved.changes if change.name not in made))


def new_arguments(plugins: Sequence[PluginArtifact], facts: Facts) -> tuple[str, ...]:
    """The artifacts that are not installed yet, as requirements."""
    new = [plugin for plugin in plugins if not is_applied(plugin, facts)]
    return tuple(f"{p.name}{_extras(p)} @ {Path(p.path).as_uri()}" for p in new)


def _extras(plugin: PluginArtifact) -> str:
    return f"[{','.join(plugin.extras)}]" if plugin.extras else ""
