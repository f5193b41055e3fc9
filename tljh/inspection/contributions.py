"""What all chosen plugins contribute together, in the order in which pluggy would call them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

from packaging.utils import canonicalize_name

from tljh.hooks import CODE_HOOKS, PACKAGE_HOOKS
from tljh.inspection.plain import JSON, to_plain
from tljh.inspection.report import (
    Certainty,
    ConfigEffect,
    ConfigOperation,
    Effect,
    HookImplementation,
    PluginReport,
    TraitEffect,
    TraitOperation,
)


@dataclass(frozen=True, slots=True)
class PackageContribution:
    """A package (or channel, or pip option) and the plugins that ask for it."""

    package: str
    owners: tuple[str, ...] = field(metadata={"name": "from"})


@dataclass(frozen=True, slots=True)
class TraitContribution:
    """A change of JupyterHub's configuration and the plugin that makes it."""

    target: str
    operation: TraitOperation
    value: JSON
    certainty: Certainty
    owner: str = field(metadata={"name": "from"})


@dataclass(frozen=True, slots=True)
class ConfigContribution:
    """A change of `config.yaml` and the plugin that makes it."""

    key: str
    operation: ConfigOperation
    value: JSON
    certainty: Certainty
    owner: str = field(metadata={"name": "from"})


@dataclass(frozen=True, slots=True)
class CodeContribution:
    """A hook that runs code, with what is known of its effects on the machine."""

    hook: str
    owner: str = field(metadata={"name": "from"})
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class UnknownContribution:
    """A hook of which not everything is known before it runs."""

    hook: str
    owner: str = field(metadata={"name": "from"})
    reason: str


@dataclass(frozen=True, slots=True)
class Contributions:
    """Everything that the plugins contribute, each item with its owners."""

    apt: tuple[PackageContribution, ...] = ()
    hub_pip: tuple[PackageContribution, ...] = ()
    user_conda: tuple[PackageContribution, ...] = ()
    user_conda_channels: tuple[PackageContribution, ...] = ()
    user_pip: tuple[PackageContribution, ...] = ()
    jupyterhub_config: tuple[TraitContribution, ...] = ()
    tljh_config: tuple[ConfigContribution, ...] = ()
    code: tuple[CodeContribution, ...] = ()
    unknown: tuple[UnknownContribution, ...] = ()

    def to_dict(self) -> dict[str, JSON]:
        """The object `contributions` of DESIGN section 5."""
        return cast("dict[str, JSON]", to_plain(self))


@dataclass(frozen=True, slots=True)
class Call:
    """One implementation of a hook, as pluggy would call it, and the plugin's name."""

    owner: str
    implementation: HookImplementation


PIP_HOOKS = frozenset({"tljh_extra_hub_pip_packages", "tljh_extra_user_pip_packages"})
PIP_OPTIONS_WITH_VALUE = frozenset(
    {
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "-c",
        "--constraint",
        "-r",
        "--requirement",
        "-e",
        "--editable",
        "--no-binary",
        "--only-binary",
        "--trusted-host",
        "--use-feature",
    }
)
"""Pip options whose value may be the next item of the list: the two stay together."""


def owner_of(report: PluginReport) -> str:
    """The name that a plugin's contributions are listed under."""
    return report.name or report.requirement


def call_order(reports: Sequence[PluginReport], hook: str) -> tuple[Call, ...]:
    """The implementations of a hook in the order in which pluggy calls them.

    Plugins are registered sorted by distribution name and entry-point name. Pluggy calls wrappers first,
    then `tryfirst`, then the rest, then `trylast`, and among equals the one that was registered last.
    """
    calls = [
        Call(owner_of(report), implementation)
        for report in sorted(reports, key=lambda r: canonicalize_name(owner_of(r)))
        for implementation in sorted(report.hooks, key=lambda i: (i.entry_point, i.function))
        if implementation.hook == hook
    ]
    last: list[Call] = []
    plain: list[Call] = []
    first: list[Call] = []
    wrappers: tuple[list[Call], list[Call], list[Call]] = ([], [], [])
    for call in calls:
        options = call.implementation.options
        groups = wrappers if options.hookwrapper or options.wrapper else (last, plain, first)
        if options.trylast:
            groups[0].insert(0, call)
        elif options.tryfirst:
            groups[2].append(call)
        else:
            groups[1].append(call)
    ordered = [*last, *plain, *first, *wrappers[0], *wrappers[1], *wrappers[2]]
    return tuple(reversed(ordered))


def merge(reports: Sequence[PluginReport]) -> Contributions:
    """All contributions in pluggy's call order, without duplicates, each with its owners."""
    unknown: list[UnknownContribution] = []
    packages = {hook: _packages(call_order(reports, hook), unknown) for hook in PACKAGE_HOOKS}
    code = [call for hook in CODE_HOOKS for call in call_order(reports, hook)]
    traits: list[TraitContribution] = []
    settings: list[ConfigContribution] = []
    programs: list[CodeContribution] = []
    for call in code:
        hook, owner = call.implementation.hook, call.owner
        host: list[Effect] = []
        for effect in call.implementation.effects:
            if isinstance(effect, TraitEffect):
                traits.append(
                    TraitContribution(effect.target, effect.operation, effect.value, effect.certainty, owner)
                )
            elif isinstance(effect, ConfigEffect):
                settings.append(
                    ConfigContribution(effect.key, effect.operation, effect.value, effect.certainty, owner)
                )
            else:
                host.append(effect)
        if host or hook in ("tljh_post_install", "tljh_new_user_create"):
            programs.append(CodeContribution(hook, owner, tuple(host)))
        _note_unknown(call, unknown)
    for hook in PACKAGE_HOOKS:
        for call in call_order(reports, hook):
            if call.implementation.effects:
                programs.append(CodeContribution(hook, call.owner, call.implementation.effects))
    return Contributions(
        apt=packages["tljh_extra_apt_packages"],
        hub_pip=packages["tljh_extra_hub_pip_packages"],
        user_conda=packages["tljh_extra_user_conda_packages"],
        user_conda_channels=packages["tljh_extra_user_conda_channels"],
        user_pip=packages["tljh_extra_user_pip_packages"],
        jupyterhub_config=tuple(traits),
        tljh_config=tuple(settings),
        code=tuple(programs),
        unknown=tuple(unknown),
    )


def _note_unknown(call: Call, unknown: list[UnknownContribution]) -> None:
    implementation = call.implementation
    options = implementation.options
    if options.hookwrapper or options.wrapper:
        reason = "it wraps the other plugins' hooks and can change what they return"
    elif implementation.certainty != "certain":
        reason = "; ".join(implementation.unknown) or "its code could not be followed"
    else:
        return
    unknown.append(UnknownContribution(implementation.hook, call.owner, reason))


def _packages(calls: Iterable[Call], unknown: list[UnknownContribution]) -> tuple[PackageContribution, ...]:
    owners: dict[str, list[str]] = {}
    order: list[str] = []
    for call in calls:
        _note_unknown(call, unknown)
        if call.implementation.options.hookwrapper or call.implementation.options.wrapper:
            continue
        items = [item for item in call.implementation.value or () if isinstance(item, str)]
        for group in _groups(items) if call.implementation.hook in PIP_HOOKS else [(item,) for item in items]:
            key = "\0".join(group)
            if key not in owners:
                owners[key] = []
                order.append(key)
            if call.owner not in owners[key]:
                owners[key].append(call.owner)
    return tuple(PackageContribution(word, tuple(owners[key])) for key in order for word in key.split("\0"))


def _groups(items: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """Pip arguments, with an option and its value as one group."""
    rest = iter(items)
    for item in rest:
        if item in PIP_OPTIONS_WITH_VALUE:
            value = next(rest, None)
            yield (item,) if value is None else (item, value)
        else:
            yield (item,)
