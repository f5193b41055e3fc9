"""The record of what runs left on the machine, kept up to date as each step ends."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from tljh import spec as specs
from tljh.applying.context import Context
from tljh.planning.actions import PluginArtifact
from tljh.planning.facts import AppliedPlugin
from tljh.planning.probe import read_applied
from tljh.settings import files


def record_installed(context: Context, plugins: tuple[PluginArtifact, ...]) -> None:
    """The plugins are in the hub environment; their hooks have not run yet."""
    known = dict(read_applied(context.layout.applied))
    for plugin in plugins:
        before = known.get(plugin.name)
        same = before is not None and before.sha256 == plugin.sha256
        known[plugin.name] = AppliedPlugin(
            plugin.name,
            plugin.version,
            plugin.sha256,
            plugin.requirement,
            contributions=before.contributions if before and same else {},
            config_done=before.config_done if before and same else False,
            post_install_done=before.post_install_done if before and same else False,
        )
    _write(context, known)


def record_contributions(context: Context, name: str, contributions: dict[str, list[str]]) -> None:
    _update(context, name, contributions=contributions)


def record_config(context: Context, name: str) -> None:
    _update(context, name, config_done=True)


def record_post_install(context: Context, name: str) -> None:
    _update(context, name, post_install_done=True)


def record_complete(context: Context) -> None:
    """The run is complete: its answers are the machine's answers."""
    path = context.layout.spec_file
    previous = path.read_text() if path.exists() else ""
    files.replace(path, specs.render(specs.from_dict(context.plan.spec), previous))


def _update(context: Context, name: str, **changes: object) -> None:
    known = dict(read_applied(context.layout.applied))
    known[name] = replace(known[name], **changes)  # type: ignore[arg-type]
    _write(context, known)


def _write(context: Context, known: dict[str, AppliedPlugin]) -> None:
    document = {"schema": "tljh.applied/1", "plugins": [asdict(known[name]) for name in sorted(known)]}
    files.replace(context.layout.applied, json.dumps(document, indent=1))
