"""Answers with what a command line adds to them."""

from __future__ import annotations

from tljh.spec import InstallSpec, PluginChoice
from tljh.workflow import add_plugins

PINNED = PluginChoice("tljh-x==1.0", "a" * 64)
SPEC = InstallSpec(plugins=(PluginChoice("tljh-w", "b" * 64), PINNED))


def test_a_new_plugin_comes_last_and_the_others_stay_as_they_were_inspected() -> None:
    added = add_plugins(SPEC, ["git+https://host.example/tljh-y@v1"])
    assert added.plugins == (*SPEC.plugins, PluginChoice("git+https://host.example/tljh-y@v1"))


def test_another_version_takes_the_place_of_the_one_before() -> None:
    assert add_plugins(SPEC, ["TLJH_X==2.0"]).plugins == (SPEC.plugins[0], PluginChoice("TLJH_X==2.0"))


def test_a_plugin_that_is_named_again_is_looked_up_again() -> None:
    assert add_plugins(SPEC, ["tljh-x==1.0"]).plugins == (SPEC.plugins[0], PluginChoice("tljh-x==1.0"))
