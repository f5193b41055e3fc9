"""A conda channel in a folder, of a few tiny packages, one of them this machine's own Python."""

from __future__ import annotations

import bz2
import hashlib
import io
import json
import os
import platform
import sys
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tljh.demo.distributions import TAR_TIME, add_file

SUBDIRS = ("noarch", "linux-64", "linux-aarch64")


@dataclass(frozen=True, slots=True)
class CondaPackage:
    """A package that is the same on every machine; `links` are symbolic links."""

    name: str
    version: str
    summary: str = ""
    depends: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def filename(self) -> str:
        return f"{self.name}-{self.version}-0.tar.bz2"

    @property
    def record(self) -> dict[str, Any]:
        """`info/index.json`."""
        return {
            "name": self.name,
            "version": self.version,
            "build": "0",
            "build_number": 0,
            "subdir": "noarch",
            "noarch": "generic",
            "depends": list(self.depends),
            "license": "BSD-3-Clause",
            "timestamp": TAR_TIME * 1000,
        }


def this_python() -> CondaPackage:
    """The running interpreter as a package: a virtual environment's layout that leads to it.

    It gives the demonstration a user environment with Python in it, without a download.
    """
    base = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    version = platform.python_version()
    library = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    settings = f"home = {os.path.dirname(base)}\ninclude-system-site-packages = false\nversion = {version}\n"
    return CondaPackage(
        "python",
        version,
        "The Python of this machine",
        files={
            "pyvenv.cfg": settings,
            f"{library}/README.txt": "Packages for everyone are installed here.\n",
        },
        links={"bin/python": base, "bin/python3": "python"},
    )


def write_channel(folder: Path, packages: Iterable[CondaPackage]) -> None:
    """Write the packages and `repodata.json` below `folder`."""
    records: dict[str, Any] = {}
    for subdir in SUBDIRS:
        (folder / subdir).mkdir(parents=True)
    for package in packages:
        content = build(package)
        (folder / "noarch" / package.filename).write_bytes(content)
        records[package.filename] = {
            **package.record,
            "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": len(content),
        }
    for subdir in SUBDIRS:
        document = {
            "info": {"subdir": subdir},
            "packages": records if subdir == "noarch" else {},
            "packages.conda": {},
            "repodata_version": 1,
        }
        (folder / subdir / "repodata.json").write_text(json.dumps(document, indent=1) + "\n")


def build(package: CondaPackage) -> bytes:
    """The package as a `.tar.bz2`."""
    paths = [
        {
            "_path": path,
            "path_type": "hardlink",
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "size_in_bytes": len(text.encode()),
        }
        for path, text in package.files.items()
    ]
    paths += [{"_path": path, "path_type": "softlink"} for path in package.links]
    members = {
        **package.files,
        "info/index.json": json.dumps(package.record, indent=1),
        "info/about.json": json.dumps({"summary": package.summary, "license": "BSD-3-Clause"}),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}, indent=1),
        "info/files": "".join(f"{path}\n" for path in (*package.files, *package.links)),
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, text in sorted(members.items()):
            add_file(archive, path, text.encode())
        for path, target in sorted(package.links.items()):
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname, entry.mtime = tarfile.SYMTYPE, target, TAR_TIME
            archive.addfile(entry)
    return bz2.compress(buffer.getvalue())
