"""Makes a plan: fetches and reads the chosen plugins, gathers facts, asks the package managers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from tljh.discovery.cache import default_folder
from tljh.index_settings import IndexSettings
from tljh.layout import Layout
from tljh.planning import probe
from tljh.planning.chosen import Chosen, choose
from tljh.planning.plan import Inputs, plan
from tljh.planning.resolve import Resolver
from tljh.planning.types import Plan
from tljh.planning.wanted import wanted
from tljh.runner import Runner
from tljh.spec import InstallSpec
from tljh.text import plural

OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Machine:
    """The installation that is planned for, and the means to ask about it."""

    layout: Layout
    settings: IndexSettings
    runner: Runner


async def make_plan(
    machine: Machine, spec: InstallSpec, on_progress: OnProgress, new_passwords: tuple[str, ...]
) -> Plan:
    """The plan for these answers, each plugin named by the sha256 of what was inspected."""
    if spec.plugins:
        on_progress(f"reading {plural(len(spec.plugins), 'plugin')}")
    caches = cache_layout(machine.layout)
    chosen = await asyncio.gather(
        *(
            choose(choice, folder=caches.artifacts, settings=machine.settings, runner=machine.runner)
            for choice in spec.plugins
        )
    )
    pinned = replace(spec, plugins=tuple(c.choice for c in chosen))
    return await asyncio.to_thread(_plan, machine, pinned, chosen, on_progress, new_passwords)


def _plan(
    machine: Machine,
    spec: InstallSpec,
    chosen: list[Chosen],
    on_progress: OnProgress,
    new_passwords: tuple[str, ...],
) -> Plan:
    from tljh.traefik import TRAEFIK_REQUIREMENT

    reports = tuple(c.report for c in chosen)
    artifacts = tuple(c.artifact for c in chosen if c.report.status == "ok")
    on_progress("looking at this machine")
    apt_packages = wanted(spec, reports, {}).apt.items
    facts = probe.probe(machine.layout, spec, machine.runner, apt_packages)
    resolver = Resolver(
        machine.layout,
        cache_layout(machine.layout),
        spec,
        facts,
        machine.runner,
        machine.settings,
        on_progress,
    )
    resolution = resolver.resolve(wanted(spec, reports, facts.applied), artifacts)
    return plan(
        Inputs(
            spec=spec,
            reports=reports,
            artifacts=artifacts,
            resolution=resolution,
            facts=facts,
            traefik_requirement=TRAEFIK_REQUIREMENT[0].split()[0],
            new_passwords=new_passwords,
            config_text=yaml_text,
        )
    )


def cache_layout(layout: Layout) -> Layout:
    """Where plans keep downloads: the installation itself, or the person's own cache if it is not theirs."""
    return layout if probe.is_writable(layout.prefix) else Layout(default_folder())


def yaml_text(settings: object) -> str:
    """Settings as YAML, for the diff."""
    import io

    from ruamel.yaml import YAML

    if not settings:
        return ""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    stream = io.StringIO()
    writer.dump(settings, stream)
    return stream.getvalue()
