"""What a conda environment holds, and how a solution differs from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tljh.packages.types import ChangeKind, InstalledPackage, PackageChange

VersionOrder = Callable[[str], Any]
"""Makes a version comparable; conda's order is the conda library's to know."""


@dataclass(frozen=True, slots=True)
class Record:
    """One package of an environment or a solution; URLs are without credentials."""

    name: str
    version: str
    build: str
    build_number: int = 0
    channel: str = ""
    url: str = ""
    sha256: str | None = None
    size: int | None = None
    noarch_python: bool = False

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def same_as(self, other: Record) -> bool:
        """Whether both are the same content, as far as it is known."""
        if self.sha256 and other.sha256:
            return self.sha256 == other.sha256
        return (self.name, self.version, self.build) == (other.name, other.version, other.build)


def installed(prefix: Path) -> dict[str, InstalledPackage]:
    """Conda packages by name, from the names of the files in `conda-meta`."""
    found = {}
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        parts = path.stem.rsplit("-", 2)
        if len(parts) == 3:
            found[parts[0]] = InstalledPackage(parts[0], parts[1], parts[2])
    return found


def difference(
    before: Iterable[Record], after: Iterable[Record], order: VersionOrder
) -> tuple[PackageChange, ...]:
    """What has to change, by name. A new Python minor version relinks every noarch Python package."""
    old = {record.name: record for record in before}
    new = {record.name: record for record in after}
    relink = _minor(old.get("python")) != _minor(new.get("python")) and "python" in old
    changes = [
        PackageChange(name, "remove", previous=record.version, build=record.build)
        for name, record in old.items()
        if name not in new
    ]
    for name, record in new.items():
        kind = _kind(old.get(name), record, relink, order)
        if kind is not None:
            previous = old[name].version if name in old else None
            changes.append(
                PackageChange(
                    name,
                    kind,
                    record.version,
                    previous,
                    record.size,
                    build=record.build,
                    channel=record.channel,
                )
            )
    return tuple(sorted(changes, key=lambda change: change.name))


def disagreements(
    expected: Iterable[PackageChange], changes: Iterable[PackageChange], before: Iterable[Record]
) -> list[str]:
    """How the changes differ from the approved ones, a line each; none of them may be new or go elsewhere.

    An approved change that is done already (by a run that was cut short) is no disagreement.
    """
    approved = {change.name: change for change in expected}
    actual = {change.name: change for change in changes}
    present = {record.name: record for record in before}
    lines = []
    for name, change in actual.items():
        if name not in approved:
            lines.append(f"{name} {_target(change)} is not in the plan")
        elif not _same_target(approved[name], change):
            lines.append(f"{name}: {_target(change)} instead of {_target(approved[name])}")
    for name, change in approved.items():
        if name in actual:
            continue
        record = present.get(name)
        done = record is None if change.kind == "remove" else record and _is_at(change, record)
        if not done:
            lines.append(f"{name} {_target(change)} is in the plan but would not happen")
    return lines


def clobbered(prefix: Path) -> list[str]:
    """Files that two packages bring, as `path (package)`: the copies that the installer set aside."""
    folder = prefix / "__clobbers__"
    files = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if not path.is_dir())
    return [f"{Path(*path.parts[1:])} ({path.parts[0]})" for path in files if len(path.parts) > 1]


def _kind(old: Record | None, new: Record, relink: bool, order: VersionOrder) -> ChangeKind | None:
    if old is None:
        return "install"
    if old.same_as(new):
        return "reinstall" if relink and new.noarch_python else None
    if old.version == new.version:
        before, after = old.build_number, new.build_number
    else:
        before, after = order(old.version), order(new.version)
    return "reinstall" if before == after else "upgrade" if after > before else "downgrade"


def _minor(record: Record | None) -> tuple[str, ...]:
    return tuple(record.version.split(".")[:2]) if record else ()


def _target(change: PackageChange) -> str:
    return "removed" if change.kind == "remove" else " ".join(filter(None, (change.version, change.build)))


def _same_target(one: PackageChange, other: PackageChange) -> bool:
    if "remove" in {one.kind, other.kind}:
        return one.kind == other.kind
    builds_differ = one.build and other.build and one.build != other.build
    return one.version == other.version and not builds_differ


def _is_at(change: PackageChange, record: Record) -> bool:
    return change.version == record.version and change.build in {None, record.build}
