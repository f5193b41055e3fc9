"""From a requirement to the artifact that pip would take: enough of it to be inspected."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name
from packaging.version import Version

from tljh.discovery import folders, git
from tljh.discovery.artifacts import ArtifactSource, FetchedArtifact, Form, ensure_local
from tljh.discovery.candidates import Candidate, SourceKind
from tljh.discovery.download import Wanted, check_archive, download, kept, probe
from tljh.discovery.errors import HashMismatch, TooLarge
from tljh.discovery.index import Index, local_path
from tljh.discovery.pages import identify
from tljh.discovery.releases import known_project
from tljh.discovery.remote_zip import RemoteArchive
from tljh.discovery.requirements import RequestedPlugin, parse_requirement
from tljh.discovery.selection import choose
from tljh.errors import InvalidInput, UnusableArtifact
from tljh.index_settings import IndexSettings, without_credentials
from tljh.runner import Runner

__all__ = ["ArtifactSource", "FetchedArtifact", "Form", "ensure_local", "fetch"]


@dataclass(frozen=True, slots=True)
class _Job:
    """What every kind of fetching needs."""

    requested: RequestedPlugin
    index: Index
    cache: Path
    runner: Runner

    def result(self, form: Form, source: ArtifactSource, **values: Any) -> FetchedArtifact:
        return FetchedArtifact(
            requirement=self.requested.text, form=form, source=source, settings=self.index.settings, **values
        )


async def fetch(
    requirement: str | RequestedPlugin,
    *,
    settings: IndexSettings,
    cache_dir: Path,
    python: Version,
    runner: Runner,
    expected_sha256: str | None = None,
    allow_prerelease: bool = False,
    catalogue: tuple[Candidate, ...] | None = None,
    index: Index | None = None,
) -> FetchedArtifact:
    """What is needed to inspect a requirement's artifact.

    A wheel from an index that serves ranges is not downloaded: `source.sha256` is then the index's word,
    checked by `ensure_local`. Raises the errors of `tljh.discovery.errors`, NetworkError, UnusableArtifact.
    """
    requested = requirement
    if isinstance(requested, str):
        requested = parse_requirement(requested, catalogue=catalogue)
    expected = (expected_sha256 or "").lower() or requested.sha256
    if expected and requested.sha256 not in {None, expected}:
        raise InvalidInput(
            f"{without_credentials(requested.text)} names another sha256 than the one approved.",
            "Preview it again.",
        )
    async with AsyncExitStack() as stack:
        if index is None:
            index = await stack.enter_async_context(Index(settings, cache_dir))
        job = _Job(requested, index, cache_dir, runner)
        if requested.kind == "index":
            artifact = await _from_index(job, python, allow_prerelease, catalogue, expected)
        elif requested.kind == "git":
            artifact = await _from_git(job)
        elif requested.kind == "url":
            artifact = await _from_url(job, expected)
        elif requested.kind == "directory":
            artifact = await _from_folder(job)
        else:
            artifact = await _from_file(job)
    if expected and artifact.source.sha256 != expected:
        raise HashMismatch(
            f"{without_credentials(requested.text)} has sha256 {(artifact.source.sha256 or 'none')[:12]}…, "
            f"not the expected {expected[:12]}….",
            "It changed since it was approved: preview it again, and approve it if it is right.",
        )
    return artifact


async def _from_index(
    job: _Job, python: Version, prereleases: bool, catalogue: tuple[Candidate, ...] | None, sha256: str | None
) -> FetchedArtifact:
    name = job.requested.name or ""
    project = await known_project(name, job.index, catalogue)
    files = project.files
    approved = tuple(file for file in files if sha256 and file.sha256 == sha256)
    specifier = job.requested.specifier
    file = choose(project.name, approved or files, specifier, python, allow_prerelease=prereleases)
    identity: dict[str, Any] = {"name": project.name, "version": str(file.version)}
    extra = {"stale_since": project.stale_since, "problems": project.problems}
    if path := local_path(file.url):
        folders.require(path, folder=False)
        found = await _local(path, path.name)
        if file.sha256 not in {None, found}:
            raise HashMismatch(
                f"{path} has sha256 {found[:12]}…, not the {(file.sha256 or '')[:12]}… its index promises.",
                "The index and the file do not fit: make the index again.",
            )
        source = ArtifactSource("index", file.url, sha256=found)
        return job.result(file.kind, source, path=path, **identity, **extra)
    wanted = Wanted(file.url, file.filename, file.sha256, file.size)
    return await _remote(job, "index", wanted, file.kind, **identity, **extra)


async def _from_url(job: _Job, sha256: str | None) -> FetchedArtifact:
    url = job.requested.url or ""
    filename = unquote(PurePosixPath(urlsplit(url).path).name)
    identity = identify(filename, None)
    form: Form = "wheel" if filename.endswith(".whl") else "sdist"
    name = job.requested.name or _name_in(filename)
    version = str(identity[0]) if identity else None
    return await _remote(job, "url", Wanted(url, filename, sha256), form, name=name, version=version)


async def _remote(job: _Job, kind: SourceKind, wanted: Wanted, form: Form, **values: Any) -> FetchedArtifact:
    """A file on a server: a wheel of known hash in pieces, anything else as a whole."""
    store = job.cache / "artifacts"
    location = without_credentials(wanted.url)
    whole = await asyncio.to_thread(kept, wanted, store)
    found: RemoteArchive | Path
    if whole:
        found = whole
    elif form == "wheel" and wanted.sha256:
        found = await probe(wanted, store, job.index.http)
    else:
        found = await download(wanted, store, job.index.http)
    if isinstance(found, RemoteArchive):
        source = ArtifactSource(kind, location, sha256=wanted.sha256)
        return job.result(form, source, remote=found, wanted=replace(wanted, size=found.size), **values)
    source = ArtifactSource(kind, location, sha256=found.parent.name)
    return job.result(form, source, path=found, **values)


async def _from_git(job: _Job) -> FetchedArtifact:
    url = job.requested.url or ""
    store = job.cache / "artifacts"
    commit, root = await git.checkout(url, job.requested.ref, store, job.runner)
    path = _subdirectory(root, job.requested, without_credentials(url))
    digest = await asyncio.to_thread(folders.tree_digest, root)
    source = ArtifactSource("git", without_credentials(url), commit, digest)
    return job.result("directory", source, name=job.requested.name, version=None, path=path, root=root)


async def _from_folder(job: _Job) -> FetchedArtifact:
    root = job.requested.path
    assert root is not None
    folders.require(root, folder=True)
    await asyncio.to_thread(folders.check_limits, root, str(root))
    path = _subdirectory(root, job.requested, str(root))
    source = ArtifactSource("directory", str(root), sha256=await asyncio.to_thread(folders.tree_digest, root))
    return job.result("directory", source, name=job.requested.name, version=None, path=path, root=root)


async def _from_file(job: _Job) -> FetchedArtifact:
    path = job.requested.path
    assert path is not None
    folders.require(path, folder=False)
    identity = identify(path.name, None)
    source = ArtifactSource(job.requested.kind, str(path), sha256=await _local(path, str(path)))
    return job.result(
        "wheel" if job.requested.kind == "wheel" else "sdist",
        source,
        name=job.requested.name or _name_in(path.name),
        version=str(identity[0]) if identity else None,
        path=path,
    )


async def _local(path: Path, shown: str) -> str:
    """The hash of a local archive, once it is seen to be one of a usual size."""
    if path.stat().st_size > folders.MAX_BYTES:
        raise TooLarge(f"{shown} is larger than {folders.MAX_BYTES >> 20} MiB.", "No plugin is that large.")

    check_archive(path, path.name, shown)
    return await asyncio.to_thread(folders.file_sha256, path)


def _subdirectory(root: Path, requested: RequestedPlugin, shown: str) -> Path:
    path = root / (requested.subdirectory or "")
    if not path.is_dir() or not path.resolve().is_relative_to(root.resolve()):
        raise UnusableArtifact(
            f"{shown} has no folder {requested.subdirectory}.", "Correct #subdirectory=, or leave it out."
        )
    return path


def _name_in(filename: str) -> str | None:
    """The project that a file name states, None if it states none."""
    for place, letter in enumerate(filename):
        if letter == "-" and identify(filename, filename[:place]):
            return str(canonicalize_name(filename[:place]))
    return None
