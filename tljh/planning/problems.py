"""What a person must know before approving a plan, and what makes it impossible. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tljh.inspection.conflicts import conflicts
from tljh.inspection.contributions import merge
from tljh.inspection.report import PluginReport
from tljh.planning.facts import Facts
from tljh.planning.requirements import PORTS
from tljh.planning.types import Problem, Resolution, Resolved
from tljh.planning.wanted import Wanted, plugin_name
from tljh.settings.edit import lookup
from tljh.spec import InstallSpec
from tljh.text import size

FIRST_INSTALL_BYTES = 2_000_000_000
"""Free disk that a first installation needs: 0.7 GB were measured on disk, as much again in caches."""
LATER_BYTES = 300_000_000


def problems(
    spec: InstallSpec,
    reports: Sequence[PluginReport],
    resolution: Resolution,
    facts: Facts,
    wanted: Wanted,
) -> tuple[Problem, ...]:
    """Blocking ones first."""
    found = [
        *_machine(spec, facts),
        *_resolution(resolution),
        *_plugins(reports),
        *_manager(spec, facts, wanted),
        *_settings(spec, reports, facts),
        *_unknown(wanted),
        *_left_over(reports, facts),
    ]
    return tuple(sorted(found, key=lambda problem: not problem.blocking))


def _machine(spec: InstallSpec, facts: Facts) -> Iterator[Problem]:
    def blocking(kind: str, message: str, hint: str) -> Problem:
        return Problem(kind, message, hint, blocking=True)

    if spec.scope == "server":
        if not facts.is_root:
            yield blocking("no-root", "Applying this needs root.", "Run the same command with sudo.")
        if not facts.has_systemd:
            yield blocking(
                "no-systemd", "systemd does not run here, so the hub's services cannot be started.",
                "Use a server or virtual machine, not a container; to try it in a folder: "
                "python3 bootstrap.py --demo",
            )  # fmt: skip
        for port, program in sorted(facts.busy_ports.items()):
            key = port_setting(port, spec, facts)
            other = f", or choose another port: {key} in [settings] of tljh.toml" if key else ""
            yield blocking(
                "port-in-use", f"Port {port} is in use by {program}.", f"Stop that program{other}."
            )
    elif not facts.prefix_writable:
        yield blocking("not-writable", f"{facts.prefix} cannot be written.", "Choose another prefix.")
    if not facts.has_hub_environment:
        yield blocking(
            "no-hub-environment", f"There is no hub environment in {facts.prefix}.",
            "Make it with: sudo python3 bootstrap.py",
        )  # fmt: skip
    needed = LATER_BYTES if facts.user_manager else FIRST_INSTALL_BYTES
    if facts.free_disk < needed and spec.user_environment.jupyter:
        yield blocking(
            "disk", f"Only {size(facts.free_disk)} are free below {facts.prefix}; {size(needed)} are needed.",
            "Free some space, or make the disk larger.",
        )  # fmt: skip


def _resolution(resolution: Resolution) -> Iterator[Problem]:
    parts: tuple[tuple[str, Resolved], ...] = (
        ("The server packages", resolution.apt),
        ("The hub environment", resolution.hub),
        ("The plugins and the hub environment", resolution.plugins),
        ("The plugins' hub packages", resolution.hub_extras),
        ("The conda packages", resolution.conda),
        ("The pip packages for everyone", resolution.user_pip),
    )
    for what, part in parts:
        if part.error:
            hint = part.hint or "Leave out a plugin, or choose another version."
            yield Problem("resolution", f"{what} cannot be resolved: {part.error}", hint, blocking=True)
        if part.unknown:
            yield Problem(
                "unlisted", f"{what} cannot be listed beforehand: {part.unknown}",
                "Approving the plan accepts what they need.",
            )  # fmt: skip


def _plugins(reports: Sequence[PluginReport]) -> Iterator[Problem]:
    for report in reports:
        if report.status != "ok":
            worst = next((f.message for f in report.findings if f.severity == "danger"), report.status)
            yield Problem(
                report.status, f"{report.requirement} cannot be used as a plugin: {worst}",
                "Leave it out or choose another version.", blocking=True, plugins=(plugin_name(report),),
            )  # fmt: skip
    for conflict in conflicts(reports, merge(reports)):
        yield Problem(conflict.kind, conflict.message, plugins=tuple(conflict.plugins))


def _manager(spec: InstallSpec, facts: Facts, wanted: Wanted) -> Iterator[Problem]:
    manager = spec.user_environment.manager
    if manager == "uv":
        plugins = [owner for owner in wanted.conda.owners if owner != "TLJH"]
        items = [item for item in wanted.conda.items if item not in spec.user_environment.base]
        if items:
            yield Problem(
                "conda-packages-without-conda",
                f"uv makes the user environment and cannot install conda packages: {', '.join(items)}.",
                'Use manager = "conda", or leave these plugins out.',
                blocking=True,
                plugins=tuple(plugins),
            )
    if facts.user_manager and facts.user_manager != manager:
        yield Problem(
            "manager-changed",
            f"The user environment was made by {facts.user_manager}; the answers ask for {manager}.",
            f'Set manager = "{facts.user_manager}" in [user_environment], or move {facts.prefix}/user away.',
            blocking=True,
        )


def _settings(spec: InstallSpec, reports: Sequence[PluginReport], facts: Facts) -> Iterator[Problem]:
    """A plugin's setting against one that the administrator made: the administrator's stays."""
    for entry in merge(reports).tljh_config:
        mine = lookup(spec.settings, entry.key, lookup(facts.config, entry.key))
        if mine is None or entry.operation not in ("set", "delete") or mine == entry.value:
            continue
        wants = "removes it" if entry.operation == "delete" else f"sets {entry.value!r}"
        yield Problem(
            "setting", f"{entry.key}: you set {mine!r}, {entry.owner} {wants}. Yours stays.",
            f"For the plugin's value: tljh-config unset {entry.key}", plugins=(entry.owner,),
        )  # fmt: skip


def port_setting(port: int, spec: InstallSpec, facts: Facts) -> str | None:
    """The setting by which the hub has this port; None if there is none."""
    for key, default in PORTS.items():
        if lookup(spec.settings, key, lookup(facts.config, key, default)) == port:
            return key
    return None


def _unknown(wanted: Wanted) -> Iterator[Problem]:
    for hook in wanted.unknown:
        yield Problem(
            "unknown", f"{hook.plugin}: what {hook.hook} gives cannot be fully read ({hook.reason}).",
            "Approving the plan accepts whatever it gives once loaded.", plugins=(hook.plugin,),
        )  # fmt: skip


def _left_over(reports: Sequence[PluginReport], facts: Facts) -> Iterator[Problem]:
    chosen = {plugin_name(report) for report in reports}
    for name in sorted(set(facts.applied) - chosen):
        yield Problem(
            "still-installed", f"{name} is installed but not in these answers: it stays.", plugins=(name,)
        )
