"""The plan: from answers, reports, resolution and facts to ordered actions. Pure."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tljh import spec as specs
from tljh.hooks import HOOKS, PACKAGE_HOOKS
from tljh.inspection.contributions import ConfigContribution, call_order, merge, owner_of
from tljh.inspection.report import PluginReport
from tljh.planning import actions
from tljh.planning.actions import Action, PluginArtifact
from tljh.planning.facts import Facts
from tljh.planning.pins import apt_name, conda_is_satisfied, is_applied
from tljh.planning.problems import problems
from tljh.planning.requirements import GROUPS, UNITS
from tljh.planning.resolve import user_arguments
from tljh.planning.types import Plan, Resolution, Withheld
from tljh.planning.wanted import Wanted, plugin_name, wanted
from tljh.spec import InstallSpec
from tljh.words import CERTAINTY_WORDS, OPERATION_SIGNS


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a plan is made from."""

    spec: InstallSpec
    reports: tuple[PluginReport, ...]
    artifacts: tuple[PluginArtifact, ...]
    resolution: Resolution
    facts: Facts
    traefik_requirement: str
    new_passwords: tuple[str, ...] = ()
    config_text: Callable[[Mapping[str, Any]], str] = repr
    """Turns settings into the text whose lines the diff compares."""

    @property
    def wanted(self) -> Wanted:
        return wanted(self.spec, self.reports, self.facts.applied)


def plan(inputs: Inputs) -> Plan:
    """Everything that would be done, in order, and what to know before approving it."""
    steps = list(_actions(inputs))
    return Plan(
        prefix=inputs.facts.prefix,
        spec=specs.to_dict(inputs.spec),
        actions=tuple(step for step in steps if isinstance(step, Action)),
        withheld=tuple(step for step in steps if isinstance(step, Withheld)),
        problems=problems(inputs.spec, inputs.reports, inputs.resolution, inputs.facts, inputs.wanted),
        facts=inputs.facts.digests(),
        address=address(inputs.spec, inputs.facts) if inputs.spec.scope == "server" else "",
    )


def local_address(spec: InstallSpec, facts: Facts) -> str:
    """Where this machine itself finds the hub."""
    config = effective(spec, facts)
    https = config.get("https", {})
    where = (https if https.get("enabled") else config.get("http", {})).get("address") or ""
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(where, where)
    return address(spec, facts, f"[{host}]" if ":" in host else host)


def address(spec: InstallSpec, facts: Facts, host: str = "HOST") -> str:
    """Where people will find the hub, `HOST` standing for the machine's name."""
    config = effective(spec, facts)
    https = config.get("https", {})
    secure = bool(https.get("enabled"))
    port = https.get("port", 443) if secure else config.get("http", {}).get("port", 80)
    standard = 443 if secure else 80
    where = host if port == standard else f"{host}:{port}"
    return f"{'https' if secure else 'http'}://{where}{config.get('base_url', '/')}"


def effective(spec: InstallSpec, facts: Facts) -> dict[str, Any]:
    """`config.yaml` with the answers' settings in it."""
    return _overlay(facts.config, spec.settings)


def _overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        present = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(present, Mapping)
        merged[key] = _overlay(present, value) if both and isinstance(present, Mapping) else value
    return merged


def _actions(inputs: Inputs) -> Iterator[Action | Withheld]:
    """In the order in which they are done."""
    yield from _passwords(inputs)
    before = [*_apt(inputs), *_hub(inputs), *_plugins(inputs), *_environment(inputs)]
    yield from before
    yield from _accounts(inputs)
    config = list(_config(inputs))
    yield from config
    moved = [step for step in (*before, *config) if isinstance(step, Action)]
    yield from _services(inputs, moved)
    users = (actions.SyncCondaEnvironment, actions.CreateUserVenv, actions.InstallUserPackages)
    if any(isinstance(action, (*users, actions.InstallLatePackages)) for action in moved):
        yield actions.CompileBytecode(owners=("TLJH",))
    yield from _code(inputs)


def _passwords(inputs: Inputs) -> Iterator[Action]:
    """First of all: they are kept nowhere else, and a run that fails later must not lose them."""
    if inputs.new_passwords:
        yield actions.SetPasswords(owners=("your answers",), users=inputs.new_passwords)


def _system(inputs: Inputs, action: Action) -> Action | Withheld:
    """An action that changes the server outside the prefix: withheld in folder scope."""
    if inputs.spec.scope == "folder":
        return Withheld(action.title, action.details(), "these answers keep to a folder")
    return action


def _apt(inputs: Inputs) -> Iterator[Action | Withheld]:
    asked = inputs.wanted.apt
    missing = tuple(p for p in asked.items if _apt_missing(p, inputs.facts))
    if missing:
        action = actions.InstallAptPackages(
            owners=asked.owners, packages=missing, changes=inputs.resolution.apt.changes
        )
        yield _system(inputs, action)


def _apt_missing(package: str, facts: Facts) -> bool:
    return apt_name(package) not in facts.apt_installed


def _hub(inputs: Inputs) -> Iterator[Action | Withheld]:
    hub = inputs.resolution.hub
    if hub.changes:
        yield actions.InstallHubPackages(owners=("TLJH",), pins=hub.pins, changes=hub.changes)
    if not inputs.facts.traefik_current:
        action = actions.InstallTraefik(owners=("TLJH",), requirement=inputs.traefik_requirement)
        yield _system(inputs, action)


def _plugins(inputs: Inputs) -> Iterator[Action]:
    new = tuple(artifact for artifact in inputs.artifacts if not is_applied(artifact, inputs.facts))
    resolution = inputs.resolution
    if new:
        names = tuple(artifact.name for artifact in new)
        reports = reports_of(inputs, names)
        pins = (*resolution.core, *resolution.plugins.pins)
        yield actions.InstallPlugins(owners=names, plugins=new, pins=pins, changes=resolution.plugins.changes)
        yield check(reports)
    if resolution.hub_extras.changes_something or (new and inputs.wanted.hub_extras.items):
        yield actions.InstallHubExtras(
            owners=inputs.wanted.hub_extras.owners,
            arguments=inputs.wanted.hub_extras.items,
            constraints=(*resolution.core, *resolution.plugins.pins, *resolution.hub_extras.pins),
            changes=resolution.hub_extras.changes,
        )


def check(reports: Sequence[PluginReport]) -> actions.CheckPlugins:
    """What was approved of these plugins, to be held against what they do once loaded."""
    expected = tuple(
        actions.ExpectedHook(
            plugin=plugin_name(report),
            hook=name,
            certainty=certainty(report, name),
            value=value(report, name),
        )
        for report in reports
        for name in PACKAGE_HOOKS
        if any(hook.hook == name for hook in report.hooks)
    )
    return actions.CheckPlugins(
        owners=tuple(plugin_name(report) for report in reports),
        plugins=tuple(plugin_name(report) for report in reports),
        expected=expected,
        implements={
            plugin_name(report): tuple(n for n in HOOKS if any(h.hook == n for h in report.hooks))
            for report in reports
        },
    )


def certainty(report: PluginReport, name: str) -> str:
    """Of one package hook of a plugin that may implement it several times: the least of them."""
    levels = {hook.certainty for hook in report.hooks if hook.hook == name}
    return next(level for level in ("opaque", "partial", "certain") if level in levels)


def value(report: PluginReport, name: str) -> tuple[str, ...] | None:
    """All known items of one package hook of a plugin, in the order of pluggy's calls; None if none is."""
    values = [call.implementation.value for call in call_order([report], name)]
    known = [items for items in values if items is not None]
    return tuple(str(item) for items in known for item in items) if known else None


def _environment(inputs: Inputs) -> Iterator[Action]:
    asked, resolution, facts = inputs.wanted, inputs.resolution, inputs.facts
    if inputs.spec.user_environment.manager == "uv":
        if facts.user_manager is None:
            yield actions.CreateUserVenv(owners=("TLJH",), python=facts.python_version)
    elif asked.conda.items and not conda_is_satisfied(asked.conda.items, facts):
        yield actions.SyncCondaEnvironment(
            owners=asked.conda.owners,
            channels=asked.channels.items,
            specs=asked.conda.items,
            changes=resolution.conda.changes,
        )
    if resolution.user_pip.changes_something:
        yield actions.InstallUserPackages(
            owners=asked.user_pip.owners,
            arguments=user_arguments(asked, resolution.jupyterhub, inputs.spec),
            pins=resolution.user_pip.pins,
            changes=resolution.user_pip.changes,
        )
    if asked.unknown:
        yield actions.InstallLatePackages(
            owners=tuple(dict.fromkeys(hook.plugin for hook in asked.unknown)),
            hooks=tuple((hook.plugin, hook.hook) for hook in asked.unknown),
            channels=asked.channels.items,
            hub_constraints=(*resolution.core, *resolution.plugins.pins),
        )


def _accounts(inputs: Inputs) -> Iterator[Action | Withheld]:
    missing = tuple(group for group in GROUPS if group not in inputs.facts.groups)
    if missing or not inputs.facts.sudoers_ok:
        action = actions.EnsureAccounts(owners=("TLJH",), groups=missing, sudoers=not inputs.facts.sudoers_ok)
        yield _system(inputs, action)


def _config(inputs: Inputs) -> Iterator[Action]:
    facts, spec = inputs.facts, inputs.spec
    new_config = effective(spec, facts)
    present = facts.config.get("users", {}).get("admin") or []
    admins = tuple(name for name in spec.admins if name not in present)
    hooks = tuple(
        plugin_name(report)
        for report in callees(inputs.reports, "tljh_config_post_install")
        if not _done(report, facts, "config_done")
    )
    if new_config != dict(facts.config) or admins or hooks:
        if admins:
            new_config = _overlay(new_config, {"users": {"admin": [*present, *admins]}})
        yield actions.WriteConfig(
            owners=(("your answers",) if spec.settings or admins else ()) + hooks,
            settings=spec.settings,
            admins=admins,
            hooks=hooks,
            read=tuple(_setting_words(entry) for entry in merge(reports_of(inputs, hooks)).tljh_config),
            diff=_diff(inputs.config_text(facts.config), inputs.config_text(new_config)),
        )


def reports_of(inputs: Inputs, names: Sequence[str]) -> list[PluginReport]:
    return [report for report in inputs.reports if plugin_name(report) in names]


def _setting_words(entry: ConfigContribution) -> str:
    """`  limits.memory = (if not set) "1G"`, and how sure it is."""
    if entry.operation == "delete":
        return f"  {entry.key} is removed"
    sure = "" if entry.certainty == "certain" else f"  [{CERTAINTY_WORDS[entry.certainty]}]"
    shown = json.dumps(entry.value, ensure_ascii=False) if entry.certainty != "opaque" else "(unknown)"
    return f"  {entry.key} {OPERATION_SIGNS[entry.operation]} {shown}{sure}"


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def callees(reports: Sequence[PluginReport], hook: str) -> list[PluginReport]:
    """Plugins that implement a hook, in the order in which pluggy calls them."""
    by_owner = {owner_of(report): report for report in reports}
    return [by_owner[owner] for owner in dict.fromkeys(call.owner for call in call_order(reports, hook))]


def _done(report: PluginReport, facts: Facts, what: str) -> bool:
    before = facts.applied.get(plugin_name(report))
    return before is not None and before.sha256 == report.source.sha256 and bool(getattr(before, what))


def _services(inputs: Inputs, moved: Sequence[Action]) -> Iterator[Action | Withheld]:
    facts = inputs.facts
    changed = facts.restart_needed or any(isinstance(action, actions.FOR_THE_HUB) for action in moved)
    if facts.units_current and facts.services_active and not changed:
        return
    reason = "what the hub runs with changed" if facts.services_active else "they are not running"
    yield _system(inputs, actions.StartServices(owners=("TLJH",), units=UNITS, reason=reason))
    if inputs.spec.scope == "server":
        yield actions.CheckHealth(owners=("TLJH",), url=local_address(inputs.spec, facts))


def _code(inputs: Inputs) -> Iterator[Action | Withheld]:
    waiting = tuple(
        plugin_name(report)
        for report in callees(inputs.reports, "tljh_post_install")
        if not _done(report, inputs.facts, "post_install_done")
    )
    if not waiting:
        return
    action = actions.RunPostInstall(owners=waiting, plugins=waiting)
    if inputs.spec.scope == "folder" and not inputs.facts.can_confine:
        yield Withheld(
            action.title,
            action.details(),
            "bubblewrap, which would keep it inside the folder, is not installed",
        )
    else:
        yield action
