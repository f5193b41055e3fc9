"""Small questions: a few fields, or yes and no."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from tljh_wizard.rows import BLANK, Row, dim, line, paragraph, strong, warn
from tljh_wizard.widgets.lines import Lines, RowList

Answers = tuple[str, ...]


class AskScreen(ModalScreen[Answers | None]):
    """Asks for a few lines of text; `check` says what is wrong with them, or nothing."""

    HELP = "Enter goes to the next field, and after the last one takes the answers. Escape changes nothing."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Change nothing", id="ask.cancel"),
        # Before any key after it, so that what is typed ahead on a slow line goes into the right field.
        Binding("enter", "go_on", "Next field, or take the answers", id="ask.go_on", priority=True),
    ]

    def __init__(
        self,
        title: str,
        words: str,
        labels: Answers,
        *,
        values: Answers = (),
        secret: Iterable[bool] = (),
        check: Callable[[Answers], str] | None = None,
    ) -> None:
        super().__init__()
        self._title, self._words, self._labels = title, words, labels
        self._values = values or ("",) * len(labels)
        self._secret = tuple(secret) or (False,) * len(labels)
        self._check = check

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Lines((Row(line(strong(self._title))), paragraph(line(dim(self._words))), BLANK))
            for label, value, secret in zip(self._labels, self._values, self._secret, strict=True):
                with Horizontal(classes="field"):
                    yield Lines((Row(line(label)),), classes="label")
                    field = Input(value, password=secret)
                    field.cursor_blink = False
                    yield field
            yield Lines((BLANK,), id="wrong")
            yield Lines(
                (BLANK, Row(line(strong("Enter"), dim(" take it   "), strong("Esc"), dim(" change nothing"))))
            )

    def on_mount(self) -> None:
        fields = list(self.query(Input))
        next((field for field in fields if not field.value), fields[0]).focus()

    def action_go_on(self) -> None:
        fields = list(self.query(Input))
        place = fields.index(self.focused) if isinstance(self.focused, Input) else 0
        if place + 1 < len(fields):
            self.set_focus(fields[place + 1])
        else:
            # After the keys that are still on their way to this field.
            fields[place].call_later(fields[place].action_submit)

    @on(Input.Submitted)
    def submitted(self) -> None:
        fields = list(self.query(Input))
        answers = tuple(
            field.value if secret else field.value.strip()
            for field, secret in zip(fields, self._secret, strict=True)
        )
        wrong = self._check(answers) if self._check else ""
        if wrong:
            self.query_one("#wrong", Lines).show((paragraph(line(warn("! "), wrong), indent=2),))
            fields[0].focus()
        else:
            self.dismiss(answers)

    def action_cancel(self) -> None:
        self.dismiss(None)


class ConfirmScreen(ModalScreen[bool]):
    """Asks before something that matters; the safe answer is under the cursor."""

    HELP = "The arrow keys move between the two answers, Enter takes one. Escape is the safe one."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "Take the answer under the cursor", id="confirm.take"),
        Binding("escape", "cancel", "The safe answer", id="confirm.cancel"),
    ]

    def __init__(self, title: str, words: str, *, yes: str, no: str) -> None:
        super().__init__()
        self._title, self._words, self._yes, self._no = title, words, yes, no

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Lines((Row(line(strong(self._title))), BLANK, paragraph(self._words), BLANK))
            yield RowList((Row(line(self._no), key="no"), Row(line(self._yes), key="yes")))
            yield Lines((BLANK, Row(line(strong("↑ ↓"), dim(" move   "), strong("Enter"), dim(" take it")))))

    def on_mount(self) -> None:
        self.query_one(RowList).focus()

    def action_take(self) -> None:
        self.dismiss(self.query_one(RowList).key == "yes")

    def action_cancel(self) -> None:
        self.dismiss(False)
