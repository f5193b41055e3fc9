"""Pages of the network kept on disk: revalidated when there is a network, used as they are without one."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tljh.discovery.http import Http, StatusError
from tljh.errors import NetworkError
from tljh.index_settings import without_credentials

FORMAT = 1
DEFAULT_FRESHNESS = 60
"""Seconds for which a page is taken as it is if its server says nothing about that."""
LONGEST_FRESHNESS = 600


@dataclass(frozen=True, slots=True)
class Page:
    """A page with where and when it was fetched; `stale` if it could not be revalidated."""

    url: str
    content_type: str
    content: bytes
    fetched: datetime
    etag: str | None = None
    last_modified: str | None = None
    max_age: int = DEFAULT_FRESHNESS
    stale: bool = False
    problem: str | None = None
    """Why it could not be revalidated."""

    def is_fresh(self, now: datetime) -> bool:
        return self.fetched <= now < self.fetched + timedelta(seconds=self.max_age)


class PageCache:
    """Gets pages through a folder on disk. Without a folder nothing is kept."""

    def __init__(self, folder: Path | None, http: Http, now: Callable[[], datetime] | None = None) -> None:
        self._folder = folder
        self._http = http
        self._now = now or (lambda: datetime.now(timezone.utc))

    async def get(self, url: str, accept: str) -> Page | None:
        """The page, None if there is none (404, 410). Raises NetworkError if it cannot be had at all."""
        path = self._path(url)
        kept = self._read(path)
        now = self._now()
        if kept and kept.is_fresh(now):
            return kept
        headers = {"Accept": accept}
        if kept and kept.etag:
            headers["If-None-Match"] = kept.etag
        if kept and kept.last_modified:
            headers["If-Modified-Since"] = kept.last_modified
        try:
            reply = await self._http.get(url, headers)
            if reply.status >= 400 and reply.status not in {404, 410}:
                raise StatusError(reply.status, without_credentials(url))
        except NetworkError as error:
            if kept is None:
                raise
            return replace(kept, stale=True, problem=error.message)
        if reply.status in {404, 410}:
            return None
        age = _max_age(reply.headers)
        if reply.status == 304 and kept:
            page = replace(kept, fetched=now, max_age=DEFAULT_FRESHNESS if age is None else age)
        else:
            page = Page(
                url=reply.url,
                content_type=reply.headers.get("content-type", ""),
                content=reply.content,
                fetched=now,
                etag=reply.headers.get("etag"),
                last_modified=reply.headers.get("last-modified"),
                max_age=DEFAULT_FRESHNESS if age is None else age,
            )
        if "no-store" not in reply.headers.get("cache-control", ""):
            _write(path, page)
        return page

    def _path(self, url: str) -> Path | None:
        if self._folder is None:
            return None
        return self._folder / "pages" / f"{hashlib.sha256(url.encode()).hexdigest()[:40]}.json"

    def _read(self, path: Path | None) -> Page | None:
        """What is kept, None if it is missing or broken in any way."""
        if path is None:
            return None
        try:
            entry = json.loads(path.read_bytes())
            if entry["format"] != FORMAT:
                return None
            content = base64.b64decode(entry["content"], validate=True)
            if hashlib.sha256(content).hexdigest() != entry["sha256"]:
                return None
            return Page(
                url=str(entry["url"]),
                content_type=str(entry["content_type"]),
                content=content,
                fetched=datetime.fromisoformat(entry["fetched"]).astimezone(timezone.utc),
                etag=entry["etag"],
                last_modified=entry["last_modified"],
                max_age=int(entry["max_age"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _write(path: Path | None, page: Page) -> None:
    """Replace the entry in one step; a cache that cannot be written is no failure."""
    if path is None:
        return
    entry = {
        "format": FORMAT,
        "url": page.url,
        "content_type": page.content_type,
        "fetched": page.fetched.isoformat(),
        "etag": page.etag,
        "last_modified": page.last_modified,
        "max_age": page.max_age,
        "sha256": hashlib.sha256(page.content).hexdigest(),
        "content": base64.b64encode(page.content).decode(),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".page-")
        try:
            with os.fdopen(descriptor, "w") as stream:
                json.dump(entry, stream)
            os.replace(name, path)
        except OSError:
            Path(name).unlink(missing_ok=True)
    except OSError:
        return


def _max_age(headers: Mapping[str, str]) -> int | None:
    control = headers.get("cache-control", "")
    if "no-cache" in control:
        return 0
    match = re.search(r"max-age=(\d+)", control)
    return min(int(match[1]), LONGEST_FRESHNESS) if match else None


def default_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """`$TLJH_CACHE_DIR`, else this user's cache folder."""
    if named := environ.get("TLJH_CACHE_DIR"):
        return Path(named)
    import platformdirs

    return platformdirs.user_cache_path("tljh-wizard")
