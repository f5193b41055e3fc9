"""Project pages of an index: JSON (PEP 691, 700, 714), HTML (PEP 503, 592, 658), plain folders of files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from tljh.errors import NetworkError

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
_SDIST = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class IndexFile:
    """One file of a project, as an index describes it."""

    filename: str
    url: str
    version: Version
    kind: Literal["wheel", "sdist"]
    sha256: str | None = None
    requires_python: str | None = None
    yanked: bool = False
    yanked_reason: str | None = None
    size: int | None = None
    uploaded: datetime | None = None
    metadata: bool = False
    """Whether its core metadata is at `url` + `.metadata` (PEP 658)."""
    metadata_sha256: str | None = None
    tags: frozenset[Tag] = frozenset()


class GarbledPage(NetworkError):
    """The index answered with something that is no project page."""

    code = "garbled-index"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"{url} is not a project page of a package index: {reason}.",
            "Check the index URL: it usually ends in /simple.",
        )


def parse_page(content: bytes, content_type: str, url: str, project: str) -> tuple[IndexFile, ...]:
    """The files of a page, as its content type says. Raises GarbledPage."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith("json"):
        return parse_json(content, url, project)
    if kind in {"", "text/html", "application/vnd.pypi.simple.v1+html", "application/xhtml+xml"}:
        return parse_html(content, url, project)
    raise GarbledPage(url, f"it is {kind}")


def parse_json(content: bytes, url: str, project: str) -> tuple[IndexFile, ...]:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise GarbledPage(url, f"its JSON does not parse ({error})") from None
    entries = document.get("files") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise GarbledPage(url, "its JSON has no list of files")
    api = document.get("meta", {})
    version = str(api.get("api-version", "1.0")) if isinstance(api, dict) else "1.0"
    if not version.startswith("1."):
        raise GarbledPage(url, f"it has the unknown version {version} of the index API")
    files = []
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("url"), str):
            hashes = entry.get("hashes")
            metadata = entry.get("core-metadata", entry.get("dist-info-metadata"))
            files.append(
                _file(
                    project,
                    urljoin(url, entry["url"]),
                    filename=_text(entry.get("filename")),
                    sha256=_text(hashes.get("sha256")) if isinstance(hashes, dict) else None,
                    requires_python=_text(entry.get("requires-python")),
                    yanked=entry.get("yanked", False),
                    size=entry.get("size"),
                    uploaded=_text(entry.get("upload-time")),
                    metadata=metadata,
                )
            )
    return tuple(file for file in files if file)


def parse_html(content: bytes, url: str, project: str) -> tuple[IndexFile, ...]:
    text = content.decode("utf-8", "replace")
    if text.strip() and "<" not in text:
        raise GarbledPage(url, "it is no HTML")
    parser = _Links(url)
    parser.feed(text)
    parser.close()
    files = []
    for href, attributes in parser.links:
        target, fragment = urldefrag(urljoin(parser.base, href))
        metadata = attributes.get("data-core-metadata", attributes.get("data-dist-info-metadata"))
        algorithm, _, digest = fragment.partition("=")
        files.append(
            _file(
                project,
                target,
                sha256=digest if algorithm == "sha256" else None,
                requires_python=attributes.get("data-requires-python"),
                yanked=(attributes["data-yanked"] or True) if "data-yanked" in attributes else False,
                uploaded=attributes.get("data-upload-time"),
                metadata=_html_metadata(metadata),
            )
        )
    return tuple(file for file in files if file)


def parse_folder(folder: Path, project: str) -> tuple[IndexFile, ...]:
    """The project's files among the plain files of a folder."""
    found = (
        _file(project, path.as_uri(), size=path.stat().st_size)
        for path in sorted(folder.iterdir())
        if path.is_file()
    )
    return tuple(file for file in found if file)


def _file(
    project: str,
    url: str,
    *,
    filename: str | None = None,
    sha256: str | None = None,
    requires_python: str | None = None,
    yanked: Any = False,
    size: Any = None,
    uploaded: str | None = None,
    metadata: Any = None,
) -> IndexFile | None:
    """A checked file; None for what is neither a wheel nor an sdist of this project."""
    filename = filename or unquote(urlsplit(url).path.rpartition("/")[2])
    identity = identify(filename, project)
    if identity is None or "/" in filename or urlsplit(url).scheme not in {"http", "https", "file"}:
        return None
    version, kind, tags = identity
    digest = metadata.get("sha256") if isinstance(metadata, Mapping) else None
    return IndexFile(
        filename=filename,
        url=url,
        version=version,
        kind=kind,
        sha256=sha256.lower() if sha256 and _DIGEST.fullmatch(sha256.lower()) else None,
        requires_python=requires_python or None,
        yanked=yanked is not False and yanked is not None,
        yanked_reason=yanked if isinstance(yanked, str) and yanked else None,
        size=size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        uploaded=parse_time(uploaded),
        metadata=bool(metadata),
        metadata_sha256=digest if isinstance(digest, str) else None,
        tags=tags,
    )


def identify(
    filename: str, project: str | None
) -> tuple[Version, Literal["wheel", "sdist"], frozenset[Tag]] | None:
    """Version, kind and wheel tags that a file name states; None for another project, or no release."""
    try:
        if filename.endswith(".whl"):
            name, version, _, tags = parse_wheel_filename(filename)
            if project is not None and name != canonicalize_name(project):
                return None
            return version, "wheel", tags
    except (InvalidWheelFilename, InvalidVersion):
        return None
    stem = next((filename[: -len(suffix)] for suffix in _SDIST if filename.endswith(suffix)), None)
    if stem is None:
        return None
    for match in re.finditer("-", stem):
        name_part, version_part = stem[: match.start()], stem[match.end() :]
        if project is not None and canonicalize_name(name_part) != canonicalize_name(project):
            continue
        try:
            return Version(version_part), "sdist", frozenset()
        except InvalidVersion:
            continue
    return None


def parse_time(text: str | None) -> datetime | None:
    """An ISO 8601 time, as UTC."""
    if not text:
        return None
    text = re.sub(r"\.(\d{1,6})\d*", lambda match: "." + match[1].ljust(6, "0"), text.strip())
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)


def _html_metadata(value: str | None) -> Any:
    if not value or value == "false":
        return None
    algorithm, equals, digest = value.partition("=")
    return {algorithm: digest} if equals else True


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


class _Links(HTMLParser):
    """The links of a page, and what they are relative to."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.links: list[tuple[str, Mapping[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        attributes = {key: value or "" for key, value in attrs}
        if tag == "a" and "href" in attributes:
            self.links.append((attributes["href"], attributes))
        elif tag == "base" and "href" in attributes:
            self.base = urljoin(self.base, attributes["href"])
