"""A run while it goes on: this screen is only a window onto it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from tljh_wizard.describe.run import output_rows, run_title, step_rows
from tljh_wizard.rows import BLANK, RULE, Row, dim, line
from tljh_wizard.screens.base import Keys, WizardScreen
from tljh_wizard.screens.dialogs import ConfirmScreen
from tljh_wizard.store import WizardState
from tljh_wizard.widgets.lines import Lines, RowList

HELP = """\
The plan is being applied. ● is the step that is under way, with how far it is and what it printed last.

The work is done by a process of its own, not by this window: if your connection drops, or you close the \
wizard with q, it goes on. Open tljh-wizard again to come back to it.

l shows everything that was printed. c asks it to stop; it finishes the step that it is in, so that the \
server is left in a known state."""


class RunScreen(WizardScreen):
    STEP = 3
    HELP = HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "log", "Show all output", id="run.log"),
        Binding("c", "cancel", "Cancel safely", id="run.cancel"),
        Binding("enter", "result", "Show the result, once it is over", id="run.result", show=False),
    ]

    def body(self) -> Iterable[Widget]:
        yield RowList(cursor=False, id="steps", classes="fill")
        yield Lines(id="output")
        yield Lines(id="goes-on", classes="auto")

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(1, self._tick)

    def _tick(self) -> None:
        if self.is_active and self.state.run and not self.state.run.is_over:
            self.refresh_frame()
            self._show_steps(self.state)

    def status(self) -> str:
        return run_title(self.state.run, self.wizard.clock()) if self.state.run else ""

    def keys(self) -> Keys:
        return (("l", "log"), ("c", "cancel safely"), ("q", "close, it goes on"), ("F1", "help"))

    def show(self, state: WizardState) -> None:
        run = state.run
        if run is None:
            return
        if run.is_over:
            self.call_later(self.wizard.show_result)
            return
        self._show_steps(state)
        self.query_one("#output", Lines).show((RULE, *output_rows(run)))
        words = "This goes on if your connection drops; tljh-wizard brings you back to it."
        if run.cancelling:
            words = "It was asked to stop, and does so as soon as the present step is done."
        self.query_one("#goes-on", Lines).show((BLANK, Row(line(dim(words)))))

    def _show_steps(self, state: WizardState) -> None:
        if state.run is not None:
            self.query_one(RowList).show(step_rows(state.run, self.wizard.clock()))

    def action_log(self) -> None:
        from tljh_wizard.screens.pages import LogScreen

        self.wizard.go(LogScreen())

    def action_cancel(self) -> None:
        words = "The present step is finished first. What was done so far stays; you can go on later."
        self.app.push_screen(
            ConfirmScreen("Cancel the installation?", words, yes="Cancel it", no="Let it go on"),
            self._confirmed,
        )

    def _confirmed(self, yes: bool | None) -> None:
        if yes:
            self.wizard.jobs.cancel()

    def action_result(self) -> None:
        if self.state.run and self.state.run.is_over:
            self.wizard.show_result()
