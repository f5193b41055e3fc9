"""Which file of a project pip would take for a specifier, and why it would not take others. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.version import InvalidVersion, Version

from tljh.discovery.errors import IncompatibleVersion, UnknownVersion
from tljh.discovery.pages import IndexFile

SHOWN = 5
"""Versions that an error lists."""


def choose(
    name: str,
    files: Iterable[IndexFile],
    specifier: str,
    python: Version,
    *,
    allow_prerelease: bool = False,
) -> IndexFile:
    """The file that pip would install.

    Pre-releases only when asked for or when there is nothing else, yanked ones only for `==`, wheels
    before sdists. Raises UnknownVersion and IncompatibleVersion.
    """
    wanted = SpecifierSet(specifier)
    versions = by_version(files)
    matching = list(wanted.filter(versions, prereleases=True if allow_prerelease else None))
    if not matching:
        raise _unknown(name, specifier, versions)
    usable = [version for version in matching if incompatibility(versions[version], python) is None]
    if not usable and not allow_prerelease:
        # pip takes a pre-release if no final release can be installed
        anything = wanted.filter(versions, prereleases=True)
        usable = [version for version in anything if incompatibility(versions[version], python) is None]
    if not usable:
        newest = max(matching)
        reason = incompatibility(versions[newest], python)
        others = [v for v in sorted(versions, reverse=True) if incompatibility(versions[v], python) is None]
        raise IncompatibleVersion(
            f"{name} {newest} cannot be installed here: {reason}.",
            f"Versions that can: {_listed(others)}." if others else "No version of it can be installed here.",
        )
    kept = [version for version in usable if not _is_yanked(versions[version])]
    if not kept and not is_pinned(wanted):
        raise UnknownVersion(
            f"Every version of {name} that matches {specifier or 'and can be installed'} was withdrawn.",
            f"Ask for one by its number all the same: {name}=={max(usable)}.",
        )
    return best_file(versions[max(kept or usable)], python)


def by_version(files: Iterable[IndexFile]) -> Mapping[Version, list[IndexFile]]:
    """The files of each version."""
    versions: dict[Version, list[IndexFile]] = {}
    for file in files:
        versions.setdefault(file.version, []).append(file)
    return versions


def best_file(files: list[IndexFile], python: Version) -> IndexFile:
    """The wheel with the most specific tag, else an sdist; one that can be used, if there is any."""
    ranks = supported_tags(python.major, python.minor)

    def rank(file: IndexFile) -> tuple[bool, bool, int]:
        usable = python_conflict(file, python) is None
        if file.kind == "sdist":
            return (not usable, True, 0 if file.filename.endswith(".tar.gz") else 1)
        tags = [ranks[tag] for tag in file.tags if tag in ranks]
        return (not usable or not tags, False, min(tags, default=0))

    return min(files, key=rank)


def incompatibility(files: list[IndexFile], python: Version) -> str | None:
    """Why none of a version's files can be installed with this Python; None if one can."""
    reasons = [python_conflict(file, python) for file in files]
    if all(reasons):
        return reasons[0]
    ranks = supported_tags(python.major, python.minor)
    usable = [file for file, reason in zip(files, reasons, strict=True) if reason is None]
    if any(file.kind == "sdist" or not ranks.keys().isdisjoint(file.tags) for file in usable):
        return None
    made_for = sorted({f"{tag.interpreter}-{tag.platform}" for file in usable for tag in file.tags})
    return f"its files are for other systems ({', '.join(made_for[:3])})"


def python_conflict(file: IndexFile, python: Version) -> str | None:
    if not file.requires_python:
        return None
    try:
        if SpecifierSet(file.requires_python).contains(python, prereleases=True):
            return None
    except InvalidSpecifier:
        return None
    return f"needs Python {file.requires_python}; the hub has {python.major}.{python.minor}"


def is_pinned(specifier: SpecifierSet) -> bool:
    """Whether it names one version, so that a withdrawn one may be taken."""
    return any(
        one.operator == "===" or (one.operator == "==" and not one.version.endswith(".*"))
        for one in specifier
    )


@lru_cache(maxsize=8)
def supported_tags(major: int, minor: int) -> Mapping[Tag, int]:
    """Wheel tags that this machine's CPython of that version takes, each with its rank, best first."""
    version, interpreter = (major, minor), f"cp{major}{minor}"
    ordered = [*cpython_tags(version), *compatible_tags(version, interpreter)]
    return {tag: rank for rank, tag in reversed(list(enumerate(ordered)))}


def _is_yanked(files: list[IndexFile]) -> bool:
    return all(file.yanked for file in files)


def _unknown(name: str, specifier: str, versions: Mapping[Version, list[IndexFile]]) -> UnknownVersion:
    ordered = sorted(versions, reverse=True)
    pinned = next((s.version for s in SpecifierSet(specifier) if s.operator in {"==", "==="}), "")
    try:
        target = Version(pinned.removesuffix(".*"))
        below = next((v for v in ordered if v < target), None)
        above = next((v for v in reversed(ordered) if v > target), None)
        close = [v for v in (above, below) if v is not None]
    except InvalidVersion:
        close = []
    listed = list(dict.fromkeys((*close, *ordered)))[:SHOWN]
    return UnknownVersion(
        f"{name} has no version {specifier}.",
        f"Versions there are: {_listed(sorted(listed, reverse=True))}; `tljh versions {name}` lists all.",
    )


def _listed(versions: list[Version]) -> str:
    return ", ".join(str(version) for version in versions[:SHOWN])
