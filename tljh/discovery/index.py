"""The package index as the machine is set up: every index and folder of links, merged, through the cache."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, unquote, urlsplit

from packaging.metadata import parse_email
from packaging.utils import canonicalize_name

from tljh.discovery.cache import PageCache
from tljh.discovery.history import History, history_url, parse_history
from tljh.discovery.http import Http
from tljh.discovery.pages import ACCEPT, IndexFile, parse_folder, parse_html, parse_page
from tljh.errors import NetworkError
from tljh.index_settings import IndexSettings, without_credentials


@dataclass(frozen=True, slots=True)
class Project:
    """A project with the files of all indexes; an index named earlier comes first."""

    name: str
    files: tuple[IndexFile, ...]
    indexes: tuple[str, ...] = ()
    """The indexes that have it, without credentials."""
    summary: str = ""
    """Of the newest release, where the index told it along."""
    stale_since: datetime | None = None
    """When the oldest page used was fetched, if it could not be revalidated."""
    problems: tuple[str, ...] = ()
    """Indexes that could not be asked, and why."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one index says of a project."""

    files: tuple[IndexFile, ...] = ()
    index: str = ""
    summary: str = ""
    stale_since: datetime | None = None
    problem: NetworkError | None = None
    """Why it could not be asked, or only its cached page be used."""


class Index:
    """Asks the indexes of `settings`. Close it, or use it as an async context manager."""

    def __init__(
        self,
        settings: IndexSettings,
        cache_dir: Path | None = None,
        *,
        http: Http | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.settings = settings
        self.http = http or Http(settings)
        self._cache = PageCache(cache_dir, self.http, now)

    async def __aenter__(self) -> Index:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.close()

    async def project(self, name: str) -> Project | None:
        """The project of that name, None if no index has it.

        Raises NetworkError if it was not found and an index could not be asked; an index that fails
        while another one has the project is a problem of the result.
        """
        canonical = str(canonicalize_name(name))
        answers: Sequence[_Answer] = await asyncio.gather(
            *(self._ask(url, canonical) for url in self.settings.index_urls),
            *(self._links(link, canonical) for link in self.settings.find_links),
        )
        useful = [answer for answer in answers if answer.files]
        failed = [answer.problem for answer in answers if answer.problem]
        if not useful:
            if failed:
                raise failed[0]
            return None
        stale = [answer.stale_since for answer in useful if answer.stale_since]
        return Project(
            name=canonical,
            files=tuple({file.filename: file for a in reversed(useful) for file in a.files}.values())[::-1],
            indexes=tuple(dict.fromkeys(answer.index for answer in useful)),
            summary=next((answer.summary for answer in useful if answer.summary), ""),
            stale_since=min(stale, default=None),
            problems=tuple(problem.message for problem in failed),
        )

    async def metadata(self, file: IndexFile) -> bytes | None:
        """The core metadata that the index serves beside a file (PEP 658); None where it does not.

        Raises NetworkError; metadata that does not have the promised hash is not used.
        """
        if not file.metadata:
            return None
        url = file.url + ".metadata"
        if path := local_path(url):
            content = path.read_bytes() if path.is_file() else None
        else:
            page = await self._cache.get(url, "*/*")
            content = page.content if page else None
        if content is None:
            return None
        expected = file.metadata_sha256
        return content if expected in {None, hashlib.sha256(content).hexdigest()} else None

    async def summary(self, project: Project, version: str) -> str:
        """One line on the project, from its metadata or its history; empty if the index serves neither."""
        if project.summary:
            return project.summary
        for file in project.files:
            if str(file.version) == version and file.metadata and (content := await self.metadata(file)):
                raw, _ = parse_email(content)
                return " ".join(raw.get("summary", "").split())
        for index in self.settings.index_urls:
            if without_credentials(index) in project.indexes:
                history = await self._history(index, project.name)
                if history and history.summary:
                    return history.summary
        return ""

    async def _ask(self, index: str, name: str) -> _Answer:
        url = f"{index.rstrip('/')}/{quote(name)}/"
        shown = without_credentials(index)
        if path := local_path(url):
            return _Answer(_local_files(path, url, name), shown)
        try:
            page = await self._cache.get(url, ACCEPT)
            if page is None:
                return _Answer()
            files = parse_page(page.content, page.content_type, page.url, name)
        except NetworkError as error:
            return _Answer(problem=error)
        summary = ""
        if files and not all(file.uploaded for file in files):
            history = await self._history(index, name)
            if history:
                files, summary = tuple(history.complete(file) for file in files), history.summary
        problem = NetworkError(page.problem) if page.problem else None
        return _Answer(files, shown, summary, page.fetched if page.stale else None, problem)

    async def _history(self, index: str, name: str) -> History | None:
        """The index's JSON history of a project; None if it has none, since nothing depends on it."""
        url = history_url(index, name)
        if url is None or url.startswith("file:"):
            return None
        try:
            page = await self._cache.get(url, "application/json")
            return parse_history(page.content) if page else None
        except NetworkError:
            return None

    async def _links(self, link: str, name: str) -> _Answer:
        """The project's files in a `find-links` folder or page."""
        path = local_path(link) if link.startswith("file:") else None if "://" in link else Path(link)
        shown = without_credentials(link)
        if path is not None:
            if path.is_file():
                return _Answer(parse_html(path.read_bytes(), path.absolute().as_uri(), name), shown)
            return _Answer(parse_folder(path.absolute(), name) if path.is_dir() else (), shown)
        try:
            page = await self._cache.get(link, "text/html")
            files = parse_page(page.content, page.content_type, page.url, name) if page else ()
        except NetworkError as error:
            return _Answer(problem=error)
        return _Answer(files, shown, stale_since=page.fetched if page and page.stale else None)


def local_path(url: str) -> Path | None:
    """The path of a file: URL, None for any other."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _local_files(folder: Path, url: str, name: str) -> tuple[IndexFile, ...]:
    """A project's files in an index on disk: its `index.html`, else the files themselves."""
    page = folder / "index.html"
    if page.is_file():
        files = parse_html(page.read_bytes(), url, name)
        return tuple(_with_size(file) for file in files)
    return parse_folder(folder, name) if folder.is_dir() else ()


def _with_size(file: IndexFile) -> IndexFile:
    path = local_path(file.url)
    return replace(file, size=path.stat().st_size) if path and path.is_file() else file
