"""Builds what the tests install: tiny wheels, and a conda channel of `.conda` packages."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import struct
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

WheelMaker = Callable[..., Path]
CondaMaker = Callable[..., Path]


def make_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    requires: Sequence[str] = (),
    files: Mapping[str, str] | None = None,
) -> Path:
    """Write a pure wheel `name-version` below `folder`."""
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    members = {f"{module}.py": f"version = {version!r}\n"} if files is None else dict(files)
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    members[f"{info}/METADATA"] = "\n".join([*metadata, *(f"Requires-Dist: {r}" for r in requires)]) + "\n"
    members[f"{info}/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = [f"{path},{_record_hash(text)},{len(text.encode())}" for path, text in members.items()]
    members[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,"]) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in members.items():
            archive.writestr(path, text)
    return wheel


def _record_hash(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
    return "sha256=" + digest.rstrip(b"=").decode()


def make_conda(
    channel: Path,
    name: str,
    version: str = "1.0",
    depends: Sequence[str] = (),
    files: Mapping[str, str] | None = None,
    build_number: int = 0,
    noarch: str = "generic",
    size: int = 0,
) -> Path:
    """Write the package `name-version` into the channel's `noarch`; `size` bytes of padding."""
    members = {f"share/{name}.txt": f"{name} {version}\n"} if files is None else dict(files)
    if size:
        members[f"share/{name}.bin"] = "x" * size
    build = f"0_{build_number}"
    index = {
        "name": name, "version": version, "build": build, "build_number": build_number, "noarch": noarch,
        "subdir": "noarch", "arch": None, "platform": None, "depends": list(depends),
        "license": "BSD-3-Clause", "timestamp": 1700000000000,
    }  # fmt: skip
    paths = [
        {"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(text.encode()).hexdigest(),
         "size_in_bytes": len(text.encode())}
        for path, text in members.items()
    ]  # fmt: skip
    info = {
        "info/index.json": json.dumps(index),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}),
        "info/files": "".join(f"{path}\n" for path in members),
    }
    if noarch == "python":
        info["info/link.json"] = json.dumps({"noarch": {"type": "python"}, "package_metadata_version": 1})
    stem = f"{name}-{version}-{build}"
    (channel / "noarch").mkdir(parents=True, exist_ok=True)
    package = channel / "noarch" / f"{stem}.conda"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
        archive.writestr(f"pkg-{stem}.tar.zst", zstd_stored(_tar(members)))
        archive.writestr(f"info-{stem}.tar.zst", zstd_stored(_tar(info)))
    return package


def _tar(members: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, text in members.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            entry.mode = 0o755 if text.startswith("#!") else 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def zstd_stored(content: bytes) -> bytes:
    """A valid zstd frame (RFC 8878) of raw blocks, so that no compressor is needed."""
    step = 128 * 1024
    blocks = [content[start : start + step] for start in range(0, len(content), step)] or [b""]
    frame = [b"\x28\xb5\x2f\xfd", b"\xa0", struct.pack("<I", len(content))]
    for number, block in enumerate(blocks):
        last = number == len(blocks) - 1
        frame += [struct.pack("<I", last | len(block) << 3)[:3], block]
    return b"".join(frame)


def index_channel(channel: Path) -> str:
    """Write the channel's repodata; its `file://` URL."""
    from rattler.index import index_fs

    (channel / "noarch").mkdir(parents=True, exist_ok=True)
    asyncio.run(index_fs(channel, write_zst=False, write_shards=False))
    return channel.as_uri()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """Serve folders over loopback HTTP; each call gives the folder's URL."""
    servers: list[ThreadingHTTPServer] = []

    def start(folder: Path) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def wheel() -> WheelMaker:
    return make_wheel


@pytest.fixture
def conda_package() -> CondaMaker:
    return make_conda


@pytest.fixture
def publish() -> Callable[[Path], str]:
    return index_channel
