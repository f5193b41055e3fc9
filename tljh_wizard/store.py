"""WizardState: everything that the screens show, frozen, and its pure transitions. No Textual, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from tljh.spec import InstallSpec, Manager, PluginChoice
from tljh_wizard.running import RunState, told

if TYPE_CHECKING:
    from tljh.applying.events import Event
    from tljh.discovery.candidates import Candidate, Release
    from tljh.inspection.conflicts import Conflict
    from tljh.inspection.contributions import Contributions
    from tljh.inspection.report import PluginReport
    from tljh.planning.types import Plan

USER_NAME = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")
PASSWORD_LENGTH = 8
PASSWORD_BYTES = 72
"""bcrypt reads no more than this."""
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Notice:
    """One clear message and what to do about it."""

    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """What may be done on this machine; `reason` says why nothing can be applied, if so."""

    prefix: str
    host: str = ""
    can_apply: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A plugin that will be installed: the candidate's name and the requirement for pip."""

    name: str
    requirement: str
    version: str | None = None
    """As picked from the list of versions; None is the newest that fits."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What the reports of `requirements` contribute together."""

    requirements: tuple[str, ...]
    contributions: Contributions
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class WizardState:
    """All of it. Mappings are replaced, never changed."""

    access: Access | None = None
    spec: InstallSpec = field(default_factory=InstallSpec)
    """The answers as they were loaded: what the screens do not ask for stays."""
    unreadable_answers: Notice | None = None
    """Why the answers file could not be read; it is then never written over."""
    candidates: tuple[Candidate, ...] = ()
    query: str = ""
    results: tuple[str, ...] = ()
    chosen: tuple[Chosen, ...] = ()
    releases: Mapping[str, tuple[Release, ...]] = field(default_factory=dict)
    """By candidate name."""
    reports: Mapping[str, PluginReport] = field(default_factory=dict)
    """By requirement; so are `reading` and `unreadable`."""
    reading: frozenset[str] = frozenset()
    unreadable: Mapping[str, Notice] = field(default_factory=dict)
    merged: Merged | None = None
    admins: tuple[str, ...] = ()
    password_hashes: Mapping[str, str] = field(default_factory=dict, repr=False)
    manager: Manager = "conda"
    channels: tuple[str, ...] = ()
    planning: str = ""
    """What the planner is doing; empty when it is not at work."""
    plan: Plan | None = None
    planned_for: tuple[InstallSpec, tuple[str, ...]] | None = None
    run: RunState | None = None
    offline: bool = False
    """Whether facts from the network are missing or old."""
    notice: Notice | None = None

    def has_candidate(self, name: str) -> bool:
        return any(candidate.name == name for candidate in self.candidates)

    def candidate(self, name: str) -> Candidate:
        return next(candidate for candidate in self.candidates if candidate.name == name)

    def chosen_as(self, name: str) -> Chosen | None:
        return next((choice for choice in self.chosen if choice.name == name), None)

    def requirement_of(self, name: str) -> str:
        """What would be installed for this candidate: as chosen, else its preferred source."""
        choice = self.chosen_as(name)
        if choice:
            return choice.requirement
        return self.candidate(name).requirement if self.has_candidate(name) else name

    def report_of(self, name: str) -> PluginReport | None:
        return self.reports.get(self.requirement_of(name))

    @property
    def conda_asked(self) -> tuple[str, ...]:
        """Conda packages that the chosen plugins are known to ask for."""
        if self.merged is None:
            return ()
        return tuple(entry.package for entry in self.merged.contributions.user_conda)

    @property
    def answers(self) -> InstallSpec:
        """The spec that these answers make."""
        known = {plugin.requirement: plugin for plugin in self.spec.plugins}
        environment = replace(self.spec.user_environment, manager=self.manager, channels=self.channels)
        return replace(
            self.spec,
            plugins=tuple(known.get(c.requirement, PluginChoice(c.requirement)) for c in self.chosen),
            admins=self.admins,
            user_environment=environment,
        )

    @property
    def approved_answers(self) -> InstallSpec:
        """The answers with each plugin pinned to the artifact that the plan was made from."""
        if self.plan is None:
            return self.answers
        pinned = self.plan.spec.get("plugins", ())
        plugins = tuple(PluginChoice(entry["requirement"], entry.get("sha256")) for entry in pinned)
        return replace(self.answers, plugins=plugins)

    @property
    def planning_input(self) -> tuple[InstallSpec, tuple[str, ...]]:
        """What a plan depends on: the answers and whose first passwords are given."""
        return self.answers, tuple(self.password_hashes)

    @property
    def plan_is_current(self) -> bool:
        return self.plan is not None and self.planned_for == self.planning_input

    @property
    def has_changes(self) -> bool:
        """Whether leaving now would lose answers."""
        return self.run is None and (self.answers != self.spec or bool(self.password_hashes))


def opened(state: WizardState, access: Access, spec: InstallSpec, names: Mapping[str, str]) -> WizardState:
    """The answers were loaded; `names` gives the plugin name of each requirement in them."""
    return replace(
        state,
        access=access,
        spec=spec,
        chosen=tuple(Chosen(names.get(p.requirement, p.requirement), p.requirement) for p in spec.plugins),
        admins=spec.admins,
        manager=spec.user_environment.manager,
        channels=spec.user_environment.channels,
    )


def answers_unreadable(state: WizardState, notice: Notice) -> WizardState:
    """There is an answers file that cannot be used: the wizard starts from nothing and leaves it alone."""
    return replace(state, unreadable_answers=notice, notice=notice)


def catalogued(state: WizardState, candidates: Iterable[Candidate]) -> WizardState:
    """The catalogue is there; plugins that were typed in before stay."""
    found = tuple(candidates)
    names = {candidate.name for candidate in found}
    kept = tuple(candidate for candidate in state.candidates if candidate.name not in names)
    return replace(state, candidates=(*found, *kept))


def queried(state: WizardState, text: str) -> WizardState:
    return replace(state, query=text, notice=None)


def found(state: WizardState, text: str, names: Iterable[str]) -> WizardState:
    """Search results; an answer to an older question is dropped."""
    if text != state.query:
        return state
    known = {candidate.name for candidate in state.candidates}
    return replace(state, results=tuple(dict.fromkeys(name for name in names if name in known)))


def enriched(state: WizardState, candidate: Candidate) -> WizardState:
    """The network told more about a candidate."""
    return replace(
        state,
        candidates=tuple(candidate if known.name == candidate.name else known for known in state.candidates),
    )


def went_offline(state: WizardState, offline: bool) -> WizardState:
    """Whether the network could not be asked about every plugin."""
    return replace(state, offline=offline)


def added(state: WizardState, candidate: Candidate, *, choose: bool) -> WizardState:
    """A plugin that was typed in; it is listed first."""
    others = tuple(known for known in state.candidates if known.name != candidate.name)
    results = (candidate.name, *(name for name in state.results if name != candidate.name))
    state = replace(state, candidates=(candidate, *others), results=results)
    return chosen(state, Chosen(candidate.name, candidate.requirement)) if choose else state


def chosen(state: WizardState, choice: Chosen) -> WizardState:
    """Choose a plugin, or another version of it, at its place in the list."""
    if state.chosen_as(choice.name):
        choices = tuple(choice if known.name == choice.name else known for known in state.chosen)
    else:
        choices = (*state.chosen, choice)
    return _forget_merged(replace(state, chosen=choices))


def dropped(state: WizardState, name: str) -> WizardState:
    """Choose it no longer."""
    return _forget_merged(replace(state, chosen=tuple(c for c in state.chosen if c.name != name)))


def toggled(state: WizardState, name: str) -> WizardState:
    if state.chosen_as(name):
        return dropped(state, name)
    return chosen(state, Chosen(name, state.requirement_of(name)))


def _forget_merged(state: WizardState) -> WizardState:
    wanted = tuple(choice.requirement for choice in state.chosen)
    return state if state.merged and state.merged.requirements == wanted else replace(state, merged=None)


def read_started(state: WizardState, requirement: str) -> WizardState:
    return replace(
        state,
        reading=state.reading | {requirement},
        unreadable=_without(state.unreadable, requirement),
    )


def read_done(state: WizardState, requirement: str, report: PluginReport) -> WizardState:
    return replace(
        state,
        reading=state.reading - {requirement},
        reports={**state.reports, requirement: report},
        unreadable=_without(state.unreadable, requirement),
    )


def read_failed(state: WizardState, requirement: str, notice: Notice) -> WizardState:
    return replace(
        state,
        reading=state.reading - {requirement},
        unreadable={**state.unreadable, requirement: notice},
    )


def read_dropped(state: WizardState, requirement: str) -> WizardState:
    """Reading was given up, for another plugin."""
    return replace(state, reading=state.reading - {requirement})


def released(state: WizardState, name: str, releases: Iterable[Release]) -> WizardState:
    return replace(state, releases={**state.releases, name: tuple(releases)})


def merged(state: WizardState, result: Merged) -> WizardState:
    """What the chosen plugins contribute together; dropped if others are chosen by now."""
    if result.requirements != tuple(choice.requirement for choice in state.chosen):
        return state
    return replace(state, merged=result)


def with_admin(state: WizardState, name: str, password_hash: str | None) -> WizardState:
    hashes = {**_without(state.password_hashes, name), **({name: password_hash} if password_hash else {})}
    admins = state.admins if name in state.admins else (*state.admins, name)
    return replace(state, admins=admins, password_hashes=hashes)


def without_admin(state: WizardState, name: str) -> WizardState:
    return replace(
        state,
        admins=tuple(admin for admin in state.admins if admin != name),
        password_hashes=_without(state.password_hashes, name),
    )


def plan_progress(state: WizardState, text: str) -> WizardState:
    return replace(state, planning=text)


def planned(state: WizardState, plan: Plan, basis: tuple[InstallSpec, tuple[str, ...]]) -> WizardState:
    """The plan is there; one for other answers than the present ones is dropped."""
    if basis != state.planning_input:
        return state
    return replace(state, planning="", plan=plan, planned_for=basis)


def plan_failed(state: WizardState, notice: Notice) -> WizardState:
    return replace(state, planning="", plan=None, planned_for=None, notice=notice)


def noticed(state: WizardState, notice: Notice | None) -> WizardState:
    return replace(state, notice=notice)


def attached(state: WizardState, run: str) -> WizardState:
    """A run is followed from now on; passwords on their way are forgotten here."""
    return replace(state, run=RunState(run), password_hashes={}, notice=None)


def logged_to(state: WizardState, path: str) -> WizardState:
    return replace(state, run=replace(state.run, log_path=path)) if state.run else state


def ran(state: WizardState, events: Iterable[Event]) -> WizardState:
    """The run told something."""
    return replace(state, run=told(state.run, events)) if state.run else state


def cancelling(state: WizardState) -> WizardState:
    """The run was asked to stop after its step."""
    return replace(state, run=replace(state.run, cancelling=True)) if state.run else state


def run_left(state: WizardState) -> WizardState:
    """Back to the answers after a run: its plan is no longer a plan."""
    return replace(state, run=None, plan=None, planned_for=None, spec=state.answers)


def check_admin(name: str, password: str, repeated: str) -> str:
    """Why this administrator cannot be added, in words; empty if it can."""
    if not USER_NAME.fullmatch(name):
        return "A name starts with a small letter and has small letters, digits, dots, - and _ (32 at most)."
    if password and len(password) < PASSWORD_LENGTH:
        return f"A password needs at least {PASSWORD_LENGTH} characters."
    if len(password.encode()) > PASSWORD_BYTES:
        return f"A password may have at most {PASSWORD_BYTES} bytes."
    if password != repeated:
        return "The two passwords differ."
    return ""


def check_channels(text: str) -> str:
    """Why this is not a list of conda channels; empty if it is."""
    for channel in text.replace(",", " ").split():
        if "://" in channel and not channel.startswith(("https://", "http://", "file://")):
            return f"{channel} is not a channel: name it, or give an https address."
    return ""


def _without(mapping: Mapping[str, V], key: str) -> dict[str, V]:
    return {name: thing for name, thing in mapping.items() if name != key}
