"""How the parts of a resolution hang together; the package managers are stood in for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tljh.errors import ConflictError
from tljh.index_settings import IndexSettings
from tljh.layout import Layout
from tljh.packages import pip
from tljh.packages.types import InstalledPackage, PackageChange
from tljh.planning.actions import PluginArtifact
from tljh.planning.facts import Facts
from tljh.planning.resolve import Resolver
from tljh.planning.wanted import Wanted
from tljh.runner import RecordingRunner
from tljh.spec import InstallSpec, UserEnvironment

SPEC = InstallSpec(user_environment=UserEnvironment(manager="uv", jupyter=False))
PLUGIN = PluginArtifact(name="tljh-x", version="1", requirement="tljh-x", sha256="a" * 64, path="/x.whl")


def changes(*pins: str) -> tuple[PackageChange, ...]:
    return tuple(
        PackageChange(name, "install", version) for name, _, version in (p.partition("==") for p in pins)
    )


def index_with_an_older_alembic_for_the_plugin(
    _python: Path, arguments: Iterable[str], *, constraints: Iterable[str] = (), **_named: Any
) -> tuple[PackageChange, ...]:
    """JupyterHub takes any alembic, the newest being 1.20; the plugin only one before 1.15."""
    arguments, constraints = tuple(arguments), tuple(constraints)
    for_hub = any(argument.startswith("jupyterhub>") for argument in arguments)
    for_plugin = any(argument.startswith("tljh-x") for argument in arguments)
    if for_plugin and "alembic==1.20" in constraints:
        raise ConflictError("tljh-x needs alembic<1.15")
    alembic = "alembic==1.14" if for_plugin or "alembic==1.14" in constraints else "alembic==1.20"
    return changes(*["jupyterhub==5.5"] * for_hub, alembic, *["tljh-x==1"] * for_plugin)


@pytest.fixture
def resolver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Resolver:
    monkeypatch.setattr(pip, "dry_run", index_with_an_older_alembic_for_the_plugin)
    layout = Layout(tmp_path)
    facts = Facts(prefix=str(tmp_path), has_hub_environment=True)
    return Resolver(layout, layout, SPEC, facts, RecordingRunner(), IndexSettings(), lambda _text: None)


def test_a_first_installation_is_chosen_so_that_the_plugins_fit(resolver: Resolver) -> None:
    found = resolver.resolve(Wanted(), (PLUGIN,))
    assert found.hub.pins == ("jupyterhub==5.5", "alembic==1.14")
    assert found.plugins.error is None
    assert "alembic==1.14" in found.core


def test_what_the_hub_does_already_is_not_told_again_for_the_plugins(resolver: Resolver) -> None:
    found = resolver.resolve(Wanted(), (PLUGIN,))
    assert [change.name for change in found.plugins.changes] == ["tljh-x"]


def test_no_plugin_moves_a_hub_that_is_installed(resolver: Resolver) -> None:
    installed = {
        "jupyterhub": InstalledPackage("jupyterhub", "5.5", requires=("alembic>=1.4",)),
        "alembic": InstalledPackage("alembic", "1.20"),
    }
    resolver = replace(resolver, facts=replace(resolver.facts, hub_packages=installed))
    assert resolver.resolve(Wanted(), (PLUGIN,)).plugins.error == "tljh-x needs alembic<1.15"


def test_without_plugins_the_hub_gets_the_newest(resolver: Resolver) -> None:
    assert resolver.resolve(Wanted(), ()).hub.pins == ("jupyterhub==5.5", "alembic==1.20")
