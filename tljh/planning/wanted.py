"""What the answers and the plugins together ask each package manager for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.utils import canonicalize_name

from tljh.hooks import PACKAGE_HOOKS
from tljh.inspection.contributions import PackageContribution, merge
from tljh.inspection.report import HookImplementation, PluginReport
from tljh.planning.facts import AppliedPlugin
from tljh.planning.requirements import DEFAULT_CHANNELS, USER_REQUIREMENTS
from tljh.spec import InstallSpec

ANSWERS = "your answers"
TLJH = "TLJH"


@dataclass(frozen=True, slots=True)
class Asked:
    """Items for one package manager, in order, and who asked for them."""

    items: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnknownHook:
    """A package hook whose whole value could not be read."""

    plugin: str
    hook: str
    reason: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """One entry for each package manager; `unknown` is what will be known only after loading."""

    apt: Asked = Asked()
    hub_extras: Asked = Asked()
    channels: Asked = Asked()
    conda: Asked = Asked()
    user_pip: Asked = Asked()
    unknown: tuple[UnknownHook, ...] = ()


def wanted(
    spec: InstallSpec, reports: Sequence[PluginReport], applied: Mapping[str, AppliedPlugin]
) -> Wanted:
    """Merge the contributions of the plugins, in pluggy's order, with the answers.

    Only what is certain is asked for; the rest is what the loaded plugin says (`InstallLatePackages`).
    """
    known = [with_observed(report, applied) for report in reports]
    contributions = merge([only_certain(report) for report in known])
    environment = spec.user_environment
    files = tuple(f"-r {path}" for path in environment.requirements_files)
    channels = _asked(_answers(environment.channels), contributions.user_conda_channels)
    return Wanted(
        apt=_asked(contributions.apt),
        hub_extras=_arguments(contributions.hub_pip),
        channels=channels if channels.items else Asked(DEFAULT_CHANNELS, (TLJH,)),
        conda=_asked(_own(environment.base), contributions.user_conda, _answers(environment.conda_packages)),
        user_pip=_arguments(
            _own(USER_REQUIREMENTS if environment.jupyter else ()),
            contributions.user_pip,
            _answers((*environment.pip_packages, *files)),
        ),
        unknown=tuple(
            UnknownHook(plugin_name(report), hook.hook, _reason(hook))
            for report in known
            for hook in report.hooks
            if hook.hook in PACKAGE_HOOKS and hook.certainty != "certain"
        ),
    )


def plugin_name(report: PluginReport) -> str:
    """The normalised name of the distribution; what was typed where the source declares none."""
    return canonicalize_name(report.name) if report.name else report.requirement


def with_observed(report: PluginReport, applied: Mapping[str, AppliedPlugin]) -> PluginReport:
    """The report, certain of what this very artifact returned when an earlier run loaded it."""
    before = applied.get(plugin_name(report))
    if before is None or before.sha256 != report.source.sha256:
        return report
    seen = before.contributions

    def observed(hook: HookImplementation) -> HookImplementation:
        if hook.certainty == "certain" or hook.hook not in seen:
            return hook
        return replace(hook, value=tuple(seen[hook.hook]), certainty="certain", unknown=())

    return replace(report, hooks=tuple(observed(hook) for hook in report.hooks))


def only_certain(report: PluginReport) -> PluginReport:
    """The report without what its package hooks may or may not give."""

    def certain(hook: HookImplementation) -> HookImplementation:
        unsure = hook.hook in PACKAGE_HOOKS and hook.certainty != "certain"
        return replace(hook, value=None) if unsure else hook

    return replace(report, hooks=tuple(certain(hook) for hook in report.hooks))


def _reason(hook: HookImplementation) -> str:
    reason = "; ".join(hook.unknown) or "it could not be read"
    return f"{reason}; it may give {', '.join(map(str, hook.value))}" if hook.value else reason


def _own(items: Iterable[str]) -> tuple[PackageContribution, ...]:
    return tuple(PackageContribution(item, (TLJH,)) for item in items)


def _answers(items: Iterable[str]) -> tuple[PackageContribution, ...]:
    return tuple(PackageContribution(item, (ANSWERS,)) for item in items)


def _asked(*groups: Iterable[PackageContribution]) -> Asked:
    entries = [entry for group in groups for entry in group]
    return Asked(
        tuple(dict.fromkeys(entry.package for entry in entries)),
        tuple(dict.fromkeys(owner for entry in entries for owner in entry.owners)),
    )


def _arguments(*groups: Iterable[PackageContribution]) -> Asked:
    """As `_asked`, but every item stays: a pip option may stand several times, each with its value."""
    entries = [entry for group in groups for entry in group]
    return replace(_asked(entries), items=tuple(entry.package for entry in entries))
