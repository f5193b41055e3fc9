"""A chosen plugin as a plan needs it: its whole artifact on disk, its report, its sha256."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from tljh.discovery.artifacts import ArtifactSource, FetchedArtifact
from tljh.index_settings import IndexSettings
from tljh.inspection.report import PluginReport
from tljh.planning.actions import PluginArtifact
from tljh.planning.wanted import plugin_name
from tljh.reading import fetch_here, read
from tljh.runner import Runner
from tljh.settings import files
from tljh.spec import PluginChoice


@dataclass(frozen=True, slots=True)
class Chosen:
    """One plugin of the answers, fetched and read."""

    choice: PluginChoice
    report: PluginReport
    artifact: PluginArtifact


async def choose(choice: PluginChoice, *, folder: Path, settings: IndexSettings, runner: Runner) -> Chosen:
    """Fetch all of it below `folder` and read it from there.

    A choice with a sha256 that is there already needs no network. Raises the errors of discovery.
    """
    artifact = await asyncio.to_thread(remembered, choice, folder, settings)
    if artifact is None:
        from tljh.discovery.fetch import ensure_local

        found = await fetch_here(choice.requirement, settings=settings, runner=runner, sha256=choice.sha256)
        path = await ensure_local(found, folder)
        artifact = replace(found, path=path, root=None, remote=None)
        await asyncio.to_thread(remember, artifact, folder)
    report = await asyncio.to_thread(read, artifact)
    sha256 = artifact.source.sha256 or ""
    return Chosen(
        replace(choice, sha256=sha256),
        report,
        PluginArtifact(
            name=plugin_name(report),
            version=report.version,
            requirement=choice.requirement,
            sha256=sha256,
            path=str(artifact.path),
            extras=extras(choice.requirement),
        ),
    )


def extras(requirement: str) -> tuple[str, ...]:
    """`name[a,b]==1` asks for the extras a and b."""
    try:
        return tuple(sorted(Requirement(requirement).extras))
    except InvalidRequirement:
        return ()


def remember(artifact: FetchedArtifact, folder: Path) -> None:
    """Keep what discovery said of an artifact beside it, by its sha256."""
    document = {
        "requirement": artifact.requirement,
        "name": artifact.name,
        "version": artifact.version,
        "source": asdict(artifact.source),
        "form": artifact.form,
        "path": str(artifact.path),
    }
    files.replace(folder / f"{artifact.source.sha256}.json", json.dumps(document))


def remembered(choice: PluginChoice, folder: Path, settings: IndexSettings) -> FetchedArtifact | None:
    """The artifact of that sha256, if it was fetched before; its bytes are checked when it is installed."""
    if choice.sha256 is None:
        return None
    try:
        document = json.loads((folder / f"{choice.sha256}.json").read_text(encoding="utf-8"))
        path = Path(document["path"])
        source = ArtifactSource(**document["source"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not path.exists():
        return None
    return FetchedArtifact(
        requirement=choice.requirement,
        name=document["name"],
        version=document["version"],
        source=source,
        form=document["form"],
        settings=settings,
        path=path,
    )
