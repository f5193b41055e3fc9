"""What the package managers report, in one shape: changes to a set of installed packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

ChangeKind = Literal["install", "upgrade", "downgrade", "remove", "reinstall"]


@dataclass(frozen=True, slots=True)
class PackageChange:
    """One package that will be there, move or go; sizes in bytes, None where unknown."""

    name: str
    kind: ChangeKind
    version: str | None = None
    """The version after the change; None for a removal."""
    previous: str | None = None
    download_size: int | None = None
    installed_size: int | None = None
    build: str | None = None
    channel: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """One package that is installed in an environment."""

    name: str
    version: str
    build: str | None = None
    requires: tuple[str, ...] = ()
    """Requirement strings (PEP 508), for distributions."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long step is; `done` and `total` in `unit`s, total None where unknown."""

    text: str
    done: int = 0
    total: int | None = None
    unit: Literal["bytes", "packages", ""] = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def total_download(changes: Sequence[PackageChange]) -> int | None:
    """Bytes to download; None if no change states its size."""
    known = [change.download_size for change in changes if change.download_size is not None]
    return sum(known) if known else None


def change_from_dict(document: Mapping[str, Any]) -> PackageChange:
    return PackageChange(**document)
