"""Pictures of each screen, at 80x24 and 120x36; `pytest --snapshot-update` takes them again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from wizard_fakes import values
from wizard_fakes.backend import RUN, FakeBackend, run_failure, run_rest, run_so_far
from wizard_fakes.driving import Wizard, choose_earth, opened, review, sees, until

from tljh.planning.types import Plan

Open = Callable[..., Any]
Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def _digest_that_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan gets another digest with each field that actions gain; the pictures need not."""
    monkeypatch.setattr(Plan, "digest", property(lambda _plan: "c0ffee0123ab" + "0" * 52))


SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])


async def browse(pilot: Wizard) -> None:
    await choose_earth(pilot)


async def versions(pilot: Wizard) -> None:
    await choose_earth(pilot)
    await pilot.press("v")
    await sees(pilot, "6 versions", "● 2.1.0")


async def preview(pilot: Wizard) -> None:
    await choose_earth(pilot)
    await pilot.press("enter")
    await sees(pilot, "3 of 4 contributions")


async def merged(pilot: Wizard) -> None:
    await choose_earth(pilot)
    await pilot.press("down", "space")
    await until(pilot, lambda: pilot.app.state.merged is not None and len(pilot.app.state.chosen) == 2)
    await pilot.press("m")
    await sees(pilot, "what 2 plugins will do", "dockerspawner")


async def server(pilot: Wizard) -> None:
    await opened(pilot)
    await pilot.press("ctrl+n")
    await sees(pilot, "Nobody yet")


async def help_page(pilot: Wizard) -> None:
    await opened(pilot)
    await pilot.press("f1")
    await sees(pilot, "Plugins add things")


async def plan(pilot: Wizard) -> None:
    await review(pilot)
    await sees(pilot, "10 steps")


async def confirm(pilot: Wizard) -> None:
    await review(pilot)
    await pilot.press("A")
    await sees(pilot, "Not yet")


async def running(pilot: Wizard) -> None:
    await sees(pilot, "161 of 212 MB", "linking dask")


async def done(pilot: Wizard) -> None:
    await sees(pilot, "What was done")


async def failed(pilot: Wizard) -> None:
    await sees(pilot, "It stopped at")


def at_work(*more: Any) -> FakeBackend:
    backend = FakeBackend(running=RUN)
    backend.events = [*run_so_far(), *more]
    return backend


SCREENS = {
    "browse": (browse, FakeBackend),
    "versions": (versions, FakeBackend),
    "preview": (preview, FakeBackend),
    "merged": (merged, FakeBackend),
    "server": (server, FakeBackend),
    "help": (help_page, FakeBackend),
    "review": (plan, lambda: FakeBackend(problems=(values.WARNING,), withheld=(values.WITHHELD,))),
    "blocked": (plan, lambda: FakeBackend(problems=(values.BLOCKING,))),
    "confirm": (confirm, FakeBackend),
    "run": (running, at_work),
    "done": (done, lambda: at_work(*run_rest())),
    "failed": (failed, lambda: at_work(*run_failure())),
}


@SIZES
@pytest.mark.parametrize("name", SCREENS)
def test_screen(name: str, size: tuple[int, int], snap_compare: Compare, open_wizard: Open) -> None:
    before, backend = SCREENS[name]
    assert snap_compare(open_wizard(backend()), terminal_size=size, run_before=before)


@pytest.mark.parametrize(
    "look", [{"theme": "light"}, {"theme": "plain", "ascii_only": True}], ids=["light", "ascii"]
)
def test_look(look: dict[str, Any], snap_compare: Compare, open_wizard: Open) -> None:
    assert snap_compare(open_wizard(**look), terminal_size=(80, 24), run_before=preview)
