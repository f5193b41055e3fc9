"""Distributions, indexes, web servers and repositories that the tests make for themselves."""

from __future__ import annotations

import hashlib
import io
import os
import random
import re
import subprocess
import tarfile
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import respx
from packaging.version import Version

from tljh.discovery.http import Http
from tljh.discovery.index import Index
from tljh.index_settings import IndexSettings

PYTHON = Version("3.11.7")
INDEX = "https://index.test/simple"
FILES = "https://files.test"


def wheel(name: str, version: str, files: Mapping[str, bytes] | None = None) -> bytes:
    """The bytes of a wheel with one module, its metadata and more files."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    content = {
        f"{module}.py": b"from tljh.hooks import hookimpl\n",
        **(files or {}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/entry_points.txt": f"[tljh]\nx = {module}\n".encode(),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in content.items():
            archive.writestr(path, data)
    return stream.getvalue()


def sdist(name: str, version: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        data = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
        member = tarfile.TarInfo(f"{name}-{version}/PKG-INFO")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def noise(size: int) -> bytes:
    """Bytes that do not compress, the same at each run."""
    return random.Random(7).randbytes(size)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Making:
    """The makers above, for tests, which cannot import this file; INDEX and PYTHON as well."""

    wheel = staticmethod(wheel)
    sdist = staticmethod(sdist)
    noise = staticmethod(noise)
    sha256 = staticmethod(sha256)
    index_url = INDEX
    files_url = FILES
    python = PYTHON


@pytest.fixture
def make() -> Making:
    return Making()


@dataclass
class WebIndex:
    """A package index on a mocked web server; `ranges` says whether its files can be had in pieces."""

    router: respx.MockRouter
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    served: int = 0

    def page(self, name: str, entries: list[dict[str, object]], **headers: str) -> respx.Route:
        document = {"meta": {"api-version": "1.1"}, "name": name, "files": entries}
        return self.router.get(f"{INDEX}/{name}/").respond(
            json=document,
            headers={"content-type": "application/vnd.pypi.simple.v1+json", **headers},
        )

    def put(self, filename: str, content: bytes, **entry: object) -> dict[str, object]:
        """Serve a file, and return its entry for a page."""
        self.files[filename] = content
        self.router.get(f"{FILES}/{filename}").mock(side_effect=self.serve)
        return {
            "filename": filename,
            "url": f"{FILES}/{filename}",
            "hashes": {"sha256": sha256(content)},
            "size": len(content),
            **entry,
        }

    def serve(self, request: httpx.Request) -> httpx.Response:
        content = self.files[request.url.path.rpartition("/")[2]]
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
        if not self.ranges or not match:
            self.served += len(content)
            return httpx.Response(200, content=content)
        if match[1]:
            start, stop = int(match[1]), min(int(match[2]) + 1, len(content))
        else:
            start, stop = max(len(content) - int(match[2]), 0), len(content)
        self.served += stop - start
        return httpx.Response(
            206,
            content=content[start:stop],
            headers={"content-range": f"bytes {start}-{stop - 1}/{len(content)}", "etag": '"1"'},
        )


@pytest.fixture
def web() -> Iterator[WebIndex]:
    with respx.mock(assert_all_called=False) as router:
        yield WebIndex(router)


@pytest.fixture
def settings() -> IndexSettings:
    return IndexSettings(index_urls=(INDEX,), timeout=2)


@pytest.fixture
async def index(settings: IndexSettings, tmp_path: Path) -> AsyncIterator[Index]:
    async with Index(settings, tmp_path / "cache", http=Http(settings, pause=0)) as found:
        yield found


@pytest.fixture
def file_index(tmp_path: Path) -> Callable[..., IndexSettings]:
    """Makes an index on disk: with pages, or as plain folders of files."""

    def make(distributions: Mapping[str, Mapping[str, bytes]], *, pages: bool = True) -> IndexSettings:
        root = tmp_path / "index"
        for name, files in distributions.items():
            folder = root / "simple" / name
            folder.mkdir(parents=True)
            store = root / "files" if pages else folder
            store.mkdir(exist_ok=True)
            for filename, content in files.items():
                (store / filename).write_bytes(content)
            if pages:
                links = (
                    f'<a href="../../files/{filename}#sha256={sha256(content)}">{filename}</a>'
                    for filename, content in files.items()
                )
                (folder / "index.html").write_text(f"<html><body>{' '.join(links)}</body></html>")
        return IndexSettings(index_urls=((root / "simple").as_uri(),))

    return make


def git(*words: str, cwd: Path) -> str:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": "/dev/null",
        **{f"GIT_{who}_{what}": "a@b.test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    done = subprocess.run(
        ["git", *words], cwd=cwd, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two tags, a subdirectory, a link out and filters that would leave a trace."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git("init", "--quiet", "--initial-branch=trunk", cwd=folder)
    (folder / "plugin").mkdir()
    (folder / "plugin" / "setup.py").write_text("VERSION = 1\n")
    (folder / ".gitattributes").write_text("*.py filter=evil\n")
    (folder / "out").symlink_to("/etc/passwd")
    git("add", ".", cwd=folder)
    git("commit", "--quiet", "-m", "one", cwd=folder)
    git("tag", "v1.0", cwd=folder)
    (folder / "plugin" / "setup.py").write_text("VERSION = 2\n")
    git("commit", "--quiet", "-am", "two", cwd=folder)
    git("tag", "-a", "v1.10rc1", "-m", "annotated", cwd=folder)
    git("tag", "sometag", cwd=folder)
    (folder / "plugin" / "setup.py").write_text("VERSION = 3\n")
    git("commit", "--quiet", "-am", "three", cwd=folder)
    return folder
