"""A file on a web server, read in pieces by HTTP range requests: a few members of a wheel cost little."""

from __future__ import annotations

import io
import zipfile
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import httpx

from tljh.discovery.http import auth_for, make_client, strip, translate
from tljh.errors import NetworkError, UnusableArtifact
from tljh.index_settings import IndexSettings

TAIL = 32 * 1024
"""Bytes of the end that are asked for first: the central directory, and small wheels as a whole."""
AHEAD = 32 * 1024
"""Bytes that may be read beyond all the members that were asked for, besides the tail."""
STEP = 1024 * 1024
"""Longest piece of one request, but where a single read wants more."""


@dataclass(frozen=True, slots=True)
class RemoteArchive:
    """Where the archive is, and its end, as the first range request told."""

    url: str
    size: int
    tail: bytes
    settings: IndexSettings
    etag: str | None = None

    def open(self) -> RemoteFile:
        """A seekable file over it. Reading blocks: use it in a thread."""
        return RemoteFile(self)


class RemoteFile(io.RawIOBase):
    """Reads the archive with one request for each member, and ahead of small ones within a budget.

    Raises NetworkError when reading fails, UnusableArtifact if the file changed meanwhile.
    """

    def __init__(self, archive: RemoteArchive, client: httpx.Client | None = None) -> None:
        self._archive = archive
        self._client = client
        self._pieces: dict[int, bytes] = {archive.size - len(archive.tail): archive.tail}
        self._starts = sorted(self._pieces)
        self._position = 0
        self._budget = AHEAD
        self._ahead: dict[int, int] = {}
        self._boundaries: list[int] | None = None
        self.requests = 0
        self.bytes_fetched = len(archive.tail)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._archive.size}[whence]
        if start + offset < 0:
            raise OSError(22, "Invalid argument")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        end = min(self._position + len(view), self._archive.size)
        done = 0
        while self._position < end:
            piece = self._piece(self._position, end)
            piece = piece[: end - self._position]
            view[done : done + len(piece)] = piece
            done += len(piece)
            self._position += len(piece)
        return done

    def close(self) -> None:
        if self._client and not self.closed:
            self._client.close()
        super().close()

    def _piece(self, position: int, end: int) -> bytes:
        """Bytes from a position on: at least one, from what is here or from the server.

        A member that was read ahead and is wanted after all gives its share of the budget back.
        """
        found = bisect_right(self._starts, position) - 1
        if found >= 0:
            start = self._starts[found]
            kept = self._pieces[start]
            if position < start + len(kept):
                self._budget += self._ahead.pop(position, 0)
                return kept[position - start :]
        following = self._starts[found + 1] if found + 1 < len(self._starts) else self._archive.size
        stop = min(self._reach(position, end), following)
        fetched = self._fetch(position, stop)
        self._pieces[position] = fetched
        self._starts.insert(found + 1, position)
        return fetched

    def _reach(self, position: int, end: int) -> int:
        """How far to read: to the end of the member, and of small members behind it within the budget."""
        boundaries = self._members()
        here = bisect_right(boundaries, position)
        stop = boundaries[here] if here < len(boundaries) else end
        stop = max(end, min(stop, position + STEP))
        for boundary in boundaries[here + 1 :]:
            if boundary <= stop or boundary - stop > self._budget:
                break
            self._budget -= boundary - stop
            self._ahead[stop] = boundary - stop
            stop = boundary
        return stop

    def _members(self) -> list[int]:
        """Where members begin, and where the last one ends; read once from the central directory."""
        if self._boundaries is None:
            self._boundaries = []  # reading the directory itself comes here, too
            position = self._position
            try:
                with zipfile.ZipFile(self) as archive:
                    starts = {member.header_offset for member in archive.infolist()}
                    self._boundaries = sorted({*starts, archive.start_dir})
            except (zipfile.BadZipFile, NotImplementedError, ValueError):
                self._boundaries = []
            self._position = position
        return self._boundaries

    def _fetch(self, start: int, stop: int) -> bytes:
        archive = self._archive
        if self._client is None:
            self._client = make_client(archive.settings, httpx.Client)
        headers = {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
        if archive.etag and not archive.etag.startswith("W/"):
            headers["If-Range"] = archive.etag
        content = b""
        for attempt in range(2):
            try:
                with self._client.stream(
                    "GET", strip(archive.url), headers=headers, auth=auth_for(archive.url, archive.settings)
                ) as response:
                    self.requests += 1
                    self._check(response, start)
                    content = response.read()
                break
            except httpx.HTTPError as error:
                if attempt or isinstance(error, httpx.TimeoutException):
                    raise translate(error, archive.url, archive.settings) from error
        self.bytes_fetched += len(content)
        if len(content) != stop - start:
            raise NetworkError(f"{strip(archive.url)} was cut short while it was read.", "Try again.")
        return content

    def _check(self, response: httpx.Response, start: int) -> None:
        archive = self._archive
        if response.status_code >= 400:
            raise NetworkError(
                f"HTTP {response.status_code} while reading {strip(archive.url)}.", "Try again."
            )
        expected = f"bytes {start}-"
        shown = response.headers.get("content-range", "")
        if (
            response.status_code != 206
            or not shown.startswith(expected)
            or not shown.endswith(f"/{archive.size}")
        ):
            raise UnusableArtifact(f"{strip(archive.url)} changed while it was read.", "Try again.")
