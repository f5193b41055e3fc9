"""Plugins written for these tests, and how their reports are compared with what was written by hand."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

from tljh.inspection import PluginReport, Source, inspect
from tljh.inspection.plain import JSON
from tljh.inspection.report import ConfigEffect, Effect, HostEffect, TraitEffect
from tljh.inspection.tree import MemoryTree

SOURCE = Source("directory", "/plugin")
DISTRIBUTION = "Metadata-Version: 2.1\nName: tljh-case\nVersion: 1.0\n"


def wheel(files: dict[str, str], entry_points: str = "[tljh]\ncase = tljh_case\n") -> MemoryTree:
    """An unpacked wheel of these modules."""
    members = {name: textwrap.dedent(text).lstrip("\n").encode() for name, text in files.items()}
    members["tljh_case-1.0.dist-info/METADATA"] = DISTRIBUTION.encode()
    members["tljh_case-1.0.dist-info/entry_points.txt"] = entry_points.encode()
    return MemoryTree(members, "wheel")


def sources(files: dict[str, str]) -> MemoryTree:
    """A folder of sources."""
    return MemoryTree({name: textwrap.dedent(text).lstrip("\n").encode() for name, text in files.items()})


def report_of(tree: MemoryTree) -> PluginReport:
    return inspect(tree, requirement="tljh-case", source=SOURCE)


def report(module: str, **files: str) -> PluginReport:
    """The report of a wheel with the one module `tljh_case`, and more files by name (`_` for `.`)."""
    return report_of(wheel({"tljh_case.py": module, **files}))


HEADER = "from tljh.hooks import hookimpl\n"


def hook(
    body: str, name: str = "tljh_extra_user_conda_packages", before: str = "", parameters: str = ""
) -> str:
    """A module with one hook."""
    inner = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    return f"{HEADER}{textwrap.dedent(before)}\n@hookimpl\ndef {name}({parameters}):\n{inner}\n"


def plain(effect: Effect) -> list[JSON]:
    """An effect as the tests write it down."""
    if isinstance(effect, TraitEffect):
        return [effect.target, effect.operation, effect.value, effect.certainty]
    if isinstance(effect, ConfigEffect):
        return [effect.key, effect.operation, effect.value, effect.certainty]
    assert isinstance(effect, HostEffect)
    return [effect.kind, effect.what, effect.risk, effect.certainty]


@dataclass(frozen=True)
class Case:
    """A plugin in the manner of those in the wild, and what its report must say: hook by hook, all effects.

    A package hook is written as [certainty, value], another one as [certainty, [effects]].
    """

    name: str
    files: dict[str, str]
    hooks: dict[str, list[object]] = field(default_factory=dict)
    status: str = "ok"
    findings: tuple[str, ...] = ()
    import_effects: tuple[list[object], ...] = ()
    identity: tuple[str | None, str | None] = ("tljh-case", "1.0")
