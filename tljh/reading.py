"""From a requirement to a report: discovery fetches, inspection reads. Nothing of the plugin runs."""

from __future__ import annotations

import asyncio
import platform
from pathlib import Path

from packaging.version import Version

from tljh.discovery.artifacts import FetchedArtifact
from tljh.discovery.cache import default_folder
from tljh.discovery.known import known_plugins
from tljh.index_settings import IndexSettings
from tljh.inspection import inspect
from tljh.inspection.report import PluginReport, Source
from tljh.inspection.tree import DirectoryTree, SourceTree, WheelTree, open_archive
from tljh.runner import Runner


def hub_python() -> Version:
    """The Python that plugins must work with: this program runs in the hub environment."""
    return Version(platform.python_version())


async def fetch_here(
    requirement: str, *, settings: IndexSettings, runner: Runner, sha256: str | None = None
) -> FetchedArtifact:
    """What is needed to read a plugin, as this machine would have it."""
    from tljh.discovery.fetch import fetch  # brings the HTTP library

    return await fetch(
        requirement,
        settings=settings,
        cache_dir=default_folder(),
        python=hub_python(),
        runner=runner,
        expected_sha256=sha256,
        catalogue=known_plugins(),
    )


async def report_of(requirement: str, *, settings: IndexSettings, runner: Runner) -> PluginReport:
    """Read one plugin; of a wheel on the index, only the members that matter are fetched."""
    artifact = await fetch_here(requirement, settings=settings, runner=runner)
    return await asyncio.to_thread(read, artifact)


def read(artifact: FetchedArtifact) -> PluginReport:
    """The report of what was fetched. Reading a remote wheel blocks: call it in a thread."""
    source = artifact.source
    return inspect(
        open_tree(artifact),
        requirement=artifact.requirement,
        source=Source(source.kind, source.location, source.commit, source.sha256),
        name=artifact.name,
        version=artifact.version,
    )


def open_tree(artifact: FetchedArtifact) -> SourceTree:
    """The files of the artifact. Raises UnusableArtifact for an archive that is truncated or hostile."""
    opened = artifact.open()
    if not isinstance(opened, Path):
        return WheelTree(opened)
    return DirectoryTree(opened) if opened.is_dir() else open_archive(opened)
