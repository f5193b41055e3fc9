"""Transitions of the wizard's state are pure, drop stale answers, and lose nothing."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from wizard_fakes import values

from tljh.spec import InstallSpec, PluginChoice, UserEnvironment
from tljh_wizard import store
from tljh_wizard.store import Access, Chosen, Notice, WizardState

NAMES = tuple(candidate.name for candidate in values.CANDIDATES)
ACCESS = Access("/opt/tljh", "hub.example.org")
START = store.catalogued(WizardState(access=ACCESS), values.CANDIDATES)


def test_results_of_an_older_question_are_dropped() -> None:
    state = store.queried(START, "earth")
    assert store.found(state, "ear", ("tljh-db",)) is state
    assert store.found(state, "earth", ("tljh-earth", "not-known")).results == ("tljh-earth",)


def test_the_answers_keep_what_no_screen_asks_for() -> None:
    spec = InstallSpec(
        plugins=(PluginChoice("tljh-earth", "a" * 64),),
        admins=("ada",),
        user_environment=UserEnvironment(channels=("bioconda",), pip_packages=("requests",)),
        settings={"limits": {"memory": "4G"}},
    )
    state = store.opened(START, ACCESS, spec, {"tljh-earth": "tljh-earth"})
    assert state.answers == spec
    assert not state.has_changes


def test_the_same_requirement_keeps_its_hash_and_another_version_does_not() -> None:
    spec = InstallSpec(plugins=(PluginChoice("tljh-earth", "a" * 64),))
    state = store.opened(START, ACCESS, spec, {"tljh-earth": "tljh-earth"})
    state = store.chosen(state, Chosen("tljh-earth", "tljh-earth==1.4.0", "1.4.0"))
    assert state.answers.plugins == (PluginChoice("tljh-earth==1.4.0"),)
    assert state.has_changes


def test_choosing_another_version_keeps_the_place() -> None:
    state = store.toggled(store.toggled(START, "tljh-earth"), "tljh-db")
    state = store.chosen(state, Chosen("tljh-earth", "tljh-earth==1.4.0", "1.4.0"))
    assert [choice.requirement for choice in state.chosen] == ["tljh-earth==1.4.0", "tljh-db"]


def test_a_plan_for_other_answers_is_dropped() -> None:
    state = store.toggled(START, "tljh-earth")
    basis = state.planning_input
    plan = values.plan(state.answers)
    assert store.planned(state, plan, basis).plan_is_current
    changed = store.with_admin(state, "ada", "hash")
    assert store.planned(changed, plan, basis).plan is None


def test_a_plan_is_stale_once_an_answer_changes() -> None:
    state = store.toggled(START, "tljh-earth")
    state = store.planned(state, values.plan(state.answers), state.planning_input)
    assert not store.toggled(state, "tljh-db").plan_is_current
    assert not store.with_admin(state, "ada", "hash").plan_is_current
    assert not replace(state, manager="uv").plan_is_current


def test_merged_contributions_of_another_choice_are_dropped() -> None:
    state = store.toggled(START, "tljh-earth")
    result = store.Merged(("tljh-db",), None, ())  # type: ignore[arg-type]
    assert store.merged(state, result) is state
    current = store.merged(state, replace(result, requirements=("tljh-earth",)))
    assert current.merged is not None
    assert store.toggled(current, "tljh-db").merged is None


def test_reading_ends_with_a_report_a_notice_or_nothing() -> None:
    started = store.read_started(START, "tljh-earth")
    assert started.reading == {"tljh-earth"}
    assert store.read_done(started, "tljh-earth", values.EARTH).report_of("tljh-earth") is values.EARTH
    failed = store.read_failed(started, "tljh-earth", Notice("no network"))
    assert failed.unreadable["tljh-earth"].message == "no network"
    assert store.read_started(failed, "tljh-earth").unreadable == {}
    assert store.read_dropped(started, "tljh-earth").reading == frozenset()


def test_passwords_are_neither_shown_nor_kept_after_the_start() -> None:
    state = store.with_admin(START, "ada", "$2b$secret")
    assert "secret" not in repr(state)
    assert store.attached(state, "run").password_hashes == {}
    assert store.without_admin(state, "ada").password_hashes == {}


def test_what_is_wrong_with_an_administrator() -> None:
    assert store.check_admin("ada", "", "") == ""
    assert store.check_admin("ada", "correct horse", "correct horse") == ""
    assert "small letter" in store.check_admin("Ada", "", "")
    assert "small letter" in store.check_admin("", "", "")
    assert "8 characters" in store.check_admin("ada", "short", "short")
    assert "72 bytes" in store.check_admin("ada", "ä" * 40, "ä" * 40)
    assert "differ" in store.check_admin("ada", "correct horse", "correct hose")


def test_what_is_wrong_with_channels() -> None:
    assert store.check_channels("conda-forge, https://mirror.example.org/forge") == ""
    assert "ftp" in store.check_channels("ftp://x")


steps = st.lists(
    st.one_of(
        st.tuples(st.just("toggle"), st.sampled_from(NAMES)),
        st.tuples(st.just("version"), st.sampled_from(NAMES)),
        st.tuples(st.just("drop"), st.sampled_from(NAMES)),
        st.tuples(st.just("admin"), st.sampled_from(("ada", "grace"))),
        st.tuples(st.just("no-admin"), st.sampled_from(("ada", "grace"))),
        st.tuples(st.just("query"), st.text(max_size=5)),
    ),
    max_size=30,
)


@given(steps)
def test_whatever_is_done_the_answers_agree_with_the_choices(done: list[tuple[str, str]]) -> None:
    state = START
    for kind, name in done:
        before = state
        match kind:
            case "toggle":
                state = store.toggled(state, name)
                assert (state.chosen_as(name) is None) != (before.chosen_as(name) is None)
            case "version":
                state = store.chosen(state, Chosen(name, f"{name}==1.0", "1.0"))
            case "drop":
                state = store.dropped(state, name)
            case "admin":
                state = store.with_admin(state, name, "hash")
            case "no-admin":
                state = store.without_admin(state, name)
            case "query":
                state = store.queried(state, name)
        names = [choice.name for choice in state.chosen]
        assert len(names) == len(set(names))
        assert [p.requirement for p in state.answers.plugins] == [c.requirement for c in state.chosen]
        assert set(state.password_hashes) <= set(state.admins)
        assert len(state.admins) == len(set(state.admins))
        assert state.has_changes == (state.answers != state.spec or bool(state.password_hashes))
