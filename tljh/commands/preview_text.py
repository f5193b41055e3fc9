"""The preview as plain text: each plugin hook by hook, then all together if there are several."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from tljh.inspection.conflicts import Conflict
from tljh.inspection.contributions import Contributions
from tljh.inspection.report import (
    ConfigEffect,
    Effect,
    HookImplementation,
    HostEffect,
    PluginReport,
    TraitEffect,
)
from tljh.words import CERTAINTY_WORDS, HOOK_WORDS, OPERATION_SIGNS

VALUE_WIDTH = 70


def preview_lines(
    reports: Sequence[PluginReport], contributions: Contributions, conflicts: Sequence[Conflict]
) -> Iterator[str]:
    """Everything that is known, for people."""
    for report in reports:
        yield from _plugin(report)
        yield ""
    if len(reports) > 1:
        yield from _merged(contributions)
        yield ""
    for conflict in conflicts:
        yield f"! {conflict.message}"
    read = sum(hook.certainty == "certain" for report in reports for hook in report.hooks)
    total = sum(len(report.hooks) for report in reports)
    yield f"Nothing has been run. {read} of {total} contributions were read in full."


def _plugin(report: PluginReport) -> Iterator[str]:
    yield f"{report.name or report.requirement} {report.version or ''}".rstrip()
    if report.summary:
        yield f"  {report.summary}"
    yield f"  from {report.source.location}"
    if report.source.sha256:
        yield f"  sha256 {report.source.sha256}"
    for finding in report.findings:
        where = f" ({finding.path}:{finding.line})" if finding.path and finding.line else ""
        yield f"  {'·' if finding.severity == 'info' else '!'} {finding.message}{where}"
    order = list(HOOK_WORDS)
    for hook in sorted(report.hooks, key=lambda hook: order.index(hook.hook)):
        yield from _hook(hook)
    if report.import_effects:
        yield ""
        yield "  Merely loading the plugin"
        yield from map(_effect, report.import_effects)


def _hook(hook: HookImplementation) -> Iterator[str]:
    yield ""
    yield f"  {HOOK_WORDS[hook.hook]}  [{CERTAINTY_WORDS[hook.certainty]}]"
    yield f"    {hook.hook}  {hook.path}:{hook.line}"
    if hook.value is not None:
        yield f"    {', '.join(map(str, hook.value)) or 'nothing'}"
    yield from map(_effect, hook.effects)
    for reason in hook.unknown:
        yield f"    ? {reason}"
    if hook.certainty == "opaque":
        yield from (f"      | {line}" for line in hook.source.splitlines())


def _effect(effect: Effect) -> str:
    match effect:
        case TraitEffect():
            what = _setting(effect.target, effect.operation, effect.value, effect.certainty)
        case ConfigEffect():
            what = _setting(effect.key, effect.operation, effect.value, effect.certainty)
        case HostEffect():
            what = effect.what
    mark = "!" if isinstance(effect, HostEffect) and effect.risk == "high" else " "
    word = "" if effect.certainty == "certain" else f"  [{CERTAINTY_WORDS[effect.certainty]}]"
    return f"  {mark} {effect.line:>4}  {what}{word}"


def _setting(target: str, operation: str, value: object, certainty: str) -> str:
    if operation == "delete":
        return f"{target} is removed"
    shown = json.dumps(value, ensure_ascii=False) if certainty != "opaque" else "(unknown)"
    if len(shown) > VALUE_WIDTH:
        shown = f"{shown[: VALUE_WIDTH - 1]}…"
    return f"{target} {OPERATION_SIGNS.get(operation, operation)} {shown}"


def _merged(contributions: Contributions) -> Iterator[str]:
    yield "Together"
    groups = (
        ("tljh_extra_apt_packages", contributions.apt),
        ("tljh_extra_hub_pip_packages", contributions.hub_pip),
        ("tljh_extra_user_conda_channels", contributions.user_conda_channels),
        ("tljh_extra_user_conda_packages", contributions.user_conda),
        ("tljh_extra_user_pip_packages", contributions.user_pip),
    )
    for hook, entries in groups:
        if entries:
            yield f"  {HOOK_WORDS[hook]}"
            yield from (f"    {entry.package}  ({', '.join(entry.owners)})" for entry in entries)
    settings = [
        (_setting(e.key, e.operation, e.value, e.certainty), e.owner) for e in contributions.tljh_config
    ]
    settings += [
        (_setting(e.target, e.operation, e.value, e.certainty), e.owner)
        for e in contributions.jupyterhub_config
    ]
    if settings:
        yield "  Settings"
        yield from (f"    {what}  ({owner})" for what, owner in settings)
    for code in contributions.code:
        yield f"  {HOOK_WORDS[code.hook]}: {code.owner}"
