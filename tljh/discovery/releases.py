"""The versions that can be chosen: releases of an index project, tags and default branch of a repository."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from packaging.version import InvalidVersion, Version

from tljh.discovery.candidates import Candidate, PluginSource, Release
from tljh.discovery.catalogue import find, load_catalogue
from tljh.discovery.errors import UnknownPlugin
from tljh.discovery.index import Index, Project
from tljh.discovery.pages import IndexFile, identify
from tljh.discovery.requirements import RequestedPlugin
from tljh.discovery.search import nearest
from tljh.discovery.selection import best_file, by_version, incompatibility

if TYPE_CHECKING:
    from tljh.runner import Runner


async def releases(
    wanted: RequestedPlugin | Candidate,
    *,
    index: Index,
    runner: Runner,
    python: Version,
    catalogue: tuple[Candidate, ...] | None = None,
) -> tuple[Release, ...]:
    """Every version, newest first; whatever the specifier says. Nothing for a folder or a nameless archive.

    Raises UnknownPlugin, NetworkError, GitFailed.
    """
    if isinstance(wanted, Candidate):
        source = wanted.sources[0]
        url = source.location
    else:
        source, url = wanted.source, wanted.url or ""
    if source.kind == "index":
        project = await known_project(source.location, index, catalogue)
        return index_releases(project, python)
    if source.kind == "git":
        return await _git_releases(source, url, runner)
    name = PurePath(unquote(urlsplit(source.location).path)).name
    identity = identify(name, None)
    if identity is None:
        return ()
    version, kind, _ = identity
    return (Release(str(version), files=(name,), has_wheel=kind == "wheel", requirement=source.location),)


async def known_project(name: str, index: Index, catalogue: tuple[Candidate, ...] | None = None) -> Project:
    """The project of that name. Raises UnknownPlugin with the names most like it."""
    project = await index.project(name)
    if project is None:
        candidates = load_catalogue() if catalogue is None else catalogue
        if known := find(name, candidates):
            others = tuple(source.requirement for source in known.sources if source.kind == "git")
            raise UnknownPlugin(name, others, f"The package index here has no project {name}.")
        raise UnknownPlugin(name, nearest(name, candidates))
    return project


def index_releases(project: Project, python: Version) -> tuple[Release, ...]:
    """A project's versions, newest first."""
    versions = by_version(project.files)
    return tuple(
        _release(project, version, versions[version], python) for version in sorted(versions, reverse=True)
    )


def newest(found: Sequence[Release]) -> Release | None:
    """The release that would be installed if none is named; the newest of all where none can be."""
    usable = [release for release in found if not release.incompatible and not release.yanked]
    final = [release for release in usable if not release.prerelease]
    return next(iter((*final, *usable, *found)), None)


def _release(project: Project, version: Version, files: list[IndexFile], python: Version) -> Release:
    best = best_file(files, python)
    dates = [file.uploaded for file in files if file.uploaded]
    return Release(
        version=str(version),
        date=min(dates, default=None),
        yanked=all(file.yanked for file in files),
        yanked_reason=next((file.yanked_reason for file in files if file.yanked_reason), None),
        prerelease=version.is_prerelease,
        requires_python=best.requires_python,
        incompatible=incompatibility(files, python),
        files=tuple(file.filename for file in files),
        has_wheel=any(file.kind == "wheel" for file in files),
        size=best.size,
        requirement=f"{project.name}=={version}",
        stale_since=project.stale_since,
    )


async def _git_releases(source: PluginSource, url: str, runner: Runner) -> tuple[Release, ...]:
    """Tags that are versions, newest first; the default branch; the other tags."""
    from tljh.discovery.git import list_refs

    refs = await list_refs(url, runner)

    def release(ref: str, commit: str, branch: bool = False) -> Release:
        version = tag_version(ref)
        requirement = PluginSource("git", source.location, source.subdirectory, ref).requirement
        return Release(
            version=ref,
            prerelease=bool(version and version.is_prerelease),
            kind="branch" if branch else "tag",
            commit=commit,
            requirement=requirement,
        )

    versions = [(version, tag) for tag in refs.tags if (version := tag_version(tag))]
    ordered = [tag for _, tag in sorted(versions, reverse=True)]
    others = sorted((tag for tag in refs.tags if tag_version(tag) is None), reverse=True)
    found = [release(tag, refs.tags[tag]) for tag in ordered]
    if refs.default_branch:
        found.append(release(refs.default_branch, refs.branches[refs.default_branch], branch=True))
    return (*found, *(release(tag, refs.tags[tag]) for tag in others))


def tag_version(tag: str) -> Version | None:
    """The version that a tag such as `v1.2` or `name-1.2` names."""
    for text in (tag, tag.rpartition("-")[2], tag.rpartition("/")[2]):
        try:
            return Version(text)
        except InvalidVersion:
            continue
    return None
