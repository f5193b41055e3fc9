"""Dates, sizes and yanks of releases, from the JSON document that many indexes serve beside `/simple/`.

Some mirrors serve project pages without the dates of PEP 700: they are filled in. Hashes never are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tljh.discovery.pages import GarbledPage, IndexFile, parse_time


@dataclass(frozen=True, slots=True)
class FileHistory:
    """What the document says of one file."""

    uploaded: datetime | None
    size: int | None
    sha256: str | None
    yanked: bool
    yanked_reason: str | None
    requires_python: str | None


@dataclass(frozen=True, slots=True)
class History:
    """One line on the project, and its files by name."""

    summary: str
    files: Mapping[str, FileHistory]

    def complete(self, file: IndexFile) -> IndexFile:
        """The file with what its page left out; another file of the same name says nothing about it."""
        known = self.files.get(file.filename)
        if known is None or (file.sha256 and known.sha256 and file.sha256 != known.sha256):
            return file
        return replace(
            file,
            uploaded=file.uploaded or known.uploaded,
            size=known.size if file.size is None else file.size,
            yanked=file.yanked or known.yanked,
            yanked_reason=file.yanked_reason or known.yanked_reason,
            requires_python=file.requires_python or known.requires_python,
        )


def history_url(index: str, name: str) -> str | None:
    """Where the document of a project is, None if the index URL has not the usual shape."""
    root = index.rstrip("/")
    if not root.endswith("/simple"):
        return None
    return f"{root.removesuffix('/simple')}/pypi/{quote(name)}/json"


def parse_history(content: bytes) -> History:
    """Read the document. Raises GarbledPage."""
    try:
        document = json.loads(content)
        releases = document["releases"].values()
        files = {
            entry["filename"]: _file(entry)
            for release in releases
            for entry in release
            if isinstance(entry["filename"], str)
        }
        summary = document["info"].get("summary")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise GarbledPage("the history of the project", str(error)) from None
    return History(" ".join(summary.split()) if isinstance(summary, str) else "", files)


def _file(entry: Mapping[str, Any]) -> FileHistory:
    size, reason, python = entry.get("size"), entry.get("yanked_reason"), entry.get("requires_python")
    digests = entry.get("digests")
    return FileHistory(
        uploaded=parse_time(entry.get("upload_time_iso_8601") or entry.get("upload_time")),
        size=size if isinstance(size, int) else None,
        sha256=digests.get("sha256") if isinstance(digests, dict) else None,
        yanked=entry.get("yanked") is True,
        yanked_reason=reason if isinstance(reason, str) and reason else None,
        requires_python=python if isinstance(python, str) and python else None,
    )
