"""The values of discovery: where a plugin can be had, what is known of it, and its releases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from urllib.parse import quote

SourceKind = Literal["index", "git", "url", "archive", "wheel", "directory"]
Origin = Literal["catalogue", "index", "typed"]
ReleaseKind = Literal["release", "tag", "branch"]


@dataclass(frozen=True, slots=True)
class PluginSource:
    """One place to have a plugin from; `location` is a project name, URL (no credentials) or path."""

    kind: SourceKind
    location: str
    subdirectory: str | None = None
    ref: str | None = None
    """Branch, tag or commit, for git."""

    @property
    def requirement(self) -> str:
        """What to type to have it from here."""
        subdirectory = f"#subdirectory={self.subdirectory}" if self.subdirectory else ""
        if self.kind == "git":
            ref = f"@{self.ref}" if self.ref else ""
            return f"git+{self.location}{ref}{subdirectory}"
        if subdirectory and self.location.startswith("/"):
            return f"file://{quote(self.location)}{subdirectory}"
        return self.location + subdirectory

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "location": self.location,
            "subdirectory": self.subdirectory,
            "ref": self.ref,
            "requirement": self.requirement,
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin that can be chosen, with every source it was found in."""

    name: str
    summary: str = ""
    sources: tuple[PluginSource, ...] = ()
    documented: bool = False
    """Whether The Littlest JupyterHub's documentation lists it."""
    last_activity: date | None = None
    """Day of the last release or commit known."""
    topics: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    """Packages that it contributes, as far as the catalogue knows; for searching only."""
    latest: str | None = None
    stale: bool = False
    """Whether the facts from the network come from a cache that could not be revalidated."""
    stale_since: datetime | None = None
    origin: Origin = "catalogue"
    provenance: tuple[str, ...] = ()
    """Where the facts come from, for people."""

    @property
    def index_name(self) -> str | None:
        """Its project on the package index, if it is there."""
        return next((source.location for source in self.sources if source.kind == "index"), None)

    @property
    def requirement(self) -> str:
        """What to type for its preferred source: the first one."""
        return self.sources[0].requirement if self.sources else self.name

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "summary": self.summary,
            "sources": [source.to_dict() for source in self.sources],
            "documented": self.documented,
            "last_activity": _iso(self.last_activity),
            "topics": list(self.topics),
            "packages": list(self.packages),
            "latest": self.latest,
            "stale": self.stale,
            "stale_since": _iso(self.stale_since),
            "origin": self.origin,
            "provenance": list(self.provenance),
        }


@dataclass(frozen=True, slots=True)
class Release:
    """One version on an index, or one tag or branch of a git repository."""

    version: str
    date: datetime | None = None
    yanked: bool = False
    yanked_reason: str | None = None
    prerelease: bool = False
    requires_python: str | None = None
    incompatible: str | None = None
    """Why it cannot be installed here, in plain words; None if it can."""
    kind: ReleaseKind = "release"
    files: tuple[str, ...] = ()
    has_wheel: bool = False
    size: int | None = None
    """Bytes of the file that would be downloaded, where the index says so."""
    commit: str | None = None
    requirement: str = ""
    """What to type to have exactly this one."""
    stale_since: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "date": _iso(self.date),
            "yanked": self.yanked,
            "yanked_reason": self.yanked_reason,
            "prerelease": self.prerelease,
            "requires_python": self.requires_python,
            "incompatible": self.incompatible,
            "kind": self.kind,
            "files": list(self.files),
            "has_wheel": self.has_wheel,
            "size": self.size,
            "commit": self.commit,
            "requirement": self.requirement,
            "stale_since": _iso(self.stale_since),
        }


def _iso(moment: date | None) -> str | None:
    return moment.isoformat() if moment else None
