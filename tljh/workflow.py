"""The one path from an answer to a run: the wizard, the command line and the installer all take it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tljh import spec as specs
from tljh.errors import Refused, TljhError
from tljh.layout import Layout
from tljh.runner import Runner, SystemRunner
from tljh.spec import InstallSpec

if TYPE_CHECKING:
    from tljh.applying.events import Event
    from tljh.applying.runs import Run
    from tljh.discovery.candidates import Candidate, Release
    from tljh.discovery.index import Index
    from tljh.index_settings import IndexSettings
    from tljh.inspection.conflicts import Conflict
    from tljh.inspection.contributions import Contributions
    from tljh.inspection.report import PluginReport
    from tljh.planning.facts import Facts
    from tljh.planning.types import Plan

OnProgress = Callable[[str], None]


def silent(_text: str) -> None:
    """Progress that nobody follows."""


class Workflow:
    """All that a person can do, bound to one installation. Raises nothing but TljhError."""

    def __init__(
        self, layout: Layout, *, settings: IndexSettings | None = None, runner: Runner | None = None
    ) -> None:
        self.layout = layout
        self.runner: Runner = runner or SystemRunner()
        self._settings = settings

    @property
    def settings(self) -> IndexSettings:
        """The machine's own index settings, read once."""
        if self._settings is None:
            from tljh.index_settings import IndexSettings

            self._settings = IndexSettings.load(os.environ)
        return self._settings

    # Discovery ---------------------------------------------------------------------------------

    def candidates(self) -> tuple[Candidate, ...]:
        """The catalogue: offline, at once."""
        from tljh.discovery.known import known_plugins

        return known_plugins()

    async def enrich(self, candidate: Candidate) -> Candidate:
        """The candidate with what the network says of it."""
        from tljh.discovery import search
        from tljh.reading import hub_python

        async with self._index() as index:
            return await search.enrich(candidate, index, python=hub_python())

    async def lookup(self, text: str) -> Candidate | None:
        """The plugin that is exactly this: a project of the index, or anything that pip accepts."""
        from tljh.discovery import search
        from tljh.discovery.candidates import Candidate
        from tljh.discovery.requirements import parse_requirement
        from tljh.reading import hub_python

        requested = parse_requirement(text, catalogue=self.candidates())
        if requested.kind != "index":
            name = requested.name or requested.source.location.rstrip("/").rpartition("/")[2]
            return Candidate(name=name, sources=(requested.source,), origin="typed")
        async with self._index() as index:
            return await search.look_up(requested.name or text, index, python=hub_python())

    async def releases(self, candidate: Candidate) -> tuple[Release, ...]:
        """Its versions, newest first."""
        from tljh.discovery.releases import releases
        from tljh.reading import hub_python

        async with self._index() as index:
            return await releases(
                candidate,
                index=index,
                runner=self.runner,
                python=hub_python(),
                catalogue=self.candidates(),
            )

    def _index(self) -> Index:
        from tljh.discovery.cache import default_folder
        from tljh.discovery.index import Index

        return Index(self.settings, default_folder())

    # Inspection --------------------------------------------------------------------------------

    async def inspect(self, requirement: str) -> PluginReport:
        """What one plugin contributes, read without running it; only what is needed is fetched."""
        from tljh.reading import report_of

        return await report_of(requirement, settings=self.settings, runner=self.runner)

    def merge(self, reports: Sequence[PluginReport]) -> tuple[Contributions, tuple[Conflict, ...]]:
        """What the plugins contribute together, and where they contradict each other."""
        from tljh.inspection.conflicts import conflicts
        from tljh.inspection.contributions import merge

        contributions = merge(reports)
        return contributions, conflicts(reports, contributions)

    # Answers -----------------------------------------------------------------------------------

    def load_spec(self) -> InstallSpec:
        """The answers of this machine; empty ones if there are none yet."""
        return load_spec(self.layout.spec_file, missing_ok=True)

    def save_spec(self, spec: InstallSpec) -> Path:
        """Keep the answers for the command line and the next time; comments survive."""
        from tljh.settings import files

        path = self.layout.spec_file
        try:
            previous = path.read_text(encoding="utf-8") if path.exists() else ""
            files.replace(path, specs.render(spec, previous))
        except OSError as error:
            raise Refused(
                f"Cannot write {path}: {error.strerror}.", "Run this with sudo, or free some space."
            ) from None
        return path

    def facts(self, spec: InstallSpec | None = None) -> Facts:
        """The machine as it is."""
        from tljh.planning.probe import probe

        return probe(self.layout, spec or self.load_spec(), self.runner)

    # Plan and apply ----------------------------------------------------------------------------

    async def plan(
        self,
        spec: InstallSpec,
        on_progress: OnProgress = silent,
        *,
        new_passwords: Iterable[str] = (),
    ) -> Plan:
        """Fetch and inspect every chosen plugin, ask the package managers, and plan. Changes nothing.

        The plan's answers name each artifact by its sha256.
        """
        from tljh.planning.make import Machine, make_plan

        machine = Machine(self.layout, self.settings, self.runner)
        return await make_plan(machine, spec, on_progress, tuple(new_passwords))

    def start(self, plan: Plan, password_hashes: Mapping[str, str] | None = None) -> str:
        """Start an approved plan apart from this terminal; its run id. Raises Refused if it is blocked."""
        from tljh.applying import runs

        if plan.blocked:
            first = plan.blocked[0]
            raise Refused(first.message, first.hint)
        try:
            run = runs.create(self.layout, plan, password_hashes or {})
            server = plan.spec.get("scope", "server") == "server"
            runs.start(self.layout, run, self.runner, as_unit=server)
        except OSError as error:
            raise Refused(f"Cannot start: {error.strerror}: {error.filename}.", "Run it with sudo.") from None
        return run.id

    def current_run(self) -> str | None:
        """The run in progress, if there is one."""
        from tljh.applying import runs

        run = runs.current(self.layout)
        return run.id if run else None

    def last_run(self) -> str | None:
        """The newest run, whatever became of it."""
        from tljh.applying import runs

        every = runs.all_runs(self.layout)
        return every[0].id if every else None

    def follow(self, run: str) -> AsyncIterator[Event]:
        """Its events from the beginning, then live."""
        from tljh.applying import runs

        return runs.follow(self._run(run))

    def cancel(self, run: str) -> None:
        """Ask it to stop after the step that it is in."""
        self._run(run).cancel_file.touch()

    def log_path(self, run: str) -> Path:
        """Where the whole output of the run is."""
        return self._run(run).log_file

    def _run(self, run: str) -> Run:
        from tljh.applying import runs

        return runs.find(self.layout, run)

    # Passwords ---------------------------------------------------------------------------------

    def password_hashes(self, passwords: Mapping[str, str]) -> dict[str, str]:
        """bcrypt hashes of the passwords that are not set yet; plain ones go no further than here."""
        import bcrypt

        from tljh.settings.passwords import verify

        return {
            name: bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode()
            for name, password in passwords.items()
            if not verify(self.layout.state, name, password)
        }


def load_spec(path: Path, *, missing_ok: bool = False) -> InstallSpec:
    """Read an answers file. Raises Refused if it cannot be read, InvalidInput if it is not valid."""
    try:
        return specs.parse(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        if missing_ok:
            return InstallSpec()
        raise Refused(f"There is no file {path}.", "Name an answers file that exists.") from None
    except PermissionError:
        if missing_ok:
            return InstallSpec()
        raise Refused(f"{path} cannot be read.", "Run this with sudo.") from None
    except UnicodeDecodeError:
        raise Refused(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from None


def add_plugins(spec: InstallSpec, requirements: Iterable[str]) -> InstallSpec:
    """The answers with more plugins; another version of a plugin that is there takes its place.

    One that is named again is looked up again: its folder or branch may have changed, a newer version be out.
    """
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    def project(text: str) -> str:
        try:
            return canonicalize_name(Requirement(text).name)
        except InvalidRequirement:
            return text

    chosen = {project(choice.requirement): choice for choice in spec.plugins}
    for text in requirements:
        chosen[project(text)] = specs.PluginChoice(text)
    return replace(spec, plugins=tuple(chosen.values()))


__all__ = ["TljhError", "Workflow", "add_plugins", "load_spec", "silent"]
