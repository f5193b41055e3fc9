"""What plugins will do: one of them, or all chosen ones together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from tljh_wizard.describe.report import certainty_summary, merged_rows, report_rows
from tljh_wizard.describe.wording import clean, plural
from tljh_wizard.rows import BLANK, RULE, Row, dim, line, paragraph, warn
from tljh_wizard.screens.base import Keys, WizardScreen
from tljh_wizard.store import WizardState
from tljh_wizard.widgets.lines import Lines, RowList

if TYPE_CHECKING:
    from tljh.inspection.report import PluginReport

CERTAINTY = """\
How sure each line is: “read” was read from the source, “partly” means that there is more that could not be \
read, “unknown” that only the source can be shown. ! marks what deserves a look."""
HELP = f"""\
What this plugin will do to the server, hook by hook. It was read from the plugin's files; nothing of it has \
been run.

{CERTAINTY}

Enter chooses the plugin and goes back. Space folds a part. s shows the source of the hook under the cursor, \
m what all chosen plugins will do together."""
MERGED_HELP = f"""\
What all chosen plugins will do together, and which of them asks for it. Conflicts come first: two plugins \
that want different things, with what will happen.

{CERTAINTY}

Space folds a part. Escape goes back."""


class _Folding(WizardScreen):
    """Rows in parts that can be folded."""

    STEP = 0
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="preview.back"),
        Binding("space", "fold", "Fold or unfold", id="preview.fold"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._folded: frozenset[str] = frozenset()

    def body(self) -> Iterable[Widget]:
        yield RowList(id="effects", classes="fill")
        yield Lines(id="foot", classes="auto")

    def action_fold(self) -> None:
        key = self.query_one(RowList).key.partition(":source")[0]
        if key:
            self._folded = self._folded ^ {key}
            self.show(self.state)
            self.query_one(RowList).move_to(key)

    def foot(self, *rows: Row) -> None:
        self.query_one("#foot", Lines).show((RULE, *rows))


class PreviewScreen(_Folding):
    """One plugin."""

    HELP = HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Choose it and go back", id="preview.choose"),
        Binding("s", "source", "Show the source of this hook", id="preview.source"),
        Binding("m", "merged", "Show what all chosen ones will do", id="preview.merged"),
        Binding("r", "again", "Try to read it again", id="preview.again"),
    ]

    def __init__(self, name: str) -> None:
        super().__init__()
        self._plugin = name

    def on_mount(self) -> None:
        super().on_mount()
        self.wizard.jobs.read(self.state.requirement_of(self._plugin))

    @property
    def _report(self) -> PluginReport | None:
        return self.state.report_of(self._plugin)

    def place(self) -> str:
        version = self._report.version if self._report else None
        return f"Plugins › {clean(self._plugin)} {clean(version or '')}".rstrip()

    def status(self) -> str:
        return "what it will do"

    def keys(self) -> Keys:
        again = (("r", "try again"),) if self._report is None else (("s", "source"),)
        choose = "keep it" if self.state.chosen_as(self._plugin) else "choose it"
        return (
            ("Enter", choose),
            ("Esc", "back"),
            *again,
            ("Space", "fold"),
            ("m", "all chosen"),
            ("F1", "help"),
        )

    def show(self, state: WizardState) -> None:
        rows, report = self.query_one(RowList), self._report
        requirement = state.requirement_of(self._plugin)
        if report is not None:
            rows.show(report_rows(report, self._folded) or (Row(line(dim("It contributes nothing."))),))
            summary = certainty_summary(report) if report.status == "ok" else "Choosing it has no effect."
            self.foot(Row(line("Nothing has been run. ", dim(summary))))
            return
        self.foot(Row(line("Nothing has been run.")))
        if trouble := state.unreadable.get(requirement):
            hint = (paragraph(line(dim(clean(trouble.hint)))),) if trouble.hint else ()
            rows.show(
                (
                    paragraph(line(warn("! "), clean(trouble.message, keep_newlines=True)), indent=2),
                    BLANK,
                    *hint,
                )
            )
        else:
            rows.show((Row(line(dim(f"Fetching and reading {clean(requirement)} …"))),))

    def action_choose(self) -> None:
        if self.state.chosen_as(self._plugin) is None:
            self.wizard.jobs.toggle(self._plugin)
        self.app.pop_screen()

    def action_again(self) -> None:
        self.wizard.jobs.read(self.state.requirement_of(self._plugin))

    def action_source(self) -> None:
        from tljh_wizard.screens.pages import SourceScreen

        kind, _, rest = self.query_one(RowList).key.partition(":")
        number = rest.partition(":")[0]
        if self._report is not None and kind == "hook" and number.isdigit():
            self.wizard.go(SourceScreen(self._report.hooks[int(number)]))
        else:
            self.wizard.tell("There is no source for this line.", "Move to a hook's line and press s again.")

    def action_merged(self) -> None:
        if self.state.chosen:
            self.wizard.go(MergedScreen())
        else:
            self.wizard.tell("Nothing is chosen yet.", "Enter chooses this plugin.")


class MergedScreen(_Folding):
    """All chosen plugins together."""

    HELP = MERGED_HELP

    def on_mount(self) -> None:
        super().on_mount()
        for choice in self.state.chosen:
            self.wizard.jobs.read(choice.requirement)
        self.wizard.jobs.merge()

    def place(self) -> str:
        return "Plugins › all chosen"

    def status(self) -> str:
        return f"what {plural(len(self.state.chosen), 'plugin')} will do"

    def keys(self) -> Keys:
        return (("Esc", "back"), ("Space", "fold"), ("F1", "help"))

    def show(self, state: WizardState) -> None:
        rows = self.query_one(RowList)
        self.foot(Row(line("Nothing has been run. ", dim("; ".join(clean(c.name) for c in state.chosen)))))
        if state.merged is not None:
            rows.show(merged_rows(state.merged.contributions, state.merged.conflicts, self._folded))
            return
        rows.show(tuple(self._waiting(state)))

    def _waiting(self, state: WizardState) -> Iterable[Row]:
        for choice in state.chosen:
            if trouble := state.unreadable.get(choice.requirement):
                text = f"{clean(choice.name)}: {clean(trouble.message)}"
                yield paragraph(line(warn("! "), text), indent=2)
            elif choice.requirement not in state.reports:
                yield Row(line(dim(f"Reading {clean(choice.name)} …")))
