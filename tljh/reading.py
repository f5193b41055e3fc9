"""From a requirement to a report: discovery fetches, inspection reads. Nothing of the plugin runs."""

from __future__ import annotations

from tljh.discovery.fetch import FetchedArtifact, fetch
from tljh.index_settings import IndexSettings
from tljh.inspection import inspect
from tljh.inspection.report import PluginReport
from tljh.runner import Runner


async def report_of(requirement: str, *, settings: IndexSettings, runner: Runner) -> PluginReport:
    """Read one plugin; of a wheel on the index, only the members that matter are fetched."""
    artifact = await fetch(requirement, settings=settings, runner=runner)
    return read(artifact)


def read(artifact: FetchedArtifact) -> PluginReport:
    """The report of what was fetched."""
    return inspect(
        open_tree(artifact),
        requirement=artifact.requirement,
        source=artifact.source,
        name=artifact.name,
        version=artifact.version,
    )
