"""A package index in a folder: pages in HTML (PEP 503) and JSON (PEP 691 and 700)."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tljh.demo.distributions import Release, build

PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><title>{title}</title></head><body>
{body}</body></html>
"""


def write_index(folder: Path, releases: Iterable[Release]) -> None:
    """Write every project's files and pages below `folder`."""
    projects: dict[str, list[Release]] = {}
    for release in releases:
        projects.setdefault(release.name, []).append(release)
    for name, own in projects.items():
        _write_project(folder / name, name, own)
    links = "".join(f'<a href="{name}/">{name}</a><br>\n' for name in sorted(projects))
    (folder / "index.html").write_text(PAGE.format(title="Sample plugins", body=links))


def _write_project(folder: Path, name: str, releases: Iterable[Release]) -> None:
    folder.mkdir(parents=True)
    files, anchors = [], []
    for release in releases:
        content = build(release)
        (folder / release.filename).write_bytes(content)
        if release.format == "wheel":
            (folder / f"{release.filename}.metadata").write_text(release.metadata, "utf-8")
        entry = _entry(release, content)
        files.append(entry)
        anchors.append(_anchor(entry))
    page = {
        "meta": {"api-version": "1.1"},
        "name": name,
        "versions": [release.version for release in releases],
        "files": files,
    }
    (folder / "index.json").write_text(json.dumps(page, indent=1) + "\n")
    (folder / "index.html").write_text(PAGE.format(title=name, body="".join(anchors)), "utf-8")


def _entry(release: Release, content: bytes) -> dict[str, Any]:
    metadata = {"sha256": hashlib.sha256(release.metadata.encode()).hexdigest()}
    return {
        "filename": release.filename,
        "url": release.filename,
        "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
        "core-metadata": metadata if release.format == "wheel" else False,
        "requires-python": release.requires_python,
        "size": len(content),
        "upload-time": release.uploaded.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "yanked": release.yanked or False,
    }


def _anchor(entry: dict[str, Any]) -> str:
    attributes = {
        "href": f"{entry['url']}#sha256={entry['hashes']['sha256']}",
        "data-requires-python": entry["requires-python"],
        "data-upload-time": entry["upload-time"],
    }
    if entry["core-metadata"]:
        attributes["data-core-metadata"] = f"sha256={entry['core-metadata']['sha256']}"
    if entry["yanked"]:
        attributes["data-yanked"] = entry["yanked"]
    text = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items())
    return f"<a {text}>{entry['filename']}</a><br>\n"
