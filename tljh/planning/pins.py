"""Which versions are fixed, and whether what is asked for is there already. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tljh.packages.types import InstalledPackage, PackageChange
from tljh.planning.actions import PluginArtifact
from tljh.planning.facts import Facts
from tljh.planning.requirements import HUB_REQUIREMENTS
from tljh.planning.types import Resolved

OWN_DISTRIBUTION = "tljh-wizard"


def pins(changes: Iterable[PackageChange]) -> tuple[str, ...]:
    """`name==version` for each change that installs something."""
    return tuple(f"{change.name}=={change.version}" for change in changes if change.version)


def closure(roots: Iterable[str], installed: Mapping[str, InstalledPackage]) -> frozenset[str]:
    """Names of the installed distributions that `roots` need, themselves included."""
    found: set[str] = set()
    waiting: list[str] = [canonicalize_name(root) for root in roots]
    while waiting:
        name = waiting.pop()
        if name in found or name not in installed:
            continue
        found.add(name)
        waiting += [required for required in map(required_name, installed[name].requires) if required]
    return frozenset(found)


def required_name(text: str) -> str | None:
    """The distribution that a requirement names; None if it does not parse or does not apply here."""
    try:
        requirement = Requirement(text)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    except (InvalidRequirement, ValueError):
        return None
    return canonicalize_name(requirement.name) if applies else None


def core_pins(facts: Facts, hub: Resolved | None = None) -> tuple[str, ...]:
    """What no plugin may move: TLJH, JupyterHub and their dependencies, as they are or will be."""
    roots = [OWN_DISTRIBUTION, *filter(None, map(required_name, HUB_REQUIREMENTS))]
    present: dict[str, str] = {
        name: facts.hub_packages[name].version for name in closure(roots, facts.hub_packages)
    }
    present.pop(OWN_DISTRIBUTION, None)
    coming: dict[str, str] = {
        canonicalize_name(c.name): c.version for c in (hub.changes if hub else ()) if c.version
    }
    return tuple(f"{name}=={version}" for name, version in sorted({**present, **coming}.items()))


def jupyterhub_version(facts: Facts, hub: Resolved) -> str | None:
    """The version of JupyterHub that the hub has or will have."""
    coming = [c.version for c in hub.changes if c.name == "jupyterhub" and c.version]
    present = facts.hub_packages.get("jupyterhub")
    return coming[0] if coming else present.version if present else None


def is_applied(plugin: PluginArtifact, facts: Facts) -> bool:
    """Whether this very artifact is installed in the hub environment."""
    before = facts.applied.get(plugin.name)
    return before is not None and before.sha256 == plugin.sha256 and plugin.name in facts.hub_packages


def conda_is_satisfied(specs: Iterable[str], facts: Facts) -> bool:
    """Whether each match spec was asked for before, in the same words, and its package is there."""
    requested = {normal_spec(spec) for spec in facts.conda_requested}
    return all(normal_spec(s) in requested and spec_name(s) in facts.conda_packages for s in specs)


def normal_spec(spec: str) -> str:
    return "".join(spec.split()).lower()


def spec_name(spec: str) -> str:
    """The package that a match spec names."""
    return re.split(r"[\s=<>!~\[]", spec.rpartition("::")[2].strip(), maxsplit=1)[0].lower()


def apt_name(package: str) -> str:
    """The bare name of `name`, `name=version`, `name/release` or `name:arch`."""
    return re.split(r"[=/:]", package, maxsplit=1)[0]
