"""What all screens share: where am I, the steps, a place for messages, the keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import Widget

from tljh_wizard.describe.wording import clean
from tljh_wizard.rows import RULE, Line, Row, Span, accent, dim, line, paragraph, strong, warn
from tljh_wizard.store import Notice, WizardState, noticed
from tljh_wizard.terminal import MINIMUM_HEIGHT, MINIMUM_WIDTH
from tljh_wizard.widgets.lines import Lines

if TYPE_CHECKING:
    from tljh_wizard.app import WizardApp

STEPS = ("Plugins", "Server", "Review", "Apply")
Keys = tuple[tuple[str, str], ...]


class WizardScreen(Screen[None]):
    """A screen with a title, the steps, a body and a line of keys.

    Subclasses name their place in `STEP`, explain themselves in `HELP`, yield their widgets in `body` and
    fill them in `show`.
    """

    STEP: ClassVar[int] = 0
    HELP: ClassVar[str] = ""

    @property
    def wizard(self) -> WizardApp:
        return cast("WizardApp", self.app)

    @property
    def state(self) -> WizardState:
        return self.wizard.state

    def compose(self) -> ComposeResult:
        with Vertical(classes="page"):
            yield Lines(id="top")
            with Vertical(id="body"):
                yield from self.body()
            yield Lines(id="notice")
            yield Lines(id="keys")
        small = f"This window is too small: {MINIMUM_WIDTH} columns and {MINIMUM_HEIGHT} lines are needed."
        rows = (paragraph(small), paragraph("Make it larger, or use the command: tljh --help"))
        yield Lines(rows, id="too-small")

    def body(self) -> Iterable[Widget]:
        """The widgets between the steps and the keys."""
        return ()

    def on_mount(self) -> None:
        self.watch(self.app, "state", self._state_changed)

    def on_screen_resume(self) -> None:
        self._state_changed(self.state)

    def _state_changed(self, state: WizardState) -> None:
        if self.is_mounted and self.is_active:
            self.refresh_frame()
            self._show_notice(self.notice(state))
            self.show(state)

    def refresh_frame(self) -> None:
        """Title, steps and keys, as they are now."""
        self.query_one("#top", Lines).show(self._top())
        keys: list[Span] = []
        for key, words in self.keys():
            keys += [strong(key), dim(f" {words}  ")]
        self.query_one("#keys", Lines).show((RULE, Row(tuple(keys))))

    def _top(self) -> tuple[Row, ...]:
        place = [strong("TLJH wizard"), dim(f" · {self.place()}")]
        return Row(line(*place), line(dim(self.status()))), Row(self._steps()), RULE

    def _steps(self) -> Line:
        spans: list[Span] = []
        for index, name in enumerate(STEPS):
            if index == self.STEP:
                spans += [accent("● "), strong(name)]
            else:
                spans.append(dim(f"{'✓' if index < self.STEP else '○'} {name}"))
            spans.append(("   ", ""))
        return tuple(spans)

    def _show_notice(self, notice: Notice | None) -> None:
        area = self.query_one("#notice", Lines)
        area.set_class(notice is not None, "-shown")
        if notice is not None:
            rows = [paragraph(line(warn("! "), clean(notice.message, keep_newlines=True)), indent=2)]
            if notice.hint:
                rows.append(paragraph(line("  ", dim(clean(notice.hint, keep_newlines=True))), indent=2))
            area.show(rows)

    # For subclasses ----------------------------------------------------------------------------

    def show(self, state: WizardState) -> None:
        """Fill the widgets from the state."""

    def notice(self, state: WizardState) -> Notice | None:
        return state.notice

    def place(self) -> str:
        return STEPS[self.STEP]

    def status(self) -> str:
        """The right end of the first line."""
        return self.state.access.host if self.state.access else ""

    def keys(self) -> Keys:
        """At most six, the likely one first."""
        return (("Esc", "back"), ("F1", "help"))

    def action_back(self) -> None:
        """Go back; nothing is lost but a message that was read."""
        self.wizard.set_state(noticed, None)
        self.app.pop_screen()
