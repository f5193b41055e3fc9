"""Makes a plan: fetches and reads the chosen plugins, gathers facts, asks the package managers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tljh.planning.chosen import Chosen, choose
from tljh.planning.plan import Inputs, plan
from tljh.planning.probe import probe
from tljh.planning.resolve import Resolver
from tljh.planning.types import Plan
from tljh.planning.wanted import wanted
from tljh.spec import InstallSpec
from tljh.text import plural

if TYPE_CHECKING:
    from tljh.workflow import Workflow

OnProgress = Callable[[str], None]


async def make_plan(
    workflow: Workflow, spec: InstallSpec, on_progress: OnProgress, new_passwords: tuple[str, ...]
) -> Plan:
    """The plan for these answers, each plugin named by the sha256 of what was inspected."""
    if spec.plugins:
        on_progress(f"reading {plural(len(spec.plugins), 'plugin')}")
    chosen = await asyncio.gather(
        *(
            choose(
                choice, folder=workflow.layout.artifacts, settings=workflow.settings, runner=workflow.runner
            )
            for choice in spec.plugins
        )
    )
    pinned = replace(spec, plugins=tuple(c.choice for c in chosen))
    return await asyncio.to_thread(_plan, workflow, pinned, chosen, on_progress, new_passwords)


def _plan(
    workflow: Workflow,
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
    facts = probe(workflow.layout, spec, workflow.runner, apt_packages)
    resolver = Resolver(workflow.layout, spec, facts, workflow.runner, workflow.settings, on_progress)
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
