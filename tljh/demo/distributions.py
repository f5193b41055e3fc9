"""Wheels and source distributions of the sample plugins, the same bytes each time."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import re
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import tomlkit

CHANNEL_PLACEHOLDER = "file:///demo/channel"
ZIP_TIME = (2026, 1, 1, 0, 0, 0)
TAR_TIME = 1_767_225_600


@dataclass(frozen=True, slots=True)
class Release:
    """One release of a sample: its sources by path, and what the index states of it."""

    name: str
    version: str
    summary: str
    requires_python: str
    modules: tuple[str, ...]
    entry_points: Mapping[str, str]
    sources: Mapping[str, str]
    uploaded: datetime
    yanked: str | None = None
    format: Literal["wheel", "sdist"] = "wheel"

    @property
    def filename(self) -> str:
        stem = f"{self.name.replace('-', '_')}-{self.version}"
        return f"{stem}-py3-none-any.whl" if self.format == "wheel" else f"{stem}.tar.gz"

    @property
    def metadata(self) -> str:
        """The core metadata, with the README as description."""
        fields = {
            "Metadata-Version": "2.1",
            "Name": self.name,
            "Version": self.version,
            "Summary": self.summary,
            "License": "BSD-3-Clause",
            "Requires-Python": self.requires_python,
        }
        readme = self.sources.get("README.md")
        if readme:
            fields["Description-Content-Type"] = "text/markdown"
        head = "".join(f"{name}: {value}\n" for name, value in fields.items())
        return f"{head}\n{readme}" if readme else head


def read_release(folder: Path, facts: Mapping[str, Any], channel: str) -> Release:
    """The release whose sources are in `folder`; `facts` is its entry in `samples.toml`."""
    sources = {
        path.name: path.read_text("utf-8").replace(CHANNEL_PLACEHOLDER, channel)
        for path in sorted(folder.iterdir())
        if path.is_file()
    }
    # A setup.py cannot be read without running it: its module and name follow from the folder.
    project: dict[str, Any] = {}
    if "pyproject.toml" in sources:
        project = tomlkit.parse(sources["pyproject.toml"]).unwrap()["project"]
    name, _, version = folder.name.rpartition("-")
    modules = tuple(path for path in sources if path.endswith(".py") and path != "setup.py")
    return Release(
        name=name,
        version=version,
        summary=project.get("description") or _summary(sources[modules[0]]),
        requires_python=project.get("requires-python", ">=3.10"),
        modules=modules,
        entry_points=project.get("entry-points", {}).get("tljh", {}),
        sources=sources,
        uploaded=facts["uploaded"],
        yanked=facts.get("yanked"),
        format=facts.get("format", "wheel"),
    )


def build(release: Release) -> bytes:
    """The file of the release, as the index serves it."""
    return _wheel(release) if release.format == "wheel" else _sdist(release)


def _wheel(release: Release) -> bytes:
    folder = f"{release.name.replace('-', '_')}-{release.version}.dist-info"
    members = {path: release.sources[path] for path in release.modules}
    members[f"{folder}/METADATA"] = release.metadata
    members[f"{folder}/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: tljh.demo\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    if release.entry_points:
        lines = [f"{name} = {value}" for name, value in release.entry_points.items()]
        members[f"{folder}/entry_points.txt"] = "\n".join(["[tljh]", *lines, ""])
    record = [f"{path},sha256={_record_hash(text)},{len(text.encode())}" for path, text in members.items()]
    members[f"{folder}/RECORD"] = "\n".join([*record, f"{folder}/RECORD,,", ""])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in members.items():
            entry = zipfile.ZipInfo(path, ZIP_TIME)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, text)
    return buffer.getvalue()


def _sdist(release: Release) -> bytes:
    members = {**release.sources, "PKG-INFO": release.metadata}
    root = f"{release.name.replace('-', '_')}-{release.version}"
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=TAR_TIME, filename="") as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path, text in sorted(members.items()):
            add_file(archive, f"{root}/{path}", text.encode())
    return buffer.getvalue()


def add_file(archive: tarfile.TarFile, path: str, content: bytes) -> None:
    """A plain file with nothing in it of this machine or moment."""
    entry = tarfile.TarInfo(path)
    entry.size, entry.mtime, entry.mode = len(content), TAR_TIME, 0o644
    archive.addfile(entry, io.BytesIO(content))


def _record_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def _summary(module: str) -> str:
    found = re.match(r'"""(.+?)"""', module)
    return found.group(1) if found else ""
