"""The work behind the screens: asks the backend, applies transitions. Each job has a group of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from tljh.errors import TljhError
from tljh.spec import InstallSpec
from tljh_wizard import store
from tljh_wizard.store import Chosen, Notice, WizardState

if TYPE_CHECKING:
    from textual.worker import Worker

    from tljh.applying.events import Event
    from tljh_wizard.app import WizardApp
    from tljh_wizard.backend import Backend

SEARCH_DELAY = 0.25
READ_DELAY = 0.4
FRAME = 0.1
CATALOGUE_ONLY = "What is shown is the catalogue that came with the wizard."
Work = Coroutine[Any, Any, None]


def as_notice(error: Exception) -> Notice:
    """An error in words; one that nobody expected is said to be ours."""
    if isinstance(error, TljhError):
        return Notice(error.message, error.hint)
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    return Notice(f"Something unexpected went wrong ({what}).", "Nothing was changed. Please report this.")


class Jobs:
    """What can be asked for; each returns at once."""

    def __init__(self, app: WizardApp, backend: Backend) -> None:
        self._app = app
        self._backend = backend

    @property
    def _state(self) -> WizardState:
        return self._app.state

    def _set(self, transition: Callable[..., WizardState], *arguments: Any, **named: Any) -> None:
        self._app.state = transition(self._state, *arguments, **named)

    def _start(self, group: str, work: Callable[..., Work], *arguments: Any) -> Worker[None]:
        """Start work in place of what its group is doing. Nothing it raises gets lost, or past here."""

        async def guarded() -> None:
            try:
                await work(*arguments)
            except Exception as error:  # noqa: BLE001 - a worker's edge: everything is shown
                self._set(store.noticed, as_notice(error))

        return self._app.run_worker(guarded, group=group, exclusive=True, exit_on_error=False)

    # Opening and searching ---------------------------------------------------------------------

    def open(self) -> None:
        self._start("open", self._open)

    async def _open(self) -> None:
        access = await self._backend.access()
        self._set(store.opened, access, InstallSpec(), {})
        run = await self._backend.current_run()
        if run is not None:
            self.follow(run)
        self._set(store.catalogued, await self._backend.candidates())
        self.search(self._state.query, at_once=True)
        try:
            spec, names = await self._backend.load_answers()
        except TljhError as error:
            self._set(store.answers_unreadable, as_notice(error))
        else:
            self._set(store.opened, access, spec, names)
            await self._know_chosen()
        self._start("enrich", self._enrich_all)

    async def _know_chosen(self) -> None:
        """Plugins of the answers that the catalogue does not have are looked up."""
        for choice in self._state.chosen:
            if not self._state.has_candidate(choice.name):
                candidate = await self._backend.lookup(choice.requirement)
                if candidate is not None:
                    self._set(store.added, candidate, choose=False)
            self.read(choice.requirement)

    async def _enrich_all(self) -> None:
        """What the network knows of each candidate, a few at a time, in the order of the results."""
        at_once = asyncio.Semaphore(4)
        unreachable: list[TljhError] = []

        async def one(name: str) -> None:
            async with at_once:
                candidate = self._state.candidate(name)
                try:
                    richer = await self._backend.enrich(candidate)
                except TljhError as error:
                    unreachable.append(error)
                    return
                if richer != candidate:
                    self._set(store.enriched, richer)

        await asyncio.gather(*(one(name) for name in self._by_rank()))
        stale = [candidate for candidate in self._state.candidates if candidate.stale]
        self._set(store.went_offline, bool(unreachable or stale))
        if unreachable:
            self._set(
                store.noticed, Notice(f"{unreachable[0].message} {CATALOGUE_ONLY}", unreachable[0].hint)
            )

    def _by_rank(self) -> list[str]:
        shown = self._state.results
        return [*shown, *(c.name for c in self._state.candidates if c.name not in shown)]

    def search(self, text: str, *, at_once: bool = False) -> None:
        self._set(store.queried, text)
        self._start("search", self._search, text, 0 if at_once else SEARCH_DELAY)

    async def _search(self, text: str, delay: float) -> None:
        await asyncio.sleep(delay)
        names = await self._backend.search(self._state.candidates, text)
        self._set(store.found, text, names)

    def lookup(self, text: str, *, choose: bool) -> None:
        """Find exactly this: a name on the index, or anything that pip accepts."""
        self._start("lookup", self._lookup, text.strip(), choose)

    async def _lookup(self, text: str, choose: bool) -> None:
        self._set(store.noticed, Notice(f"Looking for {text} …"))
        candidate = await self._backend.lookup(text)
        if candidate is None:
            self._set(store.noticed, Notice(f"No plugin was found for {text}.", "Check the name or address."))
            return
        self._set(store.noticed, None)
        self._set(store.added, candidate, choose=choose)
        self.read(self._state.requirement_of(candidate.name))

    # Versions and reading ----------------------------------------------------------------------

    def releases(self, name: str) -> None:
        self._start("releases", self._releases, name)

    async def _releases(self, name: str) -> None:
        self._set(store.released, name, await self._backend.releases(self._state.candidate(name)))

    def choose(self, choice: Chosen) -> None:
        self._set(store.chosen, choice)
        self.read(choice.requirement)
        self.merge()

    def toggle(self, name: str) -> None:
        self._set(store.toggled, name)
        if self._state.chosen_as(name):
            self.read(self._state.requirement_of(name))
        self.merge()

    def glance(self, name: str) -> None:
        """Read what is under the cursor, if it stays there and reading is cheap (the package index)."""
        candidate = self._state.candidate(name)
        cheap = bool(candidate.sources) and candidate.sources[0].kind in ("index", "directory", "wheel")
        self._start("glance", self._glance, self._state.requirement_of(name) if cheap else "")

    async def _glance(self, requirement: str) -> None:
        await asyncio.sleep(READ_DELAY)
        if requirement and requirement not in self._state.unreadable:
            self.read(requirement)

    def read(self, requirement: str) -> None:
        """Fetch and read a plugin, unless that was done or is being done."""
        state = self._state
        if requirement not in state.reports and requirement not in state.reading:
            self._set(store.read_started, requirement)
            self._start(f"read {requirement}", self._read, requirement)

    async def _read(self, requirement: str) -> None:
        try:
            report = await self._backend.inspect(requirement)
        except asyncio.CancelledError:
            self._set(store.read_dropped, requirement)
            raise
        except Exception as error:  # noqa: BLE001 - shown beside the plugin
            self._set(store.read_failed, requirement, as_notice(error))
        else:
            self._set(store.read_done, requirement, report)
            self.merge()

    def merge(self) -> None:
        """Put the reports of the chosen plugins together once all are there."""
        self._start("merge", self._merge)

    async def _merge(self) -> None:
        state = self._state
        wanted = [choice.requirement for choice in state.chosen]
        if state.merged is None and wanted and all(requirement in state.reports for requirement in wanted):
            reports = {requirement: state.reports[requirement] for requirement in wanted}
            self._set(store.merged, await self._backend.merge(reports))

    # Answers and plan --------------------------------------------------------------------------

    def add_admin(self, name: str, password: str) -> None:
        self._start(f"admin {name}", self._add_admin, name, password)

    async def _add_admin(self, name: str, password: str) -> None:
        self._set(store.with_admin, name, await self._backend.hash_password(password) if password else None)

    def plan(self) -> None:
        if not self._state.plan_is_current:
            self._start("plan", self._plan)

    async def _plan(self) -> None:
        self._set(store.noticed, None)
        self._set(store.plan_progress, "starting")
        basis = self._state.planning_input

        def progress(text: str) -> None:
            if self._state.planning:
                self._set(store.plan_progress, text)

        try:
            plan = await self._backend.plan(basis[0], basis[1], progress)
        except Exception as error:  # noqa: BLE001 - shown on the review
            self._set(store.plan_failed, as_notice(error))
        else:
            self._set(store.planned, plan, basis)

    def save(self) -> None:
        self._start("save", self._save)

    async def _save(self) -> None:
        if self._keeps_answers():
            return
        path = await self._backend.save(self._state.answers)
        self._set(store.noticed, Notice(f"Saved to {path}.", "tljh install --spec applies it."))

    def _keeps_answers(self) -> bool:
        """Say so, and be true, where writing the answers would destroy what stands there."""
        broken = self._state.unreadable_answers
        if broken is not None:
            hint = f"{broken.hint} Or move the file away. Then open the wizard again.".strip()
            self._set(store.noticed, Notice(f"{broken.message} It is not written over.", hint))
        return broken is not None

    # Runs --------------------------------------------------------------------------------------

    def apply(self) -> None:
        """Start the run that was approved: the plan that is on the screen, and no other."""
        self._start("apply", self._apply)

    async def _apply(self) -> None:
        state = self._state
        if state.plan is None or not state.plan_is_current:
            self._set(
                store.noticed, Notice("The answers changed since this plan.", "Look at the new one first.")
            )
            return
        if self._keeps_answers():
            return
        await self._backend.save(state.approved_answers)
        self.follow(await self._backend.start(state.plan, state.password_hashes))

    def follow(self, run: str) -> None:
        self._set(store.attached, run)
        self._app.show_run()
        self._start("follow", self._follow, run)

    async def _follow(self, run: str) -> None:
        log = await self._backend.log_path(run)
        self._set(store.logged_to, str(log))
        waiting: list[Event] = []
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle | None = None

        def flush() -> None:
            nonlocal timer
            timer = None
            self._set(store.ran, tuple(waiting))
            waiting.clear()

        async for event in self._backend.follow(run):
            waiting.append(event)
            timer = timer or loop.call_later(FRAME, flush)
        if timer is not None:
            timer.cancel()
        flush()

    def cancel(self) -> None:
        if self._state.run and not self._state.run.is_over:
            self._start("cancel", self._cancel, self._state.run.id)

    async def _cancel(self, run: str) -> None:
        await self._backend.cancel(run)
        self._set(store.cancelling)
