"""What screens say, as text; what comes from outside cannot leave its place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from wizard_fakes import values

from tljh.inspection.conflicts import conflicts
from tljh.inspection.contributions import merge
from tljh.inspection.report import Finding
from tljh_wizard import store
from tljh_wizard.describe import plan, plugins, report, wording
from tljh_wizard.describe.answers import answer_rows
from tljh_wizard.rows import Row, plain, text_of
from tljh_wizard.store import WizardState

HOSTILE = "\x1b]0;owned\x07\x1b[31mred\u202egnp.exe\x00[bold]loud[/bold]\r"


def state_with(*reports: str) -> WizardState:
    state = store.catalogued(WizardState(), values.CANDIDATES)
    state = store.found(state, "", [candidate.name for candidate in values.CANDIDATES])
    for name in reports:
        state = store.read_done(state, name, values.REPORTS[name])
    return state


def row_of(state: WizardState, name: str) -> str:
    return next(text_of([row]) for row in plugins.result_rows(state) if row.key == name)


def test_a_row_counts_what_a_plugin_brings() -> None:
    shown = row_of(state_with("tljh-earth"), "tljh-earth")
    assert "12 conda · 1 apt · 2 settings" in shown
    assert shown.endswith("7 lines !")


def test_a_row_says_that_a_distribution_is_no_plugin() -> None:
    assert "! not usable as a plugin" in row_of(state_with("tljh-db"), "tljh-db")


def test_details_name_certainty_and_risk() -> None:
    shown = text_of(plugins.detail_rows(state_with("tljh-earth"), "tljh-earth"))
    assert "xarray, dask, iris, cartopy and 8 more" in shown
    assert "limits.memory = 2G" in shown
    assert "! downloads https://data.example.org/earth.tar.gz" in shown
    assert "partly" in shown


def test_a_preview_shows_every_hook_effect_and_line() -> None:
    shown = text_of(report.report_rows(values.EARTH))
    for hook in values.EARTH.hooks:
        assert hook.hook in shown
        assert f"{hook.path}:{hook.line}" in shown
        for effect in hook.effects:
            assert plugins.effect_words(effect) in shown
    assert "the mode of what it unpacks" in shown
    assert report.certainty_summary(values.EARTH) == "3 of 4 contributions read from source."


def test_a_folded_part_hides_its_lines_only() -> None:
    shown = text_of(report.report_rows(values.EARTH, frozenset({"hook:0"})))
    assert "xarray" not in shown
    assert "libgeos-dev" in shown


def test_an_unknown_value_is_never_a_guess() -> None:
    shown = text_of(report.report_rows(values.REPO2DOCKER))
    assert "c.JupyterHub.services + (unknown)" in shown
    assert "the value of c.JupyterHub.services" in shown


def test_merged_rows_name_owners_and_start_with_conflicts() -> None:
    reports = (values.EARTH, values.DATA)
    contributions = merge(reports)
    shown = text_of(report.merged_rows(contributions, conflicts(reports, contributions)))
    assert "limits.memory" in shown.split("▾")[0]
    pooch = next(part for part in shown.splitlines() if "pooch" in part)
    assert "tljh-earth" in pooch
    assert "tljh-earth-data" in pooch


def test_a_plan_shows_problems_first_and_counts() -> None:
    made = values.plan(state_with().answers, (values.WARNING, values.BLOCKING), (values.WITHHELD,))
    lines = text_of(plan.plan_rows(made)).splitlines()
    assert lines[0].startswith("✗ Port 80")
    shown = "\n".join(lines)
    assert "12 new · 1 changed · 62 MB" in shown
    assert "needs root on a server: would install sl" in shown
    assert "libgeos-c1v5" not in shown
    assert "libgeos-c1v5 3.11.1-1" in text_of(plan.plan_rows(made, frozenset({"step:0"})))


def test_an_empty_plan_says_so() -> None:
    made = replace(values.plan(state_with().answers), actions=())
    assert "Nothing to do" in text_of(plan.plan_rows(made))


def test_versions_carry_what_speaks_against_them() -> None:
    shown = text_of(plugins.version_rows(values.RELEASES, "2.1.0")).splitlines()
    assert "pre-release" in shown[0]
    assert shown[1].startswith("● 2.1.0")
    assert "! withdrawn by its author: breaks the first login" in shown[2]
    assert "it needs Python >=3.13" in shown[3]
    assert "!" not in shown[4]


def test_conda_packages_are_a_conflict_with_uv() -> None:
    state = store.toggled(state_with("tljh-earth"), "tljh-earth")
    contributions = merge((values.EARTH,))
    state = store.merged(state, store.Merged(("tljh-earth",), contributions, ()))
    assert "cannot install conda packages" in text_of(answer_rows(replace(state, manager="uv")))
    assert "cannot install conda packages" not in text_of(answer_rows(state))


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (64, "1 min 04 s"), (3720, "1 h 02 min")]
)
def test_durations(seconds: float, words: str) -> None:
    assert wording.duration(seconds) == words


def hostile_rows() -> list[Row]:
    """Every place where text from outside is shown."""
    hooks = tuple(
        replace(
            hook, path=HOSTILE, source=HOSTILE, value=(HOSTILE,) if hook.value else None, unknown=(HOSTILE,)
        )
        for hook in values.EARTH.hooks
    )
    bad = replace(
        values.EARTH, name=HOSTILE, version=HOSTILE, hooks=hooks, readme=HOSTILE, license=HOSTILE,
        findings=(Finding("x", "danger", HOSTILE, HOSTILE, 3),),
    )  # fmt: skip
    candidate = replace(values.CANDIDATES[0], name=HOSTILE, summary=HOSTILE, latest=HOSTILE)
    state = store.added(state_with(), candidate, choose=True)
    state = store.read_done(state, candidate.requirement, bad)
    release = replace(values.RELEASES[2], version=HOSTILE, yanked_reason=HOSTILE)
    contributions = merge((bad,))
    problem = replace(values.BLOCKING, message=HOSTILE, hint=HOSTILE)
    withheld = replace(values.WITHHELD, title=HOSTILE, reason=HOSTILE)
    return [
        *plugins.result_rows(state), *plugins.detail_rows(state, HOSTILE), *plugins.readme_rows(bad),
        *plugins.version_rows((release,), None), *report.report_rows(bad), *report.source_rows(bad.hooks[3]),
        *report.merged_rows(contributions, conflicts((bad,), contributions)),
        *plan.plan_rows(values.plan(state.answers, (problem,), (withheld,)), frozenset({"step:0"})),
    ]  # fmt: skip


def test_text_from_outside_is_harmless() -> None:
    shown = text_of(hostile_rows())
    assert "red" in shown
    for harmful in ("\x1b", "\x07", "\u202e", "\x00", "\r"):
        assert harmful not in shown
    assert "[bold]loud[/bold]" in shown


def test_a_field_with_line_breaks_stays_on_its_line() -> None:
    long = replace(values.EARTH, license="\n\nBSD 3-Clause License\n\nCopyright\n", readme="One\ntwo")
    state = store.read_done(state_with(), "tljh-earth", long)
    rows = plugins.detail_rows(state, "tljh-earth")
    assert "BSD 3-Clause License ·" in text_of(rows)
    assert all("\n" not in plain(row.left) for row in rows)
    assert "�" not in text_of(rows)
