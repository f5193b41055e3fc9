"""What plugins will do, hook by hook: one plugin, or all chosen ones together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tljh_wizard.describe.plugins import effect_words, is_risky, setting_words
from tljh_wizard.describe.wording import (
    HOOK_WORDS,
    ROOT_HOOKS,
    certainty_word,
    clean,
    order,
    plural,
    value,
)
from tljh_wizard.rows import BLANK, Row, accent, dim, fit, line, paragraph, strong, warn

if TYPE_CHECKING:
    from tljh.inspection.conflicts import Conflict
    from tljh.inspection.contributions import Contributions
    from tljh.inspection.report import Effect, HookImplementation, PluginReport

STATUS_WORDS = {
    "no-entry-point": "It registers no plugin: no entry point in the group tljh.",
    "unresolvable-entry-point": "Its entry point names a module that it does not contain.",
    "module-syntax-error": "Its module has a syntax error.",
    "setup-syntax-error": "Its setup file has a syntax error.",
    "not-a-plugin": "It is not a plugin for The Littlest JupyterHub.",
    "unreadable": "It cannot be read.",
}
MERGED = (
    ("apt", "Server packages (apt)"),
    ("hub_pip", "Hub packages (pip)"),
    ("user_conda_channels", "Conda channels"),
    ("user_conda", "Packages for everyone (conda)"),
    ("user_pip", "Packages for everyone (pip)"),
)


def group(key: str, title: str, right: str, folded: bool) -> Row:
    """The head of a part that can be folded."""
    return Row(line(dim("▸ " if folded else "▾ "), strong(title)), line(dim(right)), key=key)


def report_rows(report: PluginReport, folded: frozenset[str] = frozenset()) -> tuple[Row, ...]:
    """One plugin, hook by hook; `folded` holds the keys of the parts that are shut."""
    rows: list[Row] = []
    if report.status != "ok":
        rows += [paragraph(line(warn("! "), STATUS_WORDS.get(report.status, clean(report.status))), indent=2)]
    rows += _findings(report)
    if rows:
        rows.append(BLANK)
    for index, hook in sorted(enumerate(report.hooks), key=lambda pair: order(pair[1].hook)):
        key = f"hook:{index}"
        shut = key in folded
        title = HOOK_WORDS.get(hook.hook, clean(hook.hook))
        rows.append(group(key, title, _hook_right(hook), shut))
        if not shut:
            rows += _hook_rows(hook, key)
    if report.import_effects:
        key = "import"
        rows.append(
            group(key, "Done when the plugin is loaded", _count(report.import_effects), key in folded)
        )
        if key not in folded:
            rows += [_effect_row(effect, key) for effect in report.import_effects]
    return tuple(rows)


def _hook_right(hook: HookImplementation) -> str:
    count = f"{len(hook.value)} asked · " if hook.value is not None else ""
    return f"{count}{certainty_word(hook.certainty)}"


def _hook_rows(hook: HookImplementation, key: str) -> Iterator[Row]:
    where = f"{clean(hook.path)}:{hook.line}"
    name = line("    ", dim(clean(hook.hook)))
    yield Row(name, line(dim(where)), key=f"{key}:source")
    if hook.value:
        names = "  ".join(value(package) for package in hook.value)
        yield paragraph(line("    ", names), indent=4)
    elif hook.value is not None:
        yield Row(line("    ", dim("nothing")), selectable=False)
    for effect in hook.effects:
        yield _effect_row(effect, f"{key}:source")
    if hook.certainty != "certain":
        yield _unknown_row(hook)


def _unknown_row(hook: HookImplementation) -> Row:
    what = "There is more than could be read" if hook.certainty == "partial" else "It could not be read"
    unknown = f": {'; '.join(value(part, 70) for part in hook.unknown[:2])}" if hook.unknown else ""
    text = f"{what}{unknown}. s shows the source."
    return paragraph(line("  ", warn("! "), text), indent=4)


def _effect_row(effect: Effect, key: str) -> Row:
    mark = warn("  ! ") if is_risky(effect) else dim("    ")
    left = line(mark, dim(fit(str(effect.line or ""), 5)), effect_words(effect))
    certainty = certainty_word(effect.certainty)
    return Row(left, line(dim("" if certainty == "read" else certainty)), key=key)


def _count(effects: Sequence[Effect]) -> str:
    return plural(len(effects), "effect")


def _findings(report: PluginReport) -> Iterator[Row]:
    for finding in sorted(report.findings, key=lambda f: ("danger", "warning", "info").index(f.severity)):
        where = f"  {clean(finding.path)}:{finding.line}" if finding.path and finding.line else ""
        mark = dim("· ") if finding.severity == "info" else warn("! ")
        yield paragraph(line(mark, clean(finding.message), dim(where)), indent=2)


def merged_rows(
    contributions: Contributions, conflicts: Sequence[Conflict], folded: frozenset[str] = frozenset()
) -> tuple[Row, ...]:
    """All chosen plugins together, each thing with who asks for it."""
    rows = list(conflict_rows(conflicts))
    for attribute, title in MERGED:
        entries = getattr(contributions, attribute)
        if entries:
            rows.append(group(attribute, title, f"{len(entries)} asked", attribute in folded))
            if attribute not in folded:
                rows += [
                    Row(line("    ", clean(entry.package)), line(dim(_owners(entry.owners))), key=attribute)
                    for entry in entries
                ]
    rows += _merged_settings(contributions, folded)
    rows += _merged_code(contributions, folded)
    rows += _merged_unknown(contributions, folded)
    return tuple(rows) or (Row(line(dim("The chosen plugins contribute nothing that could be read."))),)


def conflict_rows(conflicts: Sequence[Conflict]) -> Iterator[Row]:
    """Where plugins contradict each other, before everything else."""
    for conflict in conflicts:
        who = f"  {_owners(conflict.plugins)}"
        yield paragraph(line(warn("! "), clean(conflict.message), dim(who)), indent=2)
    if conflicts:
        yield BLANK


def _owners(owners: Sequence[str]) -> str:
    return ", ".join(clean(owner) for owner in owners)


def _merged_settings(contributions: Contributions, folded: frozenset[str]) -> Iterator[Row]:
    config = [(e.key, e.operation, e.value, e.certainty, e.owner) for e in contributions.tljh_config]
    traits = [(e.target, e.operation, e.value, e.certainty, e.owner) for e in contributions.jupyterhub_config]
    for hook, entries in (("tljh_config_post_install", config), ("tljh_custom_jupyterhub_config", traits)):
        if not entries:
            continue
        yield group(hook, HOOK_WORDS[hook], plural(len(entries), "setting"), hook in folded)
        if hook in folded:
            continue
        for name, operation, thing, certainty, owner in entries:
            word = certainty_word(certainty)
            right = clean(owner) if word == "read" else f"{clean(owner)} · {word}"
            left = line("    ", setting_words(name, operation, thing, certainty))
            yield Row(left, line(dim(right)), key=hook)


def _merged_code(contributions: Contributions, folded: frozenset[str]) -> Iterator[Row]:
    for hook in ROOT_HOOKS:
        entries = [entry for entry in contributions.code if entry.hook == hook]
        if not entries:
            continue
        yield group(hook, HOOK_WORDS[hook], plural(len(entries), "plugin"), hook in folded)
        if hook in folded:
            continue
        for entry in entries:
            yield Row(line("    ", accent(clean(entry.owner))), line(dim(_count(entry.effects))), key=hook)
            for effect in entry.effects:
                yield _effect_row(effect, hook)


def _merged_unknown(contributions: Contributions, folded: frozenset[str]) -> Iterator[Row]:
    if not contributions.unknown:
        return
    count = plural(len(contributions.unknown), "hook")
    yield group("unknown", "Not known before it runs", count, "unknown" in folded)
    if "unknown" in folded:
        return
    for entry in contributions.unknown:
        text = f"{HOOK_WORDS.get(entry.hook, clean(entry.hook))}: {clean(entry.reason)}"
        yield paragraph(line("  ", warn("! "), text, dim(f"  {clean(entry.owner)}")), indent=4)


def source_rows(hook: HookImplementation) -> tuple[Row, ...]:
    """The source of one hook with line numbers."""
    risky = {effect.line for effect in hook.effects if is_risky(effect)}
    rows = []
    for number, text in enumerate(clean(hook.source, keep_newlines=True).splitlines(), hook.line):
        mark = warn("! ") if number in risky else dim("  ")
        rows.append(paragraph(line(mark, dim(f"{number:>4}  "), text), indent=12))
    return tuple(rows)


def certainty_summary(report: PluginReport) -> str:
    """`4 of 5 contributions read from source.`"""
    if not report.hooks:
        return "It contributes nothing."
    read = sum(hook.certainty == "certain" for hook in report.hooks)
    return f"{read} of {plural(len(report.hooks), 'contribution')} read from source."
