"""Artifacts that can be inspected, and keeping the whole of one where a plan can rely on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from tljh.discovery import folders
from tljh.discovery.candidates import SourceKind
from tljh.discovery.download import OnProgress, Wanted, download, keep_file
from tljh.discovery.http import Http
from tljh.discovery.remote_zip import RemoteArchive
from tljh.index_settings import IndexSettings

Form = Literal["wheel", "sdist", "directory"]


@dataclass(frozen=True, slots=True)
class ArtifactSource:
    """Where an artifact comes from; the `source` of DESIGN section 5."""

    kind: SourceKind
    location: str
    commit: str | None = None
    sha256: str | None = None
    """Of the file; for folders and checkouts, `folders.tree_digest`."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "location": self.location,
            "commit": self.commit,
            "sha256": self.sha256,
        }


@dataclass(frozen=True, slots=True)
class FetchedArtifact:
    """An artifact that can be read now: from a local file or folder, or from the index in pieces."""

    requirement: str
    name: str | None
    version: str | None
    """From the index or the file name; None where only the artifact itself can tell."""
    source: ArtifactSource
    form: Form
    settings: IndexSettings
    path: Path | None = None
    """The local file, or the plugin's own folder; None for a wheel that is read from the index in pieces."""
    root: Path | None = None
    """For folders and checkouts: the whole of it, of which `path` is the subdirectory."""
    remote: RemoteArchive | None = None
    wanted: Wanted | None = None
    stale_since: datetime | None = None
    problems: tuple[str, ...] = ()

    @property
    def kind(self) -> SourceKind:
        return self.source.kind

    def open(self) -> BinaryIO | Path:
        """What to read it from: a path, or a seekable file whose reading blocks (use it in a thread)."""
        if self.path is not None:
            return self.path
        assert self.remote is not None
        return cast(BinaryIO, self.remote.open())


async def ensure_local(
    artifact: FetchedArtifact, folder: Path, *, on_progress: OnProgress | None = None
) -> Path:
    """The whole artifact, checked, kept where it will not change.

    Files are at `folder/<sha256>/<filename>`, checkouts at `folder/git-<commit>[/subdirectory]`, folders at
    `folder/dir-<sha256>/<name>[/subdirectory]`. Raises HashMismatch if it is not what was inspected.
    """
    sha256 = artifact.source.sha256
    if artifact.root is not None:
        assert sha256 is not None
        assert artifact.path is not None
        commit = artifact.source.commit
        target = folder / f"git-{commit}" if commit else folder / f"dir-{sha256}" / artifact.root.name
        place = await asyncio.to_thread(folders.keep_copy, artifact.root, target, sha256)
        return place / artifact.path.relative_to(artifact.root)
    if artifact.path is not None:
        assert sha256 is not None
        return await asyncio.to_thread(keep_file, artifact.path, folder, sha256)
    assert artifact.wanted is not None
    async with Http(artifact.settings) as http:
        return await download(artifact.wanted, folder, http, on_progress=on_progress)
