"""The first-time questions: administrators and the environment for everyone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from tljh_wizard import store
from tljh_wizard.describe.answers import answer_rows
from tljh_wizard.screens.base import Keys, WizardScreen
from tljh_wizard.screens.dialogs import AskScreen
from tljh_wizard.store import WizardState
from tljh_wizard.widgets.lines import RowList

HELP = """\
Administrators log in to the hub, manage its users and may use sudo in their terminals. Give a first \
password here, so that nobody else can take the name: without one, whoever logs in first under that name \
sets it. Only a bcrypt hash of the password is kept.

The environment for everyone is where notebooks run. conda installs conda and pip packages; uv only pip \
packages, for servers that cannot reach a conda channel. Channels are asked from left to right; without any, \
conda-forge is used, or the mirror that this machine's .condarc names.

Enter changes what is under the cursor, Delete takes an administrator off the list, Ctrl+N goes on."""


class ServerScreen(WizardScreen):
    STEP = 1
    HELP = HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "change", "Change what is under the cursor", id="server.change"),
        Binding("a", "add", "Add an administrator", id="server.add"),
        Binding("delete,d", "remove", "Take this administrator off the list", id="server.remove"),
        Binding("ctrl+n", "next", "Go on to the review", id="server.next"),
        Binding("n", "next", "Go on to the review", id="server.next_letter", show=False),
        Binding("escape", "back", "Back to the plugins", id="server.back"),
    ]

    def body(self) -> Iterable[Widget]:
        yield RowList(id="answers", classes="fill")

    def show(self, state: WizardState) -> None:
        self.query_one(RowList).show(answer_rows(state))

    def keys(self) -> Keys:
        return (
            ("Enter", "change"),
            ("Del", "remove"),
            ("^N", "next: the plan"),
            ("Esc", "back"),
            ("F1", "help"),
        )

    def action_change(self) -> None:
        kind, _, name = self.query_one(RowList).key.partition(":")
        match kind:
            case "add-admin":
                self.action_add()
            case "admin":
                self._ask_admin(name)
            case "manager":
                self.wizard.set_state(replace, manager=name)
            case "channels":
                self._ask_channels()

    def action_add(self) -> None:
        self._ask_admin("")

    def _ask_admin(self, name: str) -> None:
        words = "A password of 8 characters or more; empty: the first login under this name sets it."
        self.app.push_screen(
            AskScreen(
                "An administrator",
                words,
                ("Name", "First password", "Once more"),
                values=(name, "", ""),
                secret=(False, True, True),
                check=lambda answers: store.check_admin(*answers),
            ),
            self._admin_given,
        )

    def _admin_given(self, answers: tuple[str, ...] | None) -> None:
        if answers is not None:
            self.wizard.jobs.add_admin(answers[0], answers[1])

    def _ask_channels(self) -> None:
        words = "Names or addresses, the most important first. Empty: conda-forge, or this machine's own."
        self.app.push_screen(
            AskScreen(
                "Conda channels",
                words,
                ("Channels",),
                values=(" ".join(self.state.channels),),
                check=lambda answers: store.check_channels(answers[0]),
            ),
            self._channels_given,
        )

    def _channels_given(self, answers: tuple[str, ...] | None) -> None:
        if answers is not None:
            channels = tuple(answers[0].replace(",", " ").split())
            self.wizard.set_state(replace, channels=channels)

    def action_remove(self) -> None:
        kind, _, name = self.query_one(RowList).key.partition(":")
        if kind == "admin":
            self.wizard.set_state(store.without_admin, name)

    def action_next(self) -> None:
        from tljh_wizard.screens.review import ReviewScreen

        self.wizard.go(ReviewScreen())
