"""Long texts to read: source, README, log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from tljh_wizard.describe.plugins import readme_rows
from tljh_wizard.describe.report import source_rows
from tljh_wizard.describe.run import log_rows
from tljh_wizard.describe.wording import certainty_word, clean
from tljh_wizard.rows import Row, dim, line
from tljh_wizard.screens.base import Keys, WizardScreen
from tljh_wizard.store import WizardState
from tljh_wizard.widgets.lines import RowList

if TYPE_CHECKING:
    from tljh.inspection.report import HookImplementation


class _Page(WizardScreen):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter", "back", "Back", id="page.back")]

    def body(self) -> Iterable[Widget]:
        yield RowList(cursor=False, id="page", classes="fill")

    def keys(self) -> Keys:
        return (("Esc", "back"), ("PgDn", "further"), ("PgUp", "back up"), ("F1", "help"))


class SourceScreen(_Page):
    """The source of one hook."""

    HELP = "The source of this hook, as it would run. ! marks lines that do something that deserves a look."

    def __init__(self, hook: HookImplementation) -> None:
        super().__init__()
        self._hook = hook

    def place(self) -> str:
        return f"Plugins › {clean(self._hook.hook)}"

    def status(self) -> str:
        return f"{clean(self._hook.path)} · {certainty_word(self._hook.certainty)}"

    def show(self, state: WizardState) -> None:
        self.query_one(RowList).show(source_rows(self._hook))


class ReadmeScreen(_Page):
    """The README of a plugin, as text."""

    HELP = "What the plugin's author says about it. Links are shown as text."

    def __init__(self, name: str) -> None:
        super().__init__()
        self._plugin = name

    def place(self) -> str:
        return f"Plugins › {clean(self._plugin)}"

    def status(self) -> str:
        return "README"

    def show(self, state: WizardState) -> None:
        report = state.report_of(self._plugin)
        if report is not None:
            self.query_one(RowList).show(readme_rows(report))
        elif trouble := state.unreadable.get(state.requirement_of(self._plugin)):
            self.query_one(RowList).show((Row(line(dim(clean(trouble.message)))),))
        else:
            self.query_one(RowList).show((Row(line(dim("Reading …"))),))


class LogScreen(_Page):
    """What the run printed; at its end, it follows what comes."""

    STEP = 3
    HELP = (
        "Everything that the run printed, the newest last. The whole log is in the file that is named above."
    )

    def place(self) -> str:
        return "Apply › log"

    def status(self) -> str:
        return clean(self.state.run.log_path) if self.state.run else ""

    def show(self, state: WizardState) -> None:
        if state.run is None:
            return
        page = self.query_one(RowList)
        at_end = not page.rows or page.at_end
        page.show(log_rows(state.run))
        if at_end:
            page.action_edge(-1)
