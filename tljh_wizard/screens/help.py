"""F1 and Ctrl+P: what this screen is, and all that can be done on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen

from tljh_wizard.rows import BLANK, Row, dim, fit, line, paragraph, strong
from tljh_wizard.widgets.lines import Lines, RowList

KEY_NAMES = {
    "escape": "Esc",
    "enter": "Enter",
    "space": "Space",
    "slash": "/",
    "delete": "Del",
    "f1": "F1",
    "ctrl+n": "Ctrl+N",
    "ctrl+p": "Ctrl+P",
    "A": "Shift+A",
}
GENERAL = """\
Enter goes on, Escape goes back and loses nothing, Tab moves between the parts of a screen, F1 explains, \
Ctrl+P lists every action, q quits."""


def actions_of(screen: Screen[Any]) -> Iterator[Binding]:
    """What can be done on this screen, each action once."""
    seen: set[str] = set()
    for source in (screen, screen.app):
        for bindings in source._bindings.key_to_bindings.values():
            for binding in bindings:
                if binding.show and binding.description and binding.action not in seen:
                    seen.add(binding.action)
                    yield binding


def _key(binding: Binding) -> str:
    return KEY_NAMES.get(binding.key, binding.key)


class HelpScreen(ModalScreen[None]):
    """What the screen below is for, and its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,f1", "dismiss", "Close", id="help.close", priority=True)
    ]

    def __init__(self, about: Screen[Any]) -> None:
        super().__init__()
        self._about = about

    def compose(self) -> ComposeResult:
        rows: list[Row] = []
        for part in str(getattr(self._about, "HELP", "")).split("\n\n"):
            rows += [paragraph(part, selectable=True), BLANK]
        rows += [paragraph(line(dim(GENERAL)), selectable=True), BLANK]
        rows += [
            Row(line(strong(fit(_key(binding), 10)), binding.description), key=binding.action)
            for binding in actions_of(self._about)
        ]
        with Vertical(classes="dialog wide"):
            yield RowList(rows, cursor=False)
            yield Lines(
                (BLANK, Row(line(strong("Esc"), dim(" close   "), strong("↓ PgDn"), dim(" further"))))
            )


class ActionsScreen(ModalScreen[None]):
    """All actions of the screen below; Enter does one."""

    HELP = "All that can be done on this screen. Enter does what is under the cursor."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+p", "dismiss", "Close", id="actions.close", priority=True),
        Binding("enter", "do", "Do it", id="actions.do"),
    ]

    def __init__(self, about: Screen[Any]) -> None:
        super().__init__()
        self._about = about

    def compose(self) -> ComposeResult:
        rows = [
            Row(line(binding.description), line(dim(_key(binding))), key=binding.action)
            for binding in actions_of(self._about)
        ]
        with Vertical(classes="dialog"):
            yield Lines((Row(line(strong("What you can do here"))), BLANK))
            yield RowList(rows)
            yield Lines((BLANK, Row(line(strong("Enter"), dim(" do it   "), strong("Esc"), dim(" close")))))

    async def action_do(self) -> None:
        action = self.query_one(RowList).key
        about = self._about
        await self.dismiss()
        known = {
            binding.action for bindings in about._bindings.key_to_bindings.values() for binding in bindings
        }
        await self.app.run_action(action, about if action in known else self.app)
