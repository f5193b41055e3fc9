"""Ranked, fuzzy search over candidates, and what the package index adds to one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from tljh.discovery.candidates import Candidate, PluginSource
from tljh.discovery.catalogue import normalized

if TYPE_CHECKING:
    from packaging.version import Version

    from tljh.discovery.index import Index

Field = Literal["name", "summary", "topics", "packages"]

GOOD_ENOUGH = 70.0
"""Score, of 100, from which a match is shown."""
_WEIGHTS: dict[Field, float] = {"name": 1.0, "packages": 0.95, "topics": 0.95, "summary": 0.9}
_PREFIX = "tljh-"


@dataclass(frozen=True, slots=True)
class Match:
    """A candidate that answers a search; `field` says where the words were found."""

    candidate: Candidate
    score: float
    field: Field

    def to_dict(self) -> dict[str, Any]:
        return {"score": round(self.score, 1), "field": self.field, **self.candidate.to_dict()}


def search(candidates: Iterable[Candidate], text: str) -> tuple[Match, ...]:
    """The candidates that match, best first; all of them, documented ones first, for an empty text.

    Every word of the text has to be found, in any field, as typed or misspelt a little.
    """
    words = text.casefold().split()
    if not words:
        matches = [Match(candidate, 100.0, "name") for candidate in candidates]
    else:
        matches = [match for candidate in candidates if (match := _match(candidate, words))]
    return tuple(sorted(matches, key=_rank))


def nearest(name: str, candidates: Iterable[Candidate], limit: int = 3) -> tuple[str, ...]:
    """Names of candidates like a name that is unknown, the most like it first."""
    from rapidfuzz import fuzz, process

    names = {candidate.name: _bare(candidate.name) for candidate in candidates}
    found = process.extract(_bare(name), names, scorer=fuzz.WRatio, limit=limit, score_cutoff=65)
    return tuple(key for _, _, key in found)


async def enrich(candidate: Candidate, index: Index, *, python: Version) -> Candidate:
    """The candidate with latest version, day of the last release and summary, where the index has it.

    Raises NetworkError; a candidate without an index source, or that is gone from it, is returned as it is.
    """
    from tljh.discovery.releases import index_releases, newest

    name = candidate.index_name
    project = await index.project(name) if name else None
    if project is None:
        return candidate
    release = newest(index_releases(project, python))
    if release is None:
        return candidate
    day = release.date.date() if release.date else None
    days = [known for known in (candidate.last_activity, day) if known]
    summary = candidate.summary or await index.summary(project, release.version)
    return replace(
        candidate,
        latest=release.version,
        last_activity=max(days, default=None),
        summary=summary,
        stale=project.stale_since is not None,
        stale_since=project.stale_since,
        provenance=tuple(dict.fromkeys((*candidate.provenance, *project.indexes))),
    )


async def look_up(name: str, index: Index, *, python: Version) -> Candidate | None:
    """A project that is not in the catalogue, by its exact name; None if no index has it."""
    project = await index.project(name)
    if project is None or not project.files:
        return None
    source = PluginSource("index", project.name)
    return await enrich(Candidate(name=project.name, sources=(source,), origin="index"), index, python=python)


def _match(candidate: Candidate, words: list[str]) -> Match | None:
    fields: dict[Field, str] = {
        "name": normalized(candidate.name),
        "summary": candidate.summary.casefold(),
        "topics": " ".join(candidate.topics).casefold(),
        "packages": " ".join(candidate.packages).casefold(),
    }
    total, best_field, best = 0.0, "name", 0.0
    for word in words:
        scores = {field: _score(word, value) * _WEIGHTS[field] for field, value in fields.items() if value}
        field = max(scores, key=lambda key: scores[key])
        if scores[field] < GOOD_ENOUGH * _WEIGHTS[field]:
            return None
        total += scores[field]
        if scores[field] > best:
            best, best_field = scores[field], field
    return Match(candidate, total / len(words), best_field)  # type: ignore[arg-type]


def _score(word: str, value: str) -> float:
    """100 for the word itself, less for its beginning, within a word, and for a likeness."""
    from rapidfuzz import fuzz

    parts = value.replace(",", " ").replace(".", " ").split()
    pieces = {*parts, *(piece for part in parts for piece in part.split("-"))}
    wanted = normalized(word)
    if wanted == value or wanted == _bare(value) or _PREFIX + wanted == value:
        return 100.0
    if wanted in pieces:
        return 97.0
    if any(piece.startswith(wanted) for piece in pieces):
        return 92.0
    if len(wanted) >= 2 and wanted in value:
        return 85.0
    if len(wanted) < 4:
        return 0.0
    return max((fuzz.ratio(wanted, piece) for piece in pieces), default=0.0) * 0.9


def _rank(match: Match) -> tuple[float, bool, int, str]:
    candidate = match.candidate
    recency = candidate.last_activity.toordinal() if candidate.last_activity else 0
    return (-round(match.score), not candidate.documented, -recency, candidate.name)


def _bare(name: str) -> str:
    return normalized(name).removeprefix(_PREFIX)
