"""How a run ended, what it changed, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from tljh_wizard.describe.run import result_rows, result_title
from tljh_wizard.describe.wording import clean
from tljh_wizard.rows import RULE, Row, dim, line
from tljh_wizard.screens.base import Keys, WizardScreen
from tljh_wizard.store import WizardState
from tljh_wizard.widgets.lines import Lines, RowList

HELP = """\
The run is over. If it was done, the address of the hub stands at the top; if it failed, what it was doing, \
its last output, what has changed so far, and the one command that goes on from here.

l shows everything that was printed. p goes back to the plugins, to change something and apply again: what \
is already there is not done twice. q leaves."""


class ResultScreen(WizardScreen):
    STEP = 3
    HELP = HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "log", "Show all output", id="result.log"),
        Binding("p,escape", "plugins", "Back to the plugins", id="result.plugins"),
    ]

    def body(self) -> Iterable[Widget]:
        yield RowList(cursor=False, id="result", classes="fill")
        yield Lines(id="foot", classes="auto")

    def place(self) -> str:
        return f"Apply › {result_title(self.state.run)}" if self.state.run else "Apply"

    def keys(self) -> Keys:
        return (("q", "quit"), ("l", "log"), ("p", "plugins"), ("F1", "help"))

    def show(self, state: WizardState) -> None:
        if state.run is None:
            return
        host = state.access.host if state.access else ""
        self.query_one("#result", RowList).show(result_rows(state.run, host))
        log = (RULE, Row(line(dim(f"All output: {clean(state.run.log_path)}")))) if state.run.log_path else ()
        self.query_one("#foot", Lines).show(log)

    def action_log(self) -> None:
        from tljh_wizard.screens.pages import LogScreen

        self.wizard.go(LogScreen())

    def action_plugins(self) -> None:
        self.wizard.start_over()
