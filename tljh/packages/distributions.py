"""Which distributions an environment holds, read from its site-packages without starting a process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from packaging.utils import canonicalize_name

from tljh.packages.types import InstalledPackage

_INTERPRETER = re.compile(r"python3\.\d+t?$")


def installed(prefix: Path) -> dict[str, InstalledPackage]:
    """Distributions below the prefix by normalised name; none if there is no such environment."""
    found: dict[str, InstalledPackage] = {}
    for folder in site_packages(prefix):
        for record in _records(folder):
            package = _read(record)
            if package is not None:
                found.setdefault(str(canonicalize_name(package.name)), package)
    return found


def site_packages(prefix: Path) -> list[Path]:
    """The site-packages of the environment's interpreter; of every one there if that cannot be told."""
    interpreter = (prefix / "bin" / "python").resolve().name
    if _INTERPRETER.search(interpreter):
        own = prefix / "lib" / interpreter / "site-packages"
        if own.is_dir():
            return [own]
    return sorted(prefix.glob("lib/python3*/site-packages"))


def _records(folder: Path) -> Iterator[Path]:
    """The metadata file of each distribution in a site-packages folder."""
    for entry in sorted(folder.iterdir()):
        if entry.name.endswith(".dist-info"):
            yield entry / "METADATA"
        elif entry.name.endswith(".egg-info"):
            yield entry / "PKG-INFO" if entry.is_dir() else entry


def _read(path: Path) -> InstalledPackage | None:
    """Name, version and requirements; None where the file is missing or says neither."""
    try:
        headers = path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("utf-8", "replace")
    except OSError:
        return None
    name = version = ""
    requires: list[str] = []
    for line in headers.split("\n"):
        key, _, value = line.partition(":")
        match key.lower():
            case "name":
                name = name or value.strip()
            case "version":
                version = version or value.strip()
            case "requires-dist":
                requires.append(value.strip())
    return InstalledPackage(name, version, requires=tuple(requires)) if name and version else None
