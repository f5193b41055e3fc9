"""A backend without machine, network or time: what each question is answered with can be set by a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tljh.applying.events import Event
from tljh.discovery.candidates import Candidate, PluginSource, Release
from tljh.discovery.search import search
from tljh.errors import NetworkError, NotFound, TljhError
from tljh.inspection.conflicts import conflicts
from tljh.inspection.contributions import merge
from tljh.inspection.report import PluginReport
from tljh.planning.types import Plan, Problem, Withheld
from tljh.spec import InstallSpec
from tljh_wizard.backend import OnProgress
from tljh_wizard.store import Access, Merged
from wizard_fakes import values

RUN = "20261001-120000"
T0 = 1_790_000_000.0
NO_NETWORK = NetworkError(
    "The package index cannot be reached.", "Check the connection, or set a mirror in pip.conf."
)


@dataclass
class FakeBackend:
    """Records what was asked in `calls`. `failures` maps a question's name to the error it ends with."""

    spec: InstallSpec = field(default_factory=InstallSpec)
    allowed: Access = field(default_factory=lambda: Access(values.PREFIX, "hub.example.org"))
    failures: dict[str, TljhError | Exception] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    running: str | None = None
    saved: list[InstallSpec] = field(default_factory=list)
    started: list[tuple[Plan, dict[str, str]]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    planning: asyncio.Event | None = None
    """If set, plans wait for it."""
    events: list[Event] = field(default_factory=list)
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    def _ask(self, name: str, argument: Any = None) -> None:
        self.calls.append((name, argument))
        if name in self.failures:
            raise self.failures[name]

    async def access(self) -> Access:
        return self.allowed

    async def load_answers(self) -> tuple[InstallSpec, Mapping[str, str]]:
        self._ask("load_answers")
        return self.spec, {p.requirement: p.requirement.partition("==")[0] for p in self.spec.plugins}

    async def candidates(self) -> tuple[Candidate, ...]:
        self._ask("candidates")
        return values.CANDIDATES

    async def search(self, candidates: Sequence[Candidate], text: str) -> tuple[str, ...]:
        self._ask("search", text)
        return tuple(match.candidate.name for match in search(candidates, text))

    async def enrich(self, candidate: Candidate) -> Candidate:
        self._ask("enrich", candidate.name)
        return replace(candidate, latest=values.ENRICHED.get(candidate.name))

    async def lookup(self, text: str) -> Candidate | None:
        self._ask("lookup", text)
        if "://" in text:
            return Candidate(
                "tljh-typed", "", (PluginSource("git", text.removeprefix("git+")),), origin="typed"
            )
        raise NotFound(
            f"There is no project {text} on the package index.", "Nearest: tljh-earth, tljh-earth-data."
        )

    async def releases(self, candidate: Candidate) -> tuple[Release, ...]:
        self._ask("releases", candidate.name)
        return values.RELEASES

    async def inspect(self, requirement: str) -> PluginReport:
        self._ask("inspect", requirement)
        if requirement in values.REPORTS:
            return values.REPORTS[requirement]
        raise NETWORK_FOR_GIT

    async def merge(self, reports: Mapping[str, PluginReport]) -> Merged:
        self._ask("merge", tuple(reports))
        contributions = merge(tuple(reports.values()))
        return Merged(tuple(reports), contributions, conflicts(tuple(reports.values()), contributions))

    async def plan(self, spec: InstallSpec, new_passwords: Sequence[str], on_progress: OnProgress) -> Plan:
        self.calls.append(("plan", spec))
        on_progress("asking conda what it would install")
        if self.planning:
            await self.planning.wait()
        if "plan" in self.failures:
            raise self.failures["plan"]
        return values.plan(spec, self.problems, self.withheld)

    async def save(self, spec: InstallSpec) -> Path:
        self._ask("save", spec)
        self.saved.append(spec)
        return Path(values.PREFIX, "config/tljh.toml")

    async def hash_password(self, password: str) -> str:
        return f"$2b$hash-of-{len(password)}"

    async def start(self, plan: Plan, password_hashes: Mapping[str, str]) -> str:
        self._ask("start", plan.digest)
        self.started.append((plan, dict(password_hashes)))
        self.running = RUN
        return RUN

    async def current_run(self) -> str | None:
        return self.running

    async def follow(self, run: str) -> AsyncIterator[Event]:
        self._ask("follow", run)
        position = 0
        while True:
            while position < len(self.events):
                event = self.events[position]
                position += 1
                yield event
                if event.kind == "run-finished":
                    return
            self._told.clear()
            await self._told.wait()

    def tell(self, *events: Event) -> None:
        """The run goes on."""
        self.events += events
        self._told.set()

    async def cancel(self, run: str) -> None:
        self._ask("cancel", run)
        self.cancelled.append(run)

    async def log_path(self, run: str) -> Path:
        return Path(values.PREFIX, "runs", run, "log.txt")


NETWORK_FOR_GIT = NetworkError(
    "git.example.org cannot be reached.", "Check the connection; Enter tries it again."
)
TITLES = (
    "Server packages",
    "Hub environment",
    "Plugins",
    "Plugins checked",
    "Environment for everyone",
    "Users and groups",
    "Settings",
    "Services",
    "The hub answers",
    "Code of plugins, as root",
)


def run_so_far() -> tuple[Event, ...]:
    """Four steps are done, the fifth is under way."""
    events = [Event("run-started", None, "", {"run": RUN, "titles": list(TITLES)}, T0)]
    clock = T0
    for index, seconds in enumerate((21, 9, 3, 1)):
        events.append(Event("action-started", index, TITLES[index], {}, clock))
        events.append(Event("output", index, f"did what {TITLES[index].lower()} asks for", {}, clock + 0.5))
        clock += seconds
        events.append(Event("action-finished", index, TITLES[index], {"seconds": seconds}, clock))
    events.append(Event("action-started", 4, TITLES[4], {}, clock))
    sizes = {"done": 161_000_000, "total": 212_000_000, "unit": "bytes"}
    events.append(Event("output", 4, "downloading numpy-2.4.0-py312h33ff503_0.conda", {}, clock + 1))
    events.append(Event("progress", 4, "linking dask-2026.7.0 (31 of 47)", sizes, clock + 2))
    return tuple(events)


def run_rest() -> tuple[Event, ...]:
    """The other steps, and the good end."""
    events, clock = [Event("action-finished", 4, TITLES[4], {}, T0 + 98)], T0 + 98
    for index in range(5, len(TITLES)):
        events.append(Event("action-started", index, TITLES[index], {}, clock))
        clock += 2
        events.append(Event("action-finished", index, TITLES[index], {}, clock))
    changed = {"Server packages": 2, "Hub environment": 63, "Environment for everyone": 47, "Settings": 3}
    end = {
        "status": "done",
        "address": "http://HOST/",
        "error": None,
        "changed": changed,
        "next": "",
        "log": f"{values.PREFIX}/runs/{RUN}/log.txt",
    }
    return (*events, Event("run-finished", None, "", end, clock))


def run_failure() -> tuple[Event, ...]:
    """The fifth step fails."""
    tail = "linking dask-2026.7.0\nOSError: [Errno 28] No space left on device"
    lines = f"Could not link the environment (exit status 1).\n{tail}"
    error = {
        "code": "command-failed",
        "message": lines,
        "hint": "Free some space below /opt/tljh, then go on.",
        "exit_status": 11,
    }
    end = {
        "status": "failed",
        "address": "",
        "error": error,
        "changed": {"Server packages": 2, "Hub environment": 63},
        "next": "sudo tljh install",
        "log": f"{values.PREFIX}/runs/{RUN}/log.txt",
    }
    return (
        Event("action-failed", 4, lines, {"error": error}, T0 + 60),
        Event("run-finished", None, lines, end, T0 + 60),
    )
