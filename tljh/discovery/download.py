"""Whole files: streamed to disk, limited, checked, and moved to their place only when they are right."""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from tljh.discovery.errors import HashMismatch, TooLarge
from tljh.discovery.folders import MAX_BYTES, file_sha256
from tljh.discovery.http import Http, StatusError, is_transient, public, strip
from tljh.discovery.remote_zip import TAIL, RemoteArchive
from tljh.errors import NetworkError, UnusableArtifact

OnProgress = Callable[[int, "int | None"], None]
"""Called with the bytes done and the bytes in all, None where unknown."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to download, and what is known of it."""

    url: str
    filename: str
    sha256: str | None = None
    size: int | None = None

    def place(self, folder: Path) -> Path | None:
        """Where it is kept, if its hash is known."""
        return folder / self.sha256 / self.filename if self.sha256 else None


def kept(wanted: Wanted, folder: Path) -> Path | None:
    """The file if it is in the folder and whole."""
    place = wanted.place(folder)
    if place and place.is_file() and file_sha256(place) == wanted.sha256:
        return place
    return None


async def download(
    wanted: Wanted,
    folder: Path,
    http: Http,
    *,
    limit: int = MAX_BYTES,
    attempts: int = 3,
    on_progress: OnProgress | None = None,
) -> Path:
    """The file at `folder/<sha256>/<filename>`. Raises NetworkError and UnusableArtifact."""
    if place := kept(wanted, folder):
        return place
    for attempt in range(1, attempts + 1):
        try:
            async with http.stream(wanted.url, {"Accept-Encoding": "identity"}) as response:
                return await save(response, wanted, folder, limit=limit, on_progress=on_progress)
        except NetworkError as error:
            if attempt == attempts or not is_transient(error):
                raise
    raise AssertionError


async def probe(wanted: Wanted, folder: Path, http: Http, *, limit: int = MAX_BYTES) -> RemoteArchive | Path:
    """The end of a remote wheel, if the server serves ranges and it is not all of it; else the whole file."""
    headers = {"Range": f"bytes=-{TAIL}", "Accept-Encoding": "identity"}
    try:
        async with http.stream(wanted.url, headers) as response:
            if response.status_code != 206:
                return await save(response, wanted, folder, limit=limit)
            match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", response.headers.get("content-range", ""))
            size = int(match[3]) if match else 0
            tail = await _tail(response, TAIL)
            if match and int(match[1]) + len(tail) == size == int(match[2]) + 1:
                check_size(size, wanted, limit)
                if len(tail) == size:
                    return keep_bytes(tail, wanted, folder)
                etag = response.headers.get("etag")
                return RemoteArchive(wanted.url, size, tail, http.settings, etag)
    except StatusError as error:
        if error.status not in {400, 416, 501}:
            raise
    return await download(wanted, folder, http, limit=limit)


async def save(
    response: httpx.Response,
    wanted: Wanted,
    folder: Path,
    *,
    limit: int,
    on_progress: OnProgress | None = None,
) -> Path:
    """Write a response's body to its place, through a file beside it."""
    if response.status_code != 200:
        raise StatusError(response.status_code, public(response))
    length = response.headers.get("content-length", "")
    total = int(length) if length.isdigit() else wanted.size
    if total is not None:
        check_size(total, wanted, limit)
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".download-")
    part = Path(name)
    digest, done = hashlib.sha256(), 0
    try:
        with os.fdopen(descriptor, "wb") as stream:
            async for chunk in response.aiter_bytes(1 << 16):
                done += len(chunk)
                check_size(done, wanted, limit)
                digest.update(chunk)
                stream.write(chunk)
                if on_progress:
                    on_progress(done, total)
        check_hash(digest.hexdigest(), wanted, done)
        check_archive(part, wanted.filename, strip(wanted.url))
        place = folder / digest.hexdigest() / wanted.filename
        return move(part, place)
    finally:
        part.unlink(missing_ok=True)


def keep_file(path: Path, folder: Path, sha256: str) -> Path:
    """Copy a local file to its place. Raises HashMismatch if it is not the one that was inspected."""
    place = folder / sha256 / path.name
    if place.is_file() and file_sha256(place) == sha256:
        return place
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".copy-")
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream, path.open("rb") as source:
            shutil.copyfileobj(source, stream, 1 << 20)
        if file_sha256(part) != sha256:
            raise HashMismatch(f"{path} is not the file that was inspected.", "Preview it again.")
        return move(part, place)
    finally:
        part.unlink(missing_ok=True)


def keep_bytes(content: bytes, wanted: Wanted, folder: Path) -> Path:
    """Write a small file that came as a whole to its place, checked."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".download-")
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        digest = hashlib.sha256(content).hexdigest()
        check_hash(digest, wanted, len(content))
        check_archive(part, wanted.filename, strip(wanted.url))
        return move(part, folder / digest / wanted.filename)
    finally:
        part.unlink(missing_ok=True)


def move(part: Path, place: Path) -> Path:
    """Put a finished file to its place in one step."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part.chmod(0o644)
    os.replace(part, place)
    return place


def check_hash(found: str, wanted: Wanted, size: int) -> None:
    if wanted.sha256 in {None, found}:
        return
    short = wanted.size is not None and size < wanted.size
    what = f"was cut short: {size} of {wanted.size} bytes" if short else f"has sha256 {found[:12]}…"
    raise HashMismatch(
        f"{strip(wanted.url)} {what}, not the promised {(wanted.sha256 or '')[:12]}….",
        "Try again; if it stays so, the index, a proxy or the file was tampered with or is broken.",
    )


def check_size(size: int, wanted: Wanted, limit: int) -> None:
    if size > limit:
        raise TooLarge(
            f"{strip(wanted.url)} is larger than {limit >> 20} MiB.",
            "No plugin is that large: check the URL.",
        )


def check_archive(path: Path, filename: str, shown: str) -> None:
    """Raises UnusableArtifact unless the file begins and ends as its name promises."""
    zipped = filename.lower().endswith((".whl", ".zip"))
    try:
        whole = zipfile.is_zipfile(path) if zipped else tarfile.is_tarfile(path)
    except (EOFError, zlib.error, lzma.LZMAError, OSError):
        whole = False
    if whole:
        return
    kind = "wheel" if filename.endswith(".whl") else "archive"
    raise UnusableArtifact(f"{shown} is no {kind}, or is truncated.", "Download or build it again.")


async def _tail(response: httpx.Response, limit: int) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > limit:
            return b""
    return bytes(content)
