"""The only caller of the plugin system from the UI: what the wizard asks for, and how it is really done.

Everything real runs on an event loop of its own, in another thread: nothing that blocks can stop the screen.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from tljh_wizard.store import Access, Merged

if TYPE_CHECKING:
    from tljh.applying.events import Event
    from tljh.discovery.candidates import Candidate, Release
    from tljh.inspection.report import PluginReport
    from tljh.layout import Layout
    from tljh.planning.types import Plan
    from tljh.spec import InstallSpec
    from tljh.workflow import Workflow

T = TypeVar("T")
OnProgress = Callable[[str], None]


class Backend(Protocol):
    """What the wizard asks for. Raises only tljh.errors.TljhError; calls back on the caller's loop."""

    async def access(self) -> Access: ...
    async def load_answers(self) -> tuple[InstallSpec, Mapping[str, str]]:
        """The answers so far, and the plugin name of each requirement in them."""

    async def candidates(self) -> tuple[Candidate, ...]: ...
    async def search(self, candidates: Sequence[Candidate], text: str) -> tuple[str, ...]:
        """Names, the best match first."""

    async def enrich(self, candidate: Candidate) -> Candidate: ...
    async def lookup(self, text: str) -> Candidate | None: ...
    async def releases(self, candidate: Candidate) -> tuple[Release, ...]: ...
    async def inspect(self, requirement: str) -> PluginReport: ...
    async def merge(self, reports: Mapping[str, PluginReport]) -> Merged:
        """Reports by requirement, in the order of choice."""

    async def plan(
        self, spec: InstallSpec, new_passwords: Sequence[str], on_progress: OnProgress
    ) -> Plan: ...
    async def save(self, spec: InstallSpec) -> Path: ...
    async def hash_password(self, password: str) -> str: ...
    async def start(self, plan: Plan, password_hashes: Mapping[str, str]) -> str: ...
    async def current_run(self) -> str | None: ...
    def follow(self, run: str) -> AsyncIterator[Event]: ...
    async def cancel(self, run: str) -> None: ...
    async def log_path(self, run: str) -> Path: ...


class WorkflowBackend:
    """The real one: `tljh.workflow.Workflow`, imported when it is first needed."""

    def __init__(self, layout: Layout, spec_file: Path | None = None) -> None:
        self._layout = layout
        self._spec_file = spec_file
        self._workflow: Workflow | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def _run(self, work: Callable[[Workflow], Coroutine[object, object, T]]) -> T:
        """Run a coroutine on the other loop; cancelling this cancels it there."""

        async def prepared() -> T:
            return await work(self._get())

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(prepared(), self._other_loop()))

    async def _call(self, work: Callable[[Workflow], T]) -> T:
        """Call something that may block, in a thread of the other loop."""

        async def called(workflow: Workflow) -> T:
            return await asyncio.to_thread(work, workflow)

        return await self._run(called)

    def _get(self) -> Workflow:
        if self._workflow is None:
            from tljh.workflow import Workflow

            self._workflow = Workflow(self._layout)
        return self._workflow

    def _other_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, name="tljh", daemon=True).start()
        return self._loop

    async def access(self) -> Access:
        prefix = self._layout.prefix
        host = socket.gethostname()
        if os.geteuid() == 0 or _writable(prefix):
            return Access(str(prefix), host)
        reason = f"Applying needs root: {prefix} belongs to it. Start it with: sudo tljh-wizard"
        return Access(str(prefix), host, can_apply=False, reason=reason)

    async def load_answers(self) -> tuple[InstallSpec, Mapping[str, str]]:
        def load(workflow: Workflow) -> tuple[InstallSpec, Mapping[str, str]]:
            from tljh.workflow import load_spec

            spec = load_spec(self._spec_file) if self._spec_file else workflow.load_spec()
            return spec, {plugin.requirement: _plugin_name(plugin.requirement) for plugin in spec.plugins}

        return await self._call(load)

    async def candidates(self) -> tuple[Candidate, ...]:
        return await self._call(lambda workflow: workflow.candidates())

    async def search(self, candidates: Sequence[Candidate], text: str) -> tuple[str, ...]:
        def found(_workflow: Workflow) -> tuple[str, ...]:
            from tljh.discovery.search import search

            return tuple(match.candidate.name for match in search(candidates, text))

        return await self._call(found)

    async def enrich(self, candidate: Candidate) -> Candidate:
        return await self._run(lambda workflow: workflow.enrich(candidate))

    async def lookup(self, text: str) -> Candidate | None:
        return await self._run(lambda workflow: workflow.lookup(text))

    async def releases(self, candidate: Candidate) -> tuple[Release, ...]:
        return await self._run(lambda workflow: workflow.releases(candidate))

    async def inspect(self, requirement: str) -> PluginReport:
        return await self._run(lambda workflow: workflow.inspect(requirement))

    async def merge(self, reports: Mapping[str, PluginReport]) -> Merged:
        contributions, conflicts = await self._call(lambda workflow: workflow.merge(tuple(reports.values())))
        return Merged(tuple(reports), contributions, conflicts)

    async def plan(self, spec: InstallSpec, new_passwords: Sequence[str], on_progress: OnProgress) -> Plan:
        here = asyncio.get_running_loop()

        def hand_over(text: str) -> None:
            here.call_soon_threadsafe(on_progress, text)

        return await self._run(
            lambda workflow: workflow.plan(spec, hand_over, new_passwords=tuple(new_passwords))
        )

    async def save(self, spec: InstallSpec) -> Path:
        return await self._call(lambda workflow: workflow.save_spec(spec))

    async def hash_password(self, password: str) -> str:
        def hashed(_workflow: Workflow) -> str:
            import bcrypt

            return bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode()

        return await self._call(hashed)

    async def start(self, plan: Plan, password_hashes: Mapping[str, str]) -> str:
        return await self._call(lambda workflow: workflow.start(plan, dict(password_hashes)))

    async def current_run(self) -> str | None:
        return await self._call(lambda workflow: workflow.current_run())

    async def follow(self, run: str) -> AsyncIterator[Event]:
        """Events arrive on the other loop and are handed over through a queue; None ends it."""
        here = asyncio.get_running_loop()
        queue: asyncio.Queue[Event | BaseException | None] = asyncio.Queue()

        async def pump(workflow: Workflow) -> None:
            last: BaseException | None = None
            try:
                async for event in workflow.follow(run):
                    here.call_soon_threadsafe(queue.put_nowait, event)
            except Exception as error:  # noqa: BLE001 - raised again on the other side
                last = error
            here.call_soon_threadsafe(queue.put_nowait, last)

        pumping = asyncio.ensure_future(self._run(pump))
        try:
            while (item := await queue.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            pumping.cancel()

    async def cancel(self, run: str) -> None:
        await self._call(lambda workflow: workflow.cancel(run))

    async def log_path(self, run: str) -> Path:
        return await self._call(lambda workflow: workflow.log_path(run))


def _writable(prefix: Path) -> bool:
    """Whether this user may make the prefix, or write into it."""
    nearest = next(path for path in (prefix, *prefix.parents) if path.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK)


def _plugin_name(requirement: str) -> str:
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    try:
        return canonicalize_name(Requirement(requirement).name)
    except InvalidRequirement:
        return requirement
