"""A run is what its events tell, whole or in parts, and nonsense does not break it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from wizard_fakes.backend import T0, TITLES, run_failure, run_rest, run_so_far

from tljh.applying.events import Event
from tljh_wizard.describe.run import result_rows, run_title, step_rows
from tljh_wizard.rows import text_of
from tljh_wizard.running import LOG_LINES, RunState, told


def test_steps_while_it_goes_on() -> None:
    run = told(RunState("r"), run_so_far())
    assert [step.status for step in run.steps] == ["done"] * 4 + ["running"] + ["waiting"] * 5
    assert [step.seconds for step in run.steps[:4]] == [21, 9, 3, 1]
    assert run.current is not None
    assert run.current.title == TITLES[4]
    assert not run.is_over
    assert run_title(run, T0 + 98) == "4 of 10 steps · 1 min 38 s"
    assert "161 of 212 MB" in text_of(step_rows(run, T0 + 98))


def test_the_good_end() -> None:
    run = told(RunState("r"), (*run_so_far(), *run_rest()))
    assert run.status == "done"
    shown = text_of(result_rows(run, "hub.example.org"))
    assert "http://hub.example.org/" in shown
    assert "What to do next" in shown


def test_the_bad_end_says_what_failed_what_changed_and_what_next() -> None:
    run = told(RunState("r"), (*run_so_far(), *run_failure()))
    assert run.failed is not None
    shown = text_of(result_rows(run, "hub.example.org"))
    for text in (TITLES[4], "No space left", "Free some space", "sudo tljh install", "Hub environment"):
        assert text in shown


def test_the_log_is_capped() -> None:
    lines = [Event("output", 0, str(number), {}, T0) for number in range(LOG_LINES + 10)]
    run = told(RunState("r"), lines)
    assert len(run.log) == LOG_LINES
    assert run.log[-1] == str(LOG_LINES + 9)


@given(st.integers(0, 60))
def test_events_in_two_parts_tell_the_same(place: int) -> None:
    events = (*run_so_far(), *run_rest())
    at_once = told(RunState("r"), events)
    assert told(told(RunState("r"), events[:place]), events[place:]) == at_once


kinds = st.sampled_from(
    ("output", "progress", "action-started", "action-finished", "action-failed", "run-finished", "of-later")
)


@given(st.lists(st.tuples(kinds, st.one_of(st.none(), st.integers(-3, 20))), max_size=20))
def test_events_that_make_no_sense_are_survived(strange: list[tuple[str, int | None]]) -> None:
    events = [Event(kind, action, "text", {}, T0) for kind, action in strange]  # type: ignore[arg-type]
    run = told(told(RunState("r"), run_so_far()), events)
    assert len(run.steps) == len(TITLES)
    text_of(step_rows(run, T0))
    text_of(result_rows(run, ""))
