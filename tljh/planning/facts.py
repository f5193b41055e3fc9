"""What is true of the machine before a run. Values only; `probe` gathers them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tljh.packages.types import InstalledPackage


@dataclass(frozen=True, slots=True)
class AppliedPlugin:
    """A plugin as an earlier run left it."""

    name: str
    version: str | None
    sha256: str
    requirement: str
    contributions: Mapping[str, list[str]] = field(default_factory=dict)
    """What its package hooks returned when it was loaded, by hook name."""
    config_done: bool = False
    post_install_done: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """A snapshot of the machine, gathered without changing it."""

    prefix: str
    os_id: str = ""
    os_version: str = ""
    architecture: str = ""
    is_root: bool = False
    prefix_writable: bool = False
    has_systemd: bool = False
    python_version: str = ""
    """Of the hub environment, `3.11`."""
    free_disk: int = 0
    """Bytes free below the prefix."""
    memory: int = 0
    """Bytes of main memory."""
    hub_packages: Mapping[str, InstalledPackage] = field(default_factory=dict)
    """Distributions in the hub environment by normalised name; empty if there is no such environment."""
    has_hub_environment: bool = False
    user_manager: str | None = None
    """`conda` or `uv`, whichever made the user environment; None if there is none."""
    user_python: str = ""
    """Of the user environment, `3.11`; empty if there is none."""
    can_confine: bool = False
    """Whether code can be kept inside the prefix; asked in folder scope only."""
    user_packages: Mapping[str, InstalledPackage] = field(default_factory=dict)
    """Distributions in the user environment by normalised name."""
    conda_packages: Mapping[str, InstalledPackage] = field(default_factory=dict)
    conda_requested: tuple[str, ...] = ()
    """Match specs that were asked for explicitly, from `conda-meta`."""
    apt_installed: frozenset[str] = frozenset()
    """Of the Debian packages that were asked about, those installed."""
    groups: frozenset[str] = frozenset()
    """Of the groups that TLJH uses, those that exist."""
    sudoers_ok: bool = False
    config_text: str | None = None
    """`config.yaml` as it stands; None if there is none."""
    config: Mapping[str, Any] = field(default_factory=dict)
    units_current: bool = False
    """Both units are installed as this version writes them."""
    services_active: bool = False
    restart_needed: bool = False
    """An earlier run changed what the hub runs with, and did not come to see it answer."""
    traefik_current: bool = False
    busy_ports: Mapping[int, str] = field(default_factory=dict)
    """Of the ports that the hub needs, those that something other than TLJH listens on, with its name."""
    applied: Mapping[str, AppliedPlugin] = field(default_factory=dict)
    """Plugins of the last complete run, by normalised name."""

    @property
    def may_change_system(self) -> bool:
        """Whether Debian packages, users and services can be changed from here."""
        return self.is_root and self.has_systemd

    def digests(self) -> dict[str, str]:
        """Digest of each part that a plan depends on, so that a later change can be named."""

        def versions(packages: Mapping[str, InstalledPackage]) -> list[tuple[str, str, str | None]]:
            return sorted((p.name, p.version, p.build) for p in packages.values())

        parts: dict[str, object] = {
            "hub environment": versions(self.hub_packages),
            "user environment": (versions(self.user_packages), versions(self.conda_packages)),
            "config.yaml": self.config_text,
            "plugins applied": sorted((p.name, p.sha256) for p in self.applied.values()),
        }
        return {name: hashlib.sha256(repr(value).encode()).hexdigest()[:16] for name, value in parts.items()}
