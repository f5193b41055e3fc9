"""Drive the wizard in tests: keys, words on the screen, waiting for what must come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from tljh_wizard.rows import text_of
from tljh_wizard.widgets.lines import Lines

PATIENCE = 10.0
Wizard = Pilot[Any]


async def until(pilot: Wizard, condition: Callable[[], object]) -> None:
    """Let the application work until this holds; a test that waits too long shows the screen."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"never came; the screen says:\n{words(pilot)}")
        await pilot.pause()
        await asyncio.sleep(0)


def words(pilot: Wizard) -> str:
    """All rows of the present screen, as text."""
    return "\n".join(text_of(lines.rows) for lines in pilot.app.screen.query(Lines) if lines.display)


async def sees(pilot: Wizard, *texts: str) -> None:
    """Wait until all of these stand on the screen."""
    await until(pilot, lambda: all(text in words(pilot) for text in texts))


async def opened(pilot: Wizard) -> None:
    """The catalogue is there and every fact that the network has."""
    await sees(pilot, "tljh-earth", "2.1.0", "1.3.0")


async def write(pilot: Wizard, text: str) -> None:
    """Type into the field that has the focus."""
    assert isinstance(pilot.app.focused, Input), pilot.app.focused
    await pilot.press(*({" ": "space"}.get(char, char) for char in text))


async def choose_earth(pilot: Wizard) -> None:
    """Go to the results and choose the first plugin."""
    await opened(pilot)
    await pilot.press("down", "space")
    await sees(pilot, "1 chosen", "12 conda")


async def review(pilot: Wizard) -> None:
    """Choose a plugin and have the plan made."""
    await choose_earth(pilot)
    await pilot.press("ctrl+n")
    await sees(pilot, "Administrators")
    await pilot.press("ctrl+n")
    await sees(pilot, "plan ")


async def approve(pilot: Wizard) -> None:
    """Apply the plan that is on the screen."""
    await pilot.press("A")
    await sees(pilot, "Not yet")
    await pilot.press("down", "enter")
    await until(pilot, lambda: pilot.app.state.run is not None)
