"""The real backend keeps the screen's loop free, and hands over answers, events and errors as they are."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tljh.applying.events import Event
from tljh.errors import NetworkError
from tljh.layout import Layout
from tljh.spec import InstallSpec, PluginChoice, render
from tljh_wizard.backend import WorkflowBackend

ENOUGH = 0.1


class StubWorkflow:
    """Blocks where the real one might."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.cancelled = threading.Event()

    async def inspect(self, requirement: str) -> str:
        self.release.wait(5)
        return f"report of {requirement}"

    async def enrich(self, candidate: Any) -> Any:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def releases(self, candidate: Any) -> Any:
        raise NetworkError("no network", "wait")

    async def plan(self, spec: InstallSpec, on_progress: Callable[[str], None], *, new_passwords: Any) -> Any:
        on_progress("looking at this machine")
        return spec, new_passwords

    async def follow(self, run: str) -> AsyncIterator[Event]:
        for number in range(3):
            yield Event("output", 0, str(number), {}, 0.0)
        if run == "broken":
            raise NetworkError("the events cannot be read")


@pytest.fixture
def stub() -> StubWorkflow:
    return StubWorkflow()


@pytest.fixture
def backend(stub: StubWorkflow, tmp_path: Path) -> WorkflowBackend:
    made = WorkflowBackend(Layout(tmp_path / "tljh"))
    made._workflow = stub  # type: ignore[assignment]
    return made


async def test_a_blocking_answer_does_not_block_the_screen(
    backend: WorkflowBackend, stub: StubWorkflow
) -> None:
    asked = asyncio.ensure_future(backend.inspect("tljh-earth"))
    start = time.perf_counter()
    for _ in range(5):
        await asyncio.sleep(0)
    assert time.perf_counter() - start < ENOUGH
    assert not asked.done()
    stub.release.set()
    assert await asked == "report of tljh-earth"  # type: ignore[comparison-overlap]


async def test_errors_come_over_as_they_are(backend: WorkflowBackend) -> None:
    with pytest.raises(NetworkError, match="no network"):
        await backend.releases(None)  # type: ignore[arg-type]


async def test_giving_up_is_told_to_the_other_side(backend: WorkflowBackend, stub: StubWorkflow) -> None:
    asked = asyncio.ensure_future(backend.enrich(None))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert await asyncio.to_thread(stub.cancelled.wait, 5)


async def test_progress_is_told_on_the_loop_that_asked(backend: WorkflowBackend) -> None:
    told: list[tuple[str, int]] = []
    spec = InstallSpec()
    made = await backend.plan(spec, ("ada",), lambda text: told.append((text, threading.get_ident())))
    assert made == (spec, ("ada",))  # type: ignore[comparison-overlap]
    assert told == [("looking at this machine", threading.get_ident())]


async def test_events_come_in_order_and_end(backend: WorkflowBackend) -> None:
    assert [event.text async for event in backend.follow("run")] == ["0", "1", "2"]
    seen: list[str] = []

    async def broken() -> None:
        async for event in backend.follow("broken"):
            seen.append(event.text)

    with pytest.raises(NetworkError, match="cannot be read"):
        await broken()
    assert seen == ["0", "1", "2"]


async def test_passwords_are_hashed(backend: WorkflowBackend) -> None:
    import bcrypt

    hashed = await backend.hash_password("correct horse")
    assert bcrypt.checkpw(b"correct horse", hashed.encode())


async def test_answers_and_the_names_of_their_plugins(tmp_path: Path) -> None:
    spec = InstallSpec(
        plugins=(PluginChoice("TLJH_Earth==1.0"), PluginChoice("git+https://git.example.org/t.git"))
    )
    given = tmp_path / "answers.toml"
    given.write_text(render(spec))
    loaded, names = await WorkflowBackend(Layout(tmp_path / "tljh"), given).load_answers()
    assert loaded == spec
    assert names["TLJH_Earth==1.0"] == "tljh-earth"
    assert names["git+https://git.example.org/t.git"] == "git+https://git.example.org/t.git"


async def test_a_folder_of_ones_own_can_be_applied_to_without_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert (await WorkflowBackend(Layout(tmp_path / "new" / "tljh")).access()).can_apply
    monkeypatch.setattr("os.access", lambda *_: False)
    access = await WorkflowBackend(Layout(tmp_path / "tljh")).access()
    assert not access.can_apply
    assert "sudo tljh-wizard" in access.reason
