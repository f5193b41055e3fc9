"""Every path that an installation uses, from one value."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PREFIX = "/opt/tljh"


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths below the install prefix, and the few outside it (below `root`, `/` but in tests)."""

    prefix: Path
    root: Path = Path("/")

    @classmethod
    def from_environment(cls) -> Layout:
        """The layout that `TLJH_INSTALL_PREFIX` names; `/opt/tljh` by default."""
        return cls(Path(os.environ.get("TLJH_INSTALL_PREFIX") or DEFAULT_PREFIX))

    @property
    def hub(self) -> Path:
        return self.prefix / "hub"

    @property
    def hub_python(self) -> Path:
        return self.hub / "bin" / "python"

    @property
    def user(self) -> Path:
        return self.prefix / "user"

    @property
    def user_python(self) -> Path:
        return self.user / "bin" / "python"

    @property
    def state(self) -> Path:
        return self.prefix / "state"

    @property
    def config(self) -> Path:
        return self.prefix / "config"

    @property
    def config_file(self) -> Path:
        return self.config / "config.yaml"

    @property
    def spec_file(self) -> Path:
        """The answers of the last approved installation."""
        return self.config / "tljh.toml"

    @property
    def runs(self) -> Path:
        """One folder for each run: plan, events, log."""
        return self.prefix / "runs"

    @property
    def run_lock(self) -> Path:
        return self.runs / "lock"

    @property
    def applied(self) -> Path:
        """What the last complete run left: plugins by name, with sha256, and whether their code ran."""
        return self.state / "applied.json"

    @property
    def restart_needed(self) -> Path:
        """There from before a run changes what the hub runs with, until the hub has answered."""
        return self.state / "restart-needed"

    @property
    def cache(self) -> Path:
        """Downloads; for root only, since what is in it gets installed."""
        return self.prefix / "cache"

    @property
    def artifacts(self) -> Path:
        """Inspected artifacts, by sha256: what is approved is what is installed."""
        return self.cache / "artifacts"

    @property
    def conda_cache(self) -> Path:
        """On the prefix's own file system, so that files are hard-linked into environments."""
        return self.cache / "conda"

    @property
    def uv_cache(self) -> Path:
        return self.cache / "uv"

    @property
    def installer_log(self) -> Path:
        return self.prefix / "installer.log"

    @property
    def sudoers_file(self) -> Path:
        return self.root / "etc/sudoers.d/jupyterhub-admins"

    @property
    def units(self) -> Path:
        return self.root / "etc/systemd/system"

    @property
    def is_default(self) -> bool:
        return self.prefix == Path(DEFAULT_PREFIX) and self.root == Path("/")
