"""The wizard as a Textual application: one state, one job board, and the way from screen to screen."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.reactive import var

from tljh_wizard import store
from tljh_wizard.jobs import Jobs
from tljh_wizard.screens.browse import BrowseScreen
from tljh_wizard.store import Notice, WizardState
from tljh_wizard.terminal import MINIMUM_HEIGHT, MINIMUM_WIDTH, Look
from tljh_wizard.themes import THEMES

if TYPE_CHECKING:
    from textual.events import Resize
    from textual.screen import Screen

    from tljh_wizard.backend import Backend


class WizardApp(App[int]):
    """Browse, answer, review, apply. Screens watch `state`; work is asked of `jobs`."""

    CSS_PATH = "wizard.tcss"
    TITLE = "TLJH wizard"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Explain this screen", id="app.help", priority=True),
        Binding("ctrl+p", "actions", "List all actions", id="app.actions", priority=True),
        Binding("q", "leave", "Quit", id="app.quit"),
        Binding("ctrl+q,ctrl+c", "leave", "Quit", id="app.quit_anywhere", show=False, priority=True),
    ]

    state: var[WizardState] = var(WizardState(), init=False)

    def __init__(
        self, backend: Backend, look: Look | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__()
        self.clock = clock
        self.look = look or Look()
        self.jobs = Jobs(self, backend)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self.look.theme
        self.set_class(self.look.ascii_only, "-ascii")
        self.set_class(self.look.theme == "plain", "-plain")

    def show(self) -> int:
        """Run until it is left; the exit status."""
        status = self.run(mouse=self.look.mouse)
        return self.return_code or status or 0

    def get_default_screen(self) -> Screen[Any]:
        return BrowseScreen()

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, self._hang_up)
            except (ValueError, RuntimeError, NotImplementedError):
                pass
        self.call_after_refresh(self.jobs.open)

    def _hang_up(self) -> None:
        """The terminal is gone: end here; a run goes on by itself."""
        self.exit(0)

    def on_resize(self, event: Resize) -> None:
        small = event.size.width < MINIMUM_WIDTH or event.size.height < MINIMUM_HEIGHT
        self.set_class(small, "-too-small")
        self.set_class(event.size.height >= 32, "-tall")

    def set_state(self, transition: Callable[..., WizardState], *arguments: Any, **named: Any) -> None:
        """Apply a pure transition of `store`."""
        self.state = transition(self.state, *arguments, **named)

    def tell(self, message: str, hint: str = "") -> None:
        """Show one message in the calm place for it."""
        self.set_state(store.noticed, Notice(message, hint))

    # From screen to screen ---------------------------------------------------------------------

    def go(self, screen: Screen[Any]) -> None:
        """Open a screen above this one; Escape comes back."""
        self.set_state(store.noticed, None)
        self.push_screen(screen)

    def show_run(self) -> None:
        """The run takes the place of everything above the list of plugins."""
        from tljh_wizard.screens.run import RunScreen

        self._back_to_first()
        self.push_screen(RunScreen())

    def show_result(self) -> None:
        from tljh_wizard.screens.result import ResultScreen

        if isinstance(self.screen, ResultScreen):
            return
        self._back_to_first()
        self.push_screen(ResultScreen())

    def start_over(self) -> None:
        """Back to the plugins after a run."""
        self.set_state(store.run_left)
        self._back_to_first()

    def _back_to_first(self) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def action_help(self) -> None:
        from tljh_wizard.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def action_actions(self) -> None:
        from tljh_wizard.screens.help import ActionsScreen

        if not isinstance(self.screen, ActionsScreen):
            self.push_screen(ActionsScreen(self.screen))

    def action_leave(self) -> None:
        """Quit, after saying what goes on or what would be lost."""
        from tljh_wizard.screens.dialogs import ConfirmScreen

        run = self.state.run
        if isinstance(self.screen, ConfirmScreen):
            self.exit(0)
        elif run is not None and not run.is_over:
            self.push_screen(
                ConfirmScreen(
                    "The installation goes on",
                    "Closing the wizard does not stop it. Open tljh-wizard again to come back to it.",
                    yes="Close the wizard",
                    no="Stay",
                ),
                self._leave_if,
            )
        elif self.state.has_changes:
            self.push_screen(
                ConfirmScreen(
                    "Leave without applying?",
                    "What you chose here has not been applied and will be forgotten. Nothing was changed.",
                    yes="Leave",
                    no="Stay",
                ),
                self._leave_if,
            )
        else:
            self.exit(0)

    def _leave_if(self, yes: bool | None) -> None:
        if yes:
            self.exit(0)
