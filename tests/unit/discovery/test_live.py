"""Against the machine's own package index; run with `-m network`."""

from __future__ import annotations

import asyncio
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tljh.discovery.fetch import ensure_local, fetch
from tljh.discovery.index import Index
from tljh.discovery.releases import releases
from tljh.discovery.remote_zip import AHEAD, TAIL
from tljh.discovery.requirements import parse_requirement
from tljh.index_settings import IndexSettings
from tljh.runner import RecordingRunner

pytestmark = pytest.mark.network


@pytest.mark.parametrize(
    ("name", "version", "files"),
    [
        ("tljh-repo2docker", "3.0.21", 2),
        ("tljh-db", "0.4", 2),
        ("tljh-new-user", "0.1.1", 2),
        ("tljh-matlab", "0.1.0", 2),
    ],
)
async def test_versions_of_real_plugins(make: Any, name: str, version: str, files: int) -> None:
    async with Index(IndexSettings.load(os.environ)) as index:
        found = await releases(
            parse_requirement(name), index=index, runner=RecordingRunner(), python=make.python
        )
    (release,) = (release for release in found if release.version == version)
    assert release.has_wheel
    assert len(release.files) == files
    assert release.date is not None
    assert release.incompatible is None


async def test_a_preview_fetches_little(make: Any, tmp_path: Path) -> None:
    artifact = await fetch(
        "tljh-repo2docker==3.0.21",
        settings=IndexSettings.load(os.environ),
        cache_dir=tmp_path,
        python=make.python,
        runner=RecordingRunner(),
    )
    stream: Any = artifact.open()

    def read() -> int:
        with zipfile.ZipFile(stream) as archive:
            members = [m for m in archive.infolist() if m.filename.endswith((".py", "METADATA", ".txt"))]
            for member in members:
                archive.read(member)
            return sum(member.compress_size for member in members)

    needed = await asyncio.to_thread(read)
    if artifact.path is None:  # the index serves ranges
        assert stream.bytes_fetched - needed <= TAIL + AHEAD
    place = await ensure_local(artifact, tmp_path / "plan")
    assert place.parent.name == artifact.source.sha256
