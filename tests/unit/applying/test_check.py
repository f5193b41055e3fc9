"""What was approved against what the loaded plugins say."""

from __future__ import annotations

import pytest

from tljh.applying.steps.plugins import compare
from tljh.planning.actions import CheckPlugins, ExpectedHook

CONDA, CHANNELS = "tljh_extra_user_conda_packages", "tljh_extra_user_conda_channels"


def check(hook: str, certainty: str, value: tuple[str, ...] | None, actual: list[str]) -> list[str]:
    expected = ExpectedHook(plugin="p", hook=hook, certainty=certainty, value=value)
    action = CheckPlugins(plugins=("p",), expected=(expected,), implements={"p": (hook,)})
    return compare(action, {"p": {"implements": [hook], "packages": {hook: actual}}})


@pytest.mark.parametrize(
    ("hook", "certainty", "value", "actual", "differences"),
    [
        (CONDA, "certain", ("a", "b"), ["a", "b"], 0),
        (CONDA, "certain", ("a", "b"), ["b", "a", "a"], 0),
        (CONDA, "certain", ("a",), ["a", "evil"], 1),
        (CONDA, "certain", ("a", "b"), ["c"], 3),
        (CHANNELS, "certain", ("x", "y"), ["y", "x"], 1),
        (CONDA, "partial", ("a", "b"), ["a", "c"], 0),
        (CONDA, "opaque", None, ["anything"], 0),
        (CONDA, "certain", (), [], 0),
    ],
)
def test_values(
    hook: str, certainty: str, value: tuple[str, ...] | None, actual: list[str], differences: int
) -> None:
    assert len(check(hook, certainty, value, actual)) == differences


def test_hooks_that_were_not_seen_are_a_difference() -> None:
    action = CheckPlugins(plugins=("p",), expected=(), implements={"p": ("tljh_post_install",)})
    loaded = {"p": {"implements": ["tljh_post_install", "tljh_new_user_create"], "packages": {}}}
    assert compare(action, loaded) == ["p also implements tljh_new_user_create"]
    loaded["p"]["implements"] = []
    assert compare(action, loaded) == ["p does not implement tljh_post_install"]
