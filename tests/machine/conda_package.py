"""Writing a `.conda` file: a stored zip of metadata, the package's files and what describes them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

# Only text files have it, so its length does not matter.
PLACEHOLDER = "/opt/placeholder_of_the_prefix_placehold"
_FAST = "-3"


@dataclass(frozen=True, slots=True)
class CondaPackage:
    """One build of a package. Without a `platform` it is `noarch: python`."""

    name: str
    version: str
    depends: tuple[str, ...] = ()
    platform: str | None = None
    entry_points: tuple[str, ...] = ()
    # Paths of text files in which the installer replaces PLACEHOLDER.
    relocated: frozenset[str] = field(default=frozenset())

    @property
    def build(self) -> str:
        return "0" if self.platform else "py_0"

    @property
    def stem(self) -> str:
        return f"{self.name}-{self.version}-{self.build}"

    @property
    def subdir(self) -> str:
        return self.platform or "noarch"

    def write(self, files: Path, channel: Path) -> Path:
        """Pack the tree of `files` into the channel."""
        target = channel / self.subdir / f"{self.stem}.conda"
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory() as scratch:
            described = Path(scratch) / "described"
            self._describe(files, described / "info")
            parts = {f"pkg-{self.stem}.tar.zst": files, f"info-{self.stem}.tar.zst": described}
            with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
                archive.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
                for name, tree in parts.items():
                    archive.write(_compressed(tree, Path(scratch) / name), name)
        return target

    def _describe(self, files: Path, info: Path) -> None:
        info.mkdir(parents=True)
        paths = [self._path(files, relative) for relative in _files(files)]
        documents: dict[str, object] = {
            "index.json": self._index(),
            "paths.json": {"paths": paths, "paths_version": 1},
            "about.json": {"summary": f"{self.name}, packed by a test"},
        }
        if self.platform is None:
            python: dict[str, object] = {"type": "python", "entry_points": list(self.entry_points)}
            documents["link.json"] = {"noarch": python, "package_metadata_version": 1}
        for name, document in documents.items():
            (info / name).write_text(json.dumps(document, indent=1))
        (info / "files").write_text("".join(f"{relative}\n" for relative in _files(files)))

    def _index(self) -> dict[str, object]:
        index: dict[str, object] = {
            "name": self.name,
            "version": self.version,
            "build": self.build,
            "build_number": 0,
            "depends": list(self.depends),
            "subdir": self.subdir,
        }
        if self.platform:
            system, _, architecture = self.platform.partition("-")
            return {**index, "platform": system, "arch": "x86_64" if architecture == "64" else architecture}
        return {**index, "noarch": "python"}

    def _path(self, files: Path, relative: str) -> dict[str, object]:
        path = files / relative
        content = path.read_bytes()
        entry: dict[str, object] = {
            "_path": relative,
            "path_type": "softlink" if path.is_symlink() else "hardlink",
            "sha256": hashlib.sha256(content).hexdigest(),
            "size_in_bytes": len(content),
        }
        if relative in self.relocated:
            entry |= {"prefix_placeholder": PLACEHOLDER, "file_mode": "text"}
        return entry


def _files(tree: Path) -> list[str]:
    return sorted(
        str((Path(folder) / name).relative_to(tree)) for folder, _, names in os.walk(tree) for name in names
    )


def _compressed(tree: Path, target: Path) -> Path:
    plain = target.with_suffix("")
    with tarfile.open(plain, "w") as archive:
        for relative in _files(tree):
            archive.add(tree / relative, relative, recursive=False, filter=_owned_by_root)
    subprocess.run(["zstd", "-q", _FAST, str(plain), "-o", str(target)], check=True)
    return target


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
