"""Plugins as found: the list, the details of one, its versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tljh_wizard.describe.wording import (
    OPERATION_SIGNS,
    ROOT_HOOKS,
    SHORT_WORDS,
    certainty_word,
    clean,
    day,
    listing,
    order,
    plural,
    size,
    value,
)
from tljh_wizard.rows import BLANK, Line, Row, accent, dim, fit, line, paragraph, strong, warn

if TYPE_CHECKING:
    from tljh.discovery.candidates import Candidate, Release
    from tljh.inspection.report import Effect, HookImplementation, PluginReport
    from tljh_wizard.store import WizardState

NAME, VERSION, LABEL = 22, 10, 15
DETAIL_WORDS = (
    ("For everyone", ("tljh_extra_user_conda_packages", "tljh_extra_user_pip_packages")),
    ("Server", ("tljh_extra_apt_packages",)),
    ("Hub", ("tljh_extra_hub_pip_packages",)),
    ("Settings", ("tljh_config_post_install", "tljh_custom_jupyterhub_config")),
    ("As root", ROOT_HOOKS),
)


def column_heads() -> Row:
    text = "    " + fit("Plugin", NAME) + fit("Version", VERSION) + "Brings"
    return Row(line(dim(text)), line(dim("Root code")), selectable=False)


def result_rows(state: WizardState) -> tuple[Row, ...]:
    """One row for each plugin that matches, the best match first."""
    rows = tuple(_result(state, state.candidate(name)) for name in state.results)
    if rows or not state.candidates:
        return rows or (Row(line(dim("Reading the catalogue …")), selectable=False),)
    text = clean(state.query)
    return (
        paragraph(f"Nothing in the catalogue matches “{text}”."),
        BLANK,
        Row(line(f"Look for “{text}” on the package index"), line(dim("Enter")), key="lookup:"),
    )


def _result(state: WizardState, candidate: Candidate) -> Row:
    chosen = state.chosen_as(candidate.name)
    report = state.report_of(candidate.name)
    version = (chosen.version if chosen else None) or (report.version if report else None)
    shown = clean(version or candidate.latest or "–")
    mark = accent("[x] ") if chosen else "[ ] "
    name = fit(clean(candidate.name), NAME - 1) + " "
    left = line(mark, strong(name) if chosen else name, fit(shown, VERSION - 1) + " ")
    if report is None:
        return Row((*left, *_unread(state, candidate)), key=candidate.name)
    return Row((*left, *_brings(report)), _root_code(report), key=candidate.name)


def _unread(state: WizardState, candidate: Candidate) -> Line:
    requirement = state.requirement_of(candidate.name)
    if requirement in state.reading:
        return line(dim("reading …"))
    if requirement in state.unreadable:
        return line(warn("! cannot be read now"))
    return line(dim(clean(candidate.summary)))


def _brings(report: PluginReport) -> Line:
    if report.status != "ok":
        return line(warn("! not usable as a plugin"))
    counts: Counter[str] = Counter()
    unknown = False
    for hook in report.hooks:
        if hook.hook in SHORT_WORDS and hook.value is not None:
            counts[SHORT_WORDS[hook.hook]] += len(hook.value)
        elif hook.hook in SHORT_WORDS:
            unknown = True
        elif hook.hook not in ROOT_HOOKS:
            counts["settings"] += sum(effect.kind in ("trait", "config") for effect in hook.effects)
    parts = [f"{count} {_one(word, count)}" for word, count in counts.items() if count]
    if unknown:
        parts.append("some unknown")
    return line(" · ".join(parts) or "–")


def _one(word: str, count: int) -> str:
    return "setting" if word == "settings" and count == 1 else word


def _root_code(report: PluginReport) -> Line:
    hooks = [hook for hook in report.hooks if hook.hook in ROOT_HOOKS]
    if not hooks:
        return line(dim("–"))
    lines = sum(hook.end_line - hook.line + 1 for hook in hooks)
    risky = any(is_risky(effect) for hook in hooks for effect in hook.effects)
    return line(plural(lines, "line"), warn(" !") if risky else "  ")


def detail_rows(state: WizardState, name: str, room: int = 8) -> tuple[Row, ...]:
    """What is known of one plugin, in `room` lines or so; the README begins where there is more."""
    if not name or not state.has_candidate(name):
        return ()
    candidate = state.candidate(name)
    report = state.report_of(name)
    version = (report.version if report else None) or candidate.latest or ""
    rows = [
        Row(
            line(strong(clean(f"{candidate.name} {version}".rstrip())), dim("   "), clean(candidate.summary))
        ),
        Row(line(dim(_provenance(candidate, report)))),
    ]
    if report is not None:
        rows += [*_troubles(report), *_contributions(report), _sources(candidate)]
        excerpt = _excerpt(report)[: max(0, room - len(rows) - 1)]
        return (*rows, BLANK, *excerpt) if excerpt else tuple(rows)
    requirement = state.requirement_of(name)
    if trouble := state.unreadable.get(requirement):
        rows += [paragraph(line(warn("! "), clean(trouble.message)), indent=2)]
        rows += [paragraph(line(dim("  " + clean(trouble.hint))), indent=2)] if trouble.hint else []
    elif requirement in state.reading:
        rows.append(Row(line(dim("Reading what it contributes; nothing of it is run …"))))
    else:
        rows.append(Row(line(dim("Enter reads what it contributes; nothing of it is run."))))
    return tuple(rows)


def _sources(candidate: Candidate) -> Row:
    places = [clean(source.requirement) for source in candidate.sources]
    return Row(line(dim(fit("From", LABEL)), dim(" · ".join(places) or "typed in")))


def _excerpt(report: PluginReport) -> list[Row]:
    """The README's first words, headings and pictures left out."""
    lines = clean(report.readme, keep_newlines=True).splitlines()
    told = [
        text
        for text in lines
        if text.strip() and not text.lstrip().startswith(("#", "!", "[!", "=", "<", "-"))
    ]
    return [Row(line(text)) for text in told]


def _provenance(candidate: Candidate, report: PluginReport | None) -> str:
    places = {"index": "index", "git": "git", "directory": "folder"}
    kinds = dict.fromkeys(places.get(source.kind, source.kind) for source in candidate.sources)
    parts = [" and ".join(kinds) or "typed in"]
    if candidate.last_activity:
        parts.append(day(candidate.last_activity))
    if report is not None and report.license not in ("", "UNKNOWN"):
        parts.append(clean(report.license.strip().partition("\n")[0])[:24])
    if report is not None and report.requires_python:
        parts.append(f"Python {clean(report.requires_python)}")
    if candidate.documented:
        parts.append("in TLJH's docs")
    if candidate.stale:
        since = f" since {day(candidate.stale_since)}" if candidate.stale_since else ""
        parts.append(f"not checked{since}: no network")
    text = " · ".join(parts)
    return text[:1].upper() + text[1:]


def _contributions(report: PluginReport) -> Iterator[Row]:
    for label, hooks in DETAIL_WORDS:
        found = [hook for hook in report.hooks if hook.hook in hooks]
        if found:
            worst = max(found, key=lambda hook: ("certain", "partial", "opaque").index(hook.certainty))
            text = _summary(found)
            risk = warn("! ") if _risky(found) else ""
            yield Row(line(dim(fit(label, LABEL)), risk, text), line(dim(certainty_word(worst.certainty))))


def _risky(hooks: Sequence[HookImplementation]) -> bool:
    return any(is_risky(effect) for hook in hooks for effect in hook.effects)


def _summary(hooks: Sequence[HookImplementation]) -> str:
    packages = [value(package) for hook in hooks for package in hook.value or ()]
    if packages:
        return listing(packages)
    effects = [effect for hook in sorted(hooks, key=lambda h: order(h.hook)) for effect in hook.effects]
    if not effects:
        return "only its source can be shown" if any(h.certainty == "opaque" for h in hooks) else "nothing"
    words = [effect_words(effect) for effect in sorted(effects, key=lambda e: e.certainty != "certain")]
    return listing(words, shown=2)


def effect_words(effect: Effect) -> str:
    """An effect of a code hook in a few words."""
    if effect.kind == "trait":
        return setting_words(effect.target, effect.operation, effect.value, effect.certainty)
    if effect.kind == "config":
        return setting_words(effect.key, effect.operation, effect.value, effect.certainty)
    return clean(effect.what)


def setting_words(name: str, operation: str, thing: object, certainty: str) -> str:
    """`limits.memory = 2G`; a value that could not be read is said to be unknown."""
    if operation == "delete":
        return f"{clean(name)} removed"
    shown = "(unknown)" if certainty == "opaque" else value(thing, 40)
    return f"{clean(name)} {OPERATION_SIGNS.get(operation, operation)} {shown}"


def is_risky(effect: Effect) -> bool:
    """Whether an effect deserves a look."""
    return effect.kind not in ("trait", "config") and getattr(effect, "risk", "low") == "high"


def _troubles(report: PluginReport) -> Iterator[Row]:
    for finding in report.findings:
        if finding.severity != "info":
            yield paragraph(line(warn("! "), clean(finding.message)), indent=2)


def readme_rows(report: PluginReport) -> tuple[Row, ...]:
    """The README as text."""
    if not report.readme:
        return (Row(line(dim("It comes without a README."))),)
    text = clean(report.readme, keep_newlines=True)
    return tuple(paragraph(part, selectable=True) if part else BLANK for part in text.splitlines())


def version_rows(releases: Sequence[Release], current: str | None) -> tuple[Row, ...]:
    """Newest first, with what speaks against each."""
    rows = []
    for release in releases:
        mark = accent("● ") if release.version == current else "  "
        stable = not (release.yanked or release.incompatible or release.prerelease)
        left = line(mark, fit(clean(release.version), 15) + " ", dim(fit(day(release.date), 12)))
        right = size(release.size) if release.size else ("" if release.kind == "release" else release.kind)
        if stable:
            rows.append(Row(left, line(dim(right)), key=release.version))
        else:
            rows.append(Row((*left, *_marks(release)), key=release.version, wrap=True, indent=32))
    return tuple(rows)


def _marks(release: Release) -> Line:
    marks: list[str] = []
    if release.incompatible:
        marks.append(f"not for this server: {clean(release.incompatible)}")
    if release.yanked:
        reason = f": {clean(release.yanked_reason)}" if release.yanked_reason else ""
        marks.append(f"withdrawn by its author{reason}")
    if not marks:
        return line(dim("pre-release"))
    if release.prerelease:
        marks.append("pre-release")
    return line(warn("! "), " · ".join(marks))
