"""What cannot hold together, or overwrites what another one set, when plugins are applied together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tljh.inspection.contributions import Contributions, PackageContribution, call_order, owner_of
from tljh.inspection.report import PluginReport

KNOWN_SECTIONS = frozenset(
    {
        "auth",
        "users",
        "limits",
        "http",
        "https",
        "traefik_api",
        "user_environment",
        "services",
    }
)
"""Top-level keys of `config.yaml` that hold a whole section of settings."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something to look at before applying; the message says who wins where one does."""

    kind: str
    message: str
    plugins: tuple[str, ...]


def conflicts(reports: Sequence[PluginReport], contributions: Contributions) -> tuple[Conflict, ...]:
    """Every conflict that is plainly visible."""
    return (
        *_duplicate_plugins(reports),
        *_traits(contributions),
        *_settings(contributions),
        *_pins("hub_pip", contributions.hub_pip),
        *_pins("user_pip", contributions.user_pip),
        *_channels(reports),
    )


def _duplicate_plugins(reports: Sequence[PluginReport]) -> Iterable[Conflict]:
    by_name: dict[str, list[PluginReport]] = defaultdict(list)
    for report in reports:
        by_name[canonicalize_name(owner_of(report))].append(report)
    for name, same in by_name.items():
        if len(same) > 1:
            sources = " and ".join(report.requirement for report in same)
            yield Conflict(
                "same-distribution",
                f"{name} was chosen twice: {sources}. Only one can be installed.",
                tuple(report.requirement for report in same),
            )


def _traits(contributions: Contributions) -> Iterable[Conflict]:
    setters: dict[str, list[str]] = defaultdict(list)
    for effect in contributions.jupyterhub_config:
        if effect.operation == "set":
            setters[effect.target].append(effect.owner)
        if effect.target == "c.JupyterHub.services" and effect.operation in ("set", "delete"):
            yield Conflict(
                "services-replaced",
                f"{effect.owner} replaces c.JupyterHub.services: the service that stops idle servers, "
                "and services of other plugins called before it, are lost.",
                (effect.owner,),
            )
    for target, owners in setters.items():
        distinct = tuple(dict.fromkeys(owners))
        if len(distinct) > 1:
            yield Conflict(
                "same-trait",
                f"{target} is set by {_and(distinct)}. {owners[-1]} is called last and wins.",
                distinct,
            )


def _settings(contributions: Contributions) -> Iterable[Conflict]:
    setters: dict[str, list[str]] = defaultdict(list)
    for effect in contributions.tljh_config:
        if effect.operation == "set":
            setters[effect.key].append(effect.owner)
        if effect.key in KNOWN_SECTIONS and effect.operation in ("set", "delete"):
            verb = "replaces" if effect.operation == "set" else "removes"
            yield Conflict(
                "section-replaced",
                f"{effect.owner} {verb} the whole section {effect.key} of config.yaml: "
                "other settings in it are lost.",
                (effect.owner,),
            )
        if "." not in effect.key and effect.key not in KNOWN_SECTIONS | {"base_url", ""}:
            yield Conflict(
                "unknown-setting",
                f"{effect.owner} changes {effect.key} in config.yaml, a key that TLJH does not know.",
                (effect.owner,),
            )
    for key, owners in setters.items():
        distinct = tuple(dict.fromkeys(owners))
        if len(distinct) > 1:
            yield Conflict(
                "same-setting",
                f"{key} in config.yaml is set by {_and(distinct)}. {owners[-1]} is called last and wins.",
                distinct,
            )
    yield from _nested(setters)


def _nested(setters: dict[str, list[str]]) -> Iterable[Conflict]:
    """One plugin sets a section, another a key in it."""
    for section, replacers in setters.items():
        for key, owners in setters.items():
            others = tuple(dict.fromkeys(owner for owner in owners if owner not in replacers))
            if key.startswith(f"{section}.") and others:
                plugins = (*dict.fromkeys(replacers), *others)
                yield Conflict(
                    "same-setting",
                    f"{replacers[-1]} sets {section} in config.yaml as a whole, "
                    f"{_and(others)} sets {key} in it.",
                    plugins,
                )


def _pins(which: str, packages: Sequence[PackageContribution]) -> Iterable[Conflict]:
    """Requirements of one package that no version that either names can satisfy."""
    by_name: dict[str, list[tuple[Requirement, PackageContribution]]] = defaultdict(list)
    for package in packages:
        try:
            requirement = Requirement(package.package)
        except InvalidRequirement:
            continue
        if requirement.marker is None:
            by_name[canonicalize_name(requirement.name)].append((requirement, package))
    for name, wanted in by_name.items():
        pinned = [
            (specifier.version, package)
            for requirement, package in wanted
            for specifier in requirement.specifier
            if specifier.operator == "==" and not specifier.version.endswith(".*")
        ]
        for requirement, package in wanted:
            for version, pinner in pinned:
                if not requirement.specifier.contains(version, prereleases=True):
                    plugins = tuple(dict.fromkeys((*pinner.owners, *package.owners)))
                    yield Conflict(
                        "pins",
                        f"{pinner.package} ({_and(pinner.owners)}) and {package.package} "
                        f"({_and(package.owners)}) cannot hold together: {name} in {which}.",
                        plugins,
                    )
                    break


def _channels(reports: Sequence[PluginReport]) -> Iterable[Conflict]:
    calls = call_order(reports, "tljh_extra_user_conda_channels")
    orders = [
        (call.owner, [item for item in call.implementation.value or () if isinstance(item, str)])
        for call in calls
    ]
    for index, (owner, channels) in enumerate(orders):
        for other, other_channels in orders[index + 1 :]:
            common = [channel for channel in channels if channel in other_channels]
            theirs = [channel for channel in other_channels if channel in channels]
            if common != theirs:
                yield Conflict(
                    "channel-order",
                    f"{owner} wants the channels {', '.join(common)} in this order, "
                    f"{other} {', '.join(theirs)}. {owner} is called first and its order is used.",
                    (owner, other),
                )


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
