"""The versions of one plugin, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from tljh_wizard.describe.plugins import version_rows
from tljh_wizard.describe.wording import clean, day, plural
from tljh_wizard.rows import Row, dim, line
from tljh_wizard.screens.base import Keys, WizardScreen
from tljh_wizard.store import Chosen, WizardState
from tljh_wizard.widgets.lines import RowList

HELP = """\
All versions of this plugin, newest first, with the day of their release. ● marks the one that is chosen.

Enter chooses the version under the cursor and goes back. A version marked with ! has something against it: \
its author withdrew it, or it cannot be installed on this server, and then it says why. Pre-releases are \
not chosen unless you pick one yourself.

A plugin that lives in a git repository lists its tags and branches."""


class VersionsScreen(WizardScreen):
    STEP = 0
    HELP = HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Choose this version", id="versions.choose"),
        Binding("escape", "back", "Back", id="versions.back"),
    ]

    def __init__(self, name: str) -> None:
        super().__init__()
        self._plugin = name

    def body(self) -> Iterable[Widget]:
        yield RowList(id="versions", classes="fill")

    def on_mount(self) -> None:
        super().on_mount()
        self.wizard.jobs.releases(self._plugin)

    def place(self) -> str:
        return f"Plugins › {clean(self._plugin)}"

    def status(self) -> str:
        releases = self.state.releases.get(self._plugin)
        return plural(len(releases), "version") if releases else ""

    def show(self, state: WizardState) -> None:
        releases = state.releases.get(self._plugin)
        if releases is None:
            words = "" if state.notice else "Asking for the versions …"
            rows: tuple[Row, ...] = (Row(line(dim(words))),)
        elif not releases:
            rows = (Row(line(dim("No versions are listed. Its only version is what is there now."))),)
        else:
            report = state.report_of(self._plugin)
            chosen = state.chosen_as(self._plugin)
            current = (chosen.version if chosen else None) or (report.version if report and chosen else None)
            rows = version_rows(releases, current)
            stale = next((r.stale_since for r in releases if r.stale_since), None)
            if stale:
                rows = (*rows, Row(line(dim(f"No network: this list is of {day(stale)}.")), selectable=False))
        self.query_one(RowList).show(rows)

    def keys(self) -> Keys:
        return (("Enter", "choose this version"), ("Esc", "back"), ("F1", "help"))

    def action_choose(self) -> None:
        key = self.query_one(RowList).key
        release = next((r for r in self.state.releases.get(self._plugin, ()) if r.version == key), None)
        if release is None:
            return
        if release.incompatible:
            self.wizard.tell(
                f"{self._plugin} {release.version} cannot be installed here: {release.incompatible}.",
                "Choose a version without this mark.",
            )
            return
        self.wizard.jobs.choose(Chosen(self._plugin, release.requirement, release.version))
        self.app.pop_screen()
