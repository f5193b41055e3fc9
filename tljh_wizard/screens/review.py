"""The plan, before anything happens: what would be done, in which order, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from tljh_wizard.describe.plan import plan_rows, plan_summary
from tljh_wizard.describe.wording import clean, duration, plural
from tljh_wizard.rows import BLANK, RULE, Row, accent, dim, line, paragraph, strong, warn
from tljh_wizard.screens.base import Keys, WizardScreen
from tljh_wizard.screens.dialogs import ConfirmScreen
from tljh_wizard.store import WizardState
from tljh_wizard.widgets.lines import Lines, RowList

HELP = """\
This is the plan: every step that would be done, in this order. Nothing has been changed so far.

Enter shows the details of a step: packages with their versions, settings as a difference, and who asked for \
it. Problems come first; one marked ✗ must be solved before the plan can be applied. What stands under “Not \
done here” would be done on a server that runs systemd, as root.

Shift+A applies the plan, after asking once more. What is approved is exactly this plan: its number is a \
fingerprint of everything in it. w writes the answers to tljh.toml without applying them."""


class ReviewScreen(WizardScreen):
    STEP = 2
    HELP = HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "unfold", "Show or hide the details", id="review.unfold"),
        Binding("A", "apply", "Apply this plan", id="review.apply"),
        Binding("w", "save", "Write the answers to tljh.toml", id="review.save"),
        Binding("r", "again", "Make the plan again", id="review.again"),
        Binding("escape", "back", "Back to the answers", id="review.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._unfolded: frozenset[str] = frozenset()
        self._since = 0.0

    def body(self) -> Iterable[Widget]:
        yield RowList(id="plan", classes="fill")
        yield Lines(id="foot", classes="auto")

    def on_mount(self) -> None:
        super().on_mount()
        self._since = self.wizard.clock()
        self.set_interval(1, self._tick)
        self.wizard.jobs.plan()

    def _tick(self) -> None:
        if self.state.planning and self.is_active:
            self._show_planning(self.state)

    def status(self) -> str:
        return "nothing has been changed" if self.state.plan_is_current else ""

    def keys(self) -> Keys:
        if not self.state.plan_is_current:
            again = () if self.state.planning else (("r", "try again"),)
            return (*again, ("Esc", "back"), ("F1", "help"))
        apply = (("A", "apply this plan"),) if self._may_apply(self.state) else ()
        return (("Enter", "details"), *apply, ("w", "write answers"), ("Esc", "back"), ("F1", "help"))

    def _may_apply(self, state: WizardState) -> bool:
        plan = state.plan
        return bool(plan and plan.actions and not plan.blocked and state.access and state.access.can_apply)

    def show(self, state: WizardState) -> None:
        if state.plan is not None and state.plan_is_current:
            self.query_one(RowList).show(plan_rows(state.plan, self._unfolded))
            self.query_one("#foot", Lines).show((RULE, *self._foot(state)))
        else:
            self._show_planning(state)

    def _show_planning(self, state: WizardState) -> None:
        self.query_one("#foot", Lines).show(())
        if state.planning:
            elapsed = duration(self.wizard.clock() - self._since)
            rows: tuple[Row, ...] = (
                Row(line("Making the plan: ", dim(clean(state.planning)), dim(" …")), line(dim(elapsed))),
                BLANK,
                paragraph(
                    line(dim("The package managers are asked what they would install. Nothing is changed."))
                ),
            )
        else:
            rows = (Row(line("There is no plan.")),)
        self.query_one(RowList).show(rows)

    def _foot(self, state: WizardState) -> Iterable[Row]:
        plan = state.plan
        assert plan is not None
        yield Row(line(plan_summary(plan)), line(dim(f"plan {plan.digest[:12]}")))
        if plan.blocked:
            yield Row(line(warn("✗ "), "It cannot be applied before what is marked ✗ is solved."))
        elif state.access is not None and not state.access.can_apply:
            yield paragraph(line(warn("! "), clean(state.access.reason)), indent=2)
        elif plan.actions:
            left = line(dim("Nothing has been changed. "), accent("Shift+A"), strong(" applies this plan."))
            withheld = f"{plural(len(plan.withheld), 'step')} not done here" if plan.withheld else ""
            yield Row(left, line(dim(withheld)))

    def action_unfold(self) -> None:
        key = self.query_one(RowList).key
        if key:
            self._unfolded = self._unfolded ^ {key}
            self.show(self.state)

    def action_again(self) -> None:
        if not self.state.planning and not self.state.plan_is_current:
            self._since = self.wizard.clock()
            self.wizard.jobs.plan()

    def action_save(self) -> None:
        self.wizard.jobs.save()

    def action_apply(self) -> None:
        state = self.state
        if not self._may_apply(state) or state.plan is None or not state.plan_is_current:
            self.wizard.tell(*self._why_not(state))
            return
        self.app.push_screen(
            ConfirmScreen(
                f"Apply plan {state.plan.digest[:12]}?",
                f"{plan_summary(state.plan)}. It goes on if your connection drops.",
                yes="Apply",
                no="Not yet",
            ),
            self._confirmed,
        )

    def _why_not(self, state: WizardState) -> tuple[str, str]:
        if state.plan is None or not state.plan_is_current:
            return "There is no plan to apply yet.", ""
        if state.plan.blocked:
            first = state.plan.blocked[0]
            return first.message, first.hint
        if state.access is not None and not state.access.can_apply:
            return state.access.reason, "w writes the answers to tljh.toml; tljh install --spec applies them."
        return "There is nothing to apply.", "Press q to leave."

    def _confirmed(self, yes: bool | None) -> None:
        if yes:
            self.wizard.jobs.apply()
