"""What one artifact contributes: the values that inspection makes and everything else reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

from tljh.inspection.plain import HIDDEN, JSON, from_plain, to_plain

Certainty: TypeAlias = Literal["certain", "partial", "opaque"]
Risk: TypeAlias = Literal["low", "medium", "high"]
Severity: TypeAlias = Literal["info", "warning", "danger"]
SourceKind: TypeAlias = Literal["index", "git", "url", "archive", "wheel", "directory"]
Status: TypeAlias = Literal[
    "ok",
    "no-entry-point",
    "unresolvable-entry-point",
    "module-syntax-error",
    "setup-syntax-error",
    "not-a-plugin",
    "unreadable",
]
TraitOperation: TypeAlias = Literal["set", "append", "extend", "insert", "update", "delete"]
ConfigOperation: TypeAlias = Literal["set", "set-if-missing", "append", "delete"]
HostKind: TypeAlias = Literal[
    "command",
    "file",
    "network",
    "package",
    "permission",
    "service",
    "user",
    "database",
    "process",
    "other",
]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the artifact came from."""

    kind: SourceKind
    location: str
    commit: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """An entry point of the group `tljh`; resolvable if the module that it names is in the artifact."""

    name: str
    value: str
    resolvable: bool = True


@dataclass(frozen=True, slots=True)
class HookOptions:
    """What the implementation passed to `hookimpl`."""

    tryfirst: bool = False
    trylast: bool = False
    hookwrapper: bool = False
    wrapper: bool = False
    optionalhook: bool = False


@dataclass(frozen=True, slots=True)
class TraitEffect:
    """A change of JupyterHub's configuration `c`."""

    target: str
    operation: TraitOperation
    value: JSON
    certainty: Certainty
    line: int
    path: str = ""
    unknown: tuple[str, ...] = ()
    kind: Literal["trait"] = "trait"


@dataclass(frozen=True, slots=True)
class ConfigEffect:
    """A change of `config.yaml`, its key as a dotted path."""

    key: str
    operation: ConfigOperation
    value: JSON
    certainty: Certainty
    line: int
    path: str = ""
    unknown: tuple[str, ...] = ()
    kind: Literal["config"] = "config"


@dataclass(frozen=True, slots=True)
class HostEffect:
    """A change of the machine, in plain words."""

    kind: HostKind
    what: str
    risk: Risk
    certainty: Certainty
    line: int
    path: str = ""


Effect: TypeAlias = TraitEffect | ConfigEffect | HostEffect


@dataclass(frozen=True, slots=True)
class HookImplementation:
    """A function that pluggy would register, and what was read of it.

    `value` is what a package hook returns, null if nothing could be read; every other hook has effects.
    `unknown` names what is not known. `entry_point` is the name that the plugin is registered with.
    """

    hook: str
    path: str
    line: int
    end_line: int
    parameters: tuple[str, ...]
    options: HookOptions
    certainty: Certainty
    value: tuple[JSON, ...] | None
    effects: tuple[Effect, ...]
    source: str
    unknown: tuple[str, ...] = ()
    function: str = ""
    entry_point: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the plugin that a reader should know."""

    code: str
    severity: Severity
    message: str
    path: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class PluginReport:
    """What one artifact is and contributes."""

    requirement: str
    name: str | None
    version: str | None
    source: Source
    requires_python: str | None = None
    requires_dist: tuple[str, ...] = ()
    status: Status = "ok"
    entry_points: tuple[EntryPoint, ...] = ()
    hooks: tuple[HookImplementation, ...] = ()
    import_effects: tuple[Effect, ...] = ()
    findings: tuple[Finding, ...] = ()
    summary: str = ""
    license: str = ""
    readme: str = field(default="", metadata=HIDDEN)

    def to_dict(self) -> dict[str, JSON]:
        """The object of DESIGN section 5; the README is left out."""
        return cast("dict[str, JSON]", to_plain(self))

    @classmethod
    def from_dict(cls, plain: Mapping[str, JSON]) -> PluginReport:
        """The report that `to_dict` made. Raises KeyError, TypeError or ValueError on anything else."""
        return from_plain(cls, plain)
