"""The commands that look: search, show, versions, preview. None of them changes the machine."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator

from tljh.commands.output import note, print_json, print_lines, table
from tljh.discovery.candidates import Candidate, Release
from tljh.discovery.search import nearest
from tljh.discovery.search import search as ranked
from tljh.errors import NetworkError, NotFound, TljhError, UnusableArtifact
from tljh.inspection.report import PluginReport
from tljh.layout import Layout
from tljh.workflow import Workflow

ENRICHED = 12
"""How many of the first results are looked up on the index."""


def search(arguments: argparse.Namespace) -> int:
    """The catalogue, ranked; the first results enriched from the index."""
    workflow = Workflow(Layout.from_environment())
    text = " ".join(arguments.text)
    candidates = workflow.candidates()
    found = [match.candidate for match in ranked(candidates, text)] if text else list(candidates)
    if text and not arguments.offline:
        found = asyncio.run(_enriched(workflow, text, found))
    if arguments.json:
        print_json({"schema": "tljh.search/1", "text": text, "candidates": [c.to_dict() for c in found]})
    elif found:
        print_lines(
            table([_row(candidate) for candidate in found], ("Plugin", "Latest", "Activity", "Summary"))
        )
    if not found:
        raise NotFound(f"No plugin matches {text!r}.", _did_you_mean(text, candidates))
    return 0


async def _enriched(workflow: Workflow, text: str, found: list[Candidate]) -> list[Candidate]:
    """What the index knows of the first results, and the project of exactly this name.

    A project of the index that is not called `tljh-...` is shown only if nothing in the catalogue matches.
    """
    known = {candidate.name for candidate in found}
    exact = None
    if " " not in text and text not in known and (not found or text.lower().startswith("tljh")):
        try:
            exact = await workflow.lookup(text)
        except (TljhError, ValueError):
            exact = None
    first = found[:ENRICHED]
    results = await asyncio.gather(*map(workflow.enrich, first), return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    for failure in failures:
        if not isinstance(failure, TljhError):
            raise failure
    if failures or any(isinstance(r, Candidate) and r.stale for r in results):
        note("The index could not be asked: versions may be missing or out of date.")
    better = [b if isinstance(b, Candidate) else c for b, c in zip(results, first, strict=True)]
    return [*([exact] if exact else []), *better, *found[ENRICHED:]]


def _row(candidate: Candidate) -> tuple[str, str, str, str]:
    activity = candidate.last_activity.isoformat() if candidate.last_activity else ""
    return candidate.name, candidate.latest or "", activity, candidate.summary


def _did_you_mean(text: str, candidates: tuple[Candidate, ...]) -> str:
    names = nearest(text, candidates)
    return f"Near it: {', '.join(names)}." if names else "`tljh search` lists the whole catalogue."


def find(workflow: Workflow, text: str) -> Candidate:
    """The candidate of a name or address. Raises NotFound with the nearest names."""
    from packaging.utils import canonicalize_name

    for candidate in workflow.candidates():
        if canonicalize_name(candidate.name) == canonicalize_name(text):
            return candidate
    found = asyncio.run(workflow.lookup(text))
    if found is None:
        raise NotFound(f"There is no plugin {text}.", _did_you_mean(text, workflow.candidates()))
    return found


def show(arguments: argparse.Namespace) -> int:
    """What the catalogue and the index say of a plugin, what it contributes, and its README."""
    workflow = Workflow(Layout.from_environment())
    candidate = find(workflow, arguments.plugin)
    try:
        candidate = asyncio.run(workflow.enrich(candidate))
    except NetworkError as error:
        note(error.message)
    try:
        report = asyncio.run(workflow.inspect(candidate.requirement))
    except (NetworkError, UnusableArtifact) as error:
        note(f"Its contents cannot be read now: {error.message}")
        report = None
    if arguments.json:
        document = {"schema": "tljh.candidate/1", "candidate": candidate.to_dict(), "preview": None}
        print_json({**document, "preview": report.to_dict() if report else None})
    else:
        print_lines(_about(candidate, report))
    return 0


def _about(candidate: Candidate, report: PluginReport | None) -> Iterator[str]:
    version = report.version if report and report.version else candidate.latest
    yield f"{candidate.name} {version or ''}".rstrip()
    yield f"  {candidate.summary}"
    for source in candidate.sources:
        yield f"  source     {source.kind}: {source.requirement}"
    if candidate.last_activity:
        yield f"  activity   {candidate.last_activity.isoformat()}"
    if candidate.stale:
        yield "  stale      the network could not be asked"
    if report is None:
        return
    yield f"  python     {report.requires_python or 'any'}"
    yield f"  licence    {report.license or 'not stated'}"
    hooks = sorted({hook.hook for hook in report.hooks})
    yield f"  hooks      {', '.join(hooks) or 'none'}"
    if report.readme:
        yield ""
        yield from (f"  {line}" for line in report.readme.splitlines())


def versions(arguments: argparse.Namespace) -> int:
    """Every version, newest first, with what speaks against it."""
    workflow = Workflow(Layout.from_environment())
    candidate = find(workflow, arguments.plugin)
    releases = asyncio.run(workflow.releases(candidate))
    if arguments.json:
        found = [release.to_dict() for release in releases]
        print_json({"schema": "tljh.versions/1", "name": candidate.name, "versions": found})
        return 0
    if not releases:
        raise NotFound(
            f"{candidate.name} has no versions.", f"Preview it: tljh preview {candidate.requirement}"
        )
    rows = [(r.version, r.date.date().isoformat() if r.date else "", _marks(r)) for r in releases]
    print_lines(table(rows, ("Version", "Released", "")))
    since = next((release.stale_since for release in releases if release.stale_since), None)
    if since:
        note(f"The network could not be asked: as of {since:%Y-%m-%d %H:%M}.")
    return 0


def _marks(release: Release) -> str:
    marks: list[str] = [release.kind] if release.kind != "release" else []
    if release.yanked:
        marks.append(f"yanked: {release.yanked_reason}" if release.yanked_reason else "yanked")
    if release.prerelease:
        marks.append("pre-release")
    if release.incompatible:
        marks.append(release.incompatible)
    return "; ".join(marks)


def preview(arguments: argparse.Namespace) -> int:
    """What the plugins contribute, read from their source."""
    from tljh.commands.preview_text import preview_lines
    from tljh.inspection.preview import preview_document

    workflow = Workflow(Layout.from_environment())
    reports = asyncio.run(_inspect_all(workflow, arguments.requirements))
    if arguments.json:
        print_json(preview_document(reports))
    else:
        contributions, conflicts = workflow.merge(reports)
        print_lines(preview_lines(reports, contributions, conflicts))
    unusable = [report for report in reports if report.status != "ok"]
    if unusable:
        report = unusable[0]
        why = next((f.message for f in report.findings if f.severity == "danger"), report.status)
        note(f"tljh: {report.requirement} cannot be used as a plugin: {why}")
        note("  → Choose another version (`tljh versions NAME` lists them), or ask its authors.")
    return UnusableArtifact.exit_status if unusable else 0


async def _inspect_all(workflow: Workflow, requirements: list[str]) -> list[PluginReport]:
    return list(await asyncio.gather(*(workflow.inspect(text) for text in requirements)))
