"""Find plugins: search box, results, details of the one under the cursor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import DescendantBlur, DescendantFocus
from textual.widget import Widget
from textual.widgets import Input

from tljh_wizard.describe import plugins
from tljh_wizard.rows import BLANK, RULE, Row, dim, line
from tljh_wizard.screens.base import Keys, WizardScreen
from tljh_wizard.store import WizardState
from tljh_wizard.widgets.lines import Lines, RowList

HELP = """\
Plugins add things to The Littlest JupyterHub: packages for everyone, settings, code that runs as root. \
Here you choose which ones this server gets. Nothing is installed before you approve the plan.

Type to search; the arrow keys move to the results. Space chooses a plugin. Enter shows what it will do, \
read from its source without running it. v picks another version. a adds a plugin that is not listed: \
anything that pip accepts, such as name==1.0, git+https://host/project@tag or a folder.

The column Brings counts what each plugin asks for; Root code is how many lines it runs as root, with ! \
where they do something that deserves a look.

A server without plugins is fine, too: Ctrl+N goes on."""


class BrowseScreen(WizardScreen):
    STEP = 0
    HELP = HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "preview", "Show what it will do", id="browse.preview"),
        Binding("space", "choose", "Choose it, or no longer", id="browse.choose"),
        Binding("v", "versions", "Pick a version", id="browse.versions"),
        Binding("a", "add", "Add by address", id="browse.add"),
        Binding("r", "readme", "Read its README", id="browse.readme"),
        Binding("m", "merged", "Show what all chosen ones will do", id="browse.merged"),
        Binding("slash", "search", "Search", id="browse.search"),
        Binding("escape", "search", "Search", id="browse.back", show=False),
        Binding("ctrl+n", "next", "Go on to the server", id="browse.next"),
        Binding("n", "next", "Go on to the server", id="browse.next_letter", show=False),
    ]

    def body(self) -> Iterable[Widget]:
        with Horizontal(id="search"):
            yield Lines((Row(line(dim("Search"))),), id="search-label")
            field = Input(placeholder="a name or a word", id="search-text", select_on_focus=False)
            field.cursor_blink = False
            yield field
            yield Lines(id="search-count")
        yield Lines((BLANK, plugins.column_heads()), id="heads")
        yield RowList(id="results")
        yield Lines(id="details")

    @property
    def results(self) -> RowList:
        return self.query_one("#results", RowList)

    def show(self, state: WizardState) -> None:
        self.results.show(plugins.result_rows(state))
        count = f"{len(state.results)} of {len(state.candidates)}"
        if state.chosen:
            count += f" · {len(state.chosen)} chosen"
        self.query_one("#search-count", Lines).show((Row(right=line(dim(count))),))
        self._show_details()

    def _show_details(self) -> None:
        pane = self.query_one("#details", Lines)
        rows = plugins.detail_rows(self.state, self.results.key, pane.size.height - 1)
        pane.show((RULE, *rows))

    def status(self) -> str:
        return "offline: not all is up to date" if self.state.offline else super().status()

    def keys(self) -> Keys:
        if self.results.has_focus:
            return (
                ("Enter", "preview"),
                ("Space", "choose"),
                ("v", "versions"),
                ("a", "add by address"),
                ("^N", "next"),
                ("F1", "help"),
            )
        return (("↓", "to the results"), ("^N", "next"), ("^P", "all actions"), ("F1", "help"))

    def on_descendant_focus(self, _event: DescendantFocus) -> None:
        self.refresh_frame()

    def on_descendant_blur(self, _event: DescendantBlur) -> None:
        self.refresh_frame()

    @on(Input.Changed, "#search-text")
    def search_changed(self, event: Input.Changed) -> None:
        if event.value != self.state.query:
            self.wizard.jobs.search(event.value)

    @on(Input.Submitted, "#search-text")
    def search_submitted(self) -> None:
        if self.results.key.startswith("lookup:"):
            self.action_preview()
        else:
            self.results.focus()

    @on(RowList.Highlighted, "#results")
    def highlighted(self, event: RowList.Highlighted) -> None:
        self._show_details()
        if event.key and self.state.has_candidate(event.key) and self.results.has_focus:
            self.wizard.jobs.glance(event.key)

    def on_key(self, event: object) -> None:
        """The arrow keys leave the search box for the results."""
        from textual.events import Key

        if isinstance(event, Key) and event.key in ("down", "pagedown") and not self.results.has_focus:
            event.stop()
            self.results.focus()
            if self.state.has_candidate(self.results.key):
                self.wizard.jobs.glance(self.results.key)

    def action_search(self) -> None:
        self.query_one("#search-text").focus()

    def _plugin(self) -> str:
        key = self.results.key
        return key if self.state.has_candidate(key) else ""

    def action_preview(self) -> None:
        if self.results.key.startswith("lookup:"):
            self.wizard.jobs.lookup(self.state.query, choose=False)
        elif name := self._plugin():
            from tljh_wizard.screens.preview import PreviewScreen

            self.wizard.go(PreviewScreen(name))

    def action_choose(self) -> None:
        if name := self._plugin():
            self.wizard.jobs.toggle(name)

    def action_versions(self) -> None:
        if name := self._plugin():
            from tljh_wizard.screens.versions import VersionsScreen

            self.wizard.go(VersionsScreen(name))

    def action_readme(self) -> None:
        if name := self._plugin():
            from tljh_wizard.screens.pages import ReadmeScreen

            self.wizard.jobs.read(self.state.requirement_of(name))
            self.wizard.go(ReadmeScreen(name))

    def action_merged(self) -> None:
        from tljh_wizard.screens.preview import MergedScreen

        if self.state.chosen:
            self.wizard.go(MergedScreen())
        else:
            self.wizard.tell("Nothing is chosen yet.", "Space chooses the plugin under the cursor.")

    def action_add(self) -> None:
        from tljh_wizard.screens.dialogs import AskScreen

        words = (
            "Anything that pip accepts: name==1.0, git+https://host/project@tag, a URL, a wheel, a folder."
        )
        self.app.push_screen(AskScreen("Add a plugin by address", words, ("Address",)), self._add)

    def _add(self, answers: tuple[str, ...] | None) -> None:
        if answers and answers[0].strip():
            self.wizard.jobs.lookup(answers[0], choose=True)

    def action_next(self) -> None:
        from tljh_wizard.screens.server import ServerScreen

        self.wizard.go(ServerScreen())
