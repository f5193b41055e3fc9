"""Whole plugins against hand-written expectations."""

from __future__ import annotations

import cases_code
import cases_config
import cases_packages
import pytest
from plugins import Case, plain, report_of, sources, wheel

from tljh.inspection.plain import JSON
from tljh.inspection.report import HookImplementation

EVERY = (*cases_config.CASES, *cases_code.CASES, *cases_packages.CASES)


@pytest.mark.parametrize("case", EVERY, ids=[case.name for case in EVERY])
def test_case(case: Case) -> None:
    is_source = any(name in case.files for name in ("setup.py", "setup.cfg", "pyproject.toml"))
    found = report_of(sources(case.files) if is_source else wheel(case.files))
    seen = {hook.hook: [hook.certainty, _content(hook)] for hook in found.hooks}
    assert seen == case.hooks, [(hook.hook, hook.unknown) for hook in found.hooks]
    assert found.status == case.status, found.findings
    assert {finding.code for finding in found.findings} == set(case.findings), found.findings
    assert tuple(plain(effect) for effect in found.import_effects) == case.import_effects
    assert (found.name, found.version) == case.identity


def _content(hook: HookImplementation) -> list[JSON] | None:
    """The value of a package hook, the effects of another one."""
    if hook.hook.startswith("tljh_extra"):
        return None if hook.value is None else list(hook.value)
    return [plain(effect) for effect in hook.effects]


def test_there_are_enough_and_their_names_differ() -> None:
    assert len({case.name for case in EVERY}) == len(EVERY) >= 40
