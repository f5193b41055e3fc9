"""The catalogue of known plugins: a TOML file bundled with this package, or another one of its shape."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tljh.discovery.candidates import Candidate, PluginSource
from tljh.discovery.errors import InvalidCatalogue

BUNDLED = Path(__file__).with_name("catalogue.toml")

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_TEXT = ("name", "summary", "index", "git", "subdirectory", "ref")
_LISTS = ("topics", "packages")
_KEYS = {*_TEXT, *_LISTS, "documented", "last_commit"}


@lru_cache(maxsize=8)
def load_catalogue(path: Path | None = None) -> tuple[Candidate, ...]:
    """Every plugin of the catalogue, in the file's order. Raises InvalidCatalogue that names the entry."""
    source = path or BUNDLED
    try:
        text = source.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidCatalogue(
            f"The catalogue {source} cannot be read: {reason}.", "Name a catalogue file that exists."
        ) from None
    return parse_catalogue(text, "the bundled catalogue" if path is None else f"the catalogue {path}")


def parse_catalogue(text: str, origin: str) -> tuple[Candidate, ...]:
    """The plugins of a catalogue's text; `origin` says in errors and to people where it comes from."""
    document = _parse_toml(text, origin)
    unknown = sorted(set(document) - {"plugin"})
    entries = document.get("plugin", [])
    if unknown or not isinstance(entries, list):
        wrong = f"unknown key {unknown[0]}" if unknown else "`plugin` is not a list of tables"
        raise InvalidCatalogue(f"{_capital(origin)}: {wrong}.", "A catalogue holds [[plugin]] tables only.")
    found: dict[str, Candidate] = {}
    for number, entry in enumerate(entries, 1):
        candidate = _candidate(entry, number, origin)
        key = normalized(candidate.name)
        if key in found:
            raise _wrong(origin, candidate.name, "is there twice")
        found[key] = candidate
    return tuple(found.values())


def normalized(name: str) -> str:
    """A project name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def find(name: str, candidates: tuple[Candidate, ...]) -> Candidate | None:
    """The candidate of that name, whatever its case and separators."""
    wanted = normalized(name)
    return next((candidate for candidate in candidates if normalized(candidate.name) == wanted), None)


def _parse_toml(text: str, origin: str) -> Mapping[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib

        parse, error_type = tomllib.loads, tomllib.TOMLDecodeError
    else:
        import tomlkit
        from tomlkit.exceptions import TOMLKitError as error_type

        def parse(text: str) -> dict[str, Any]:
            return tomlkit.parse(text).unwrap()

    try:
        return parse(text)
    except error_type as error:
        raise InvalidCatalogue(
            f"{_capital(origin)} is not valid TOML: {error}.", "Correct the line that it names."
        ) from None


def _candidate(entry: Any, number: int, origin: str) -> Candidate:
    """One checked entry; the index comes before git among its sources."""
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _wrong(origin, f"number {number}", "has no valid `name`")
    _check_types(entry, name, origin)
    index, git = entry.get("index"), entry.get("git")
    if not index and not git:
        raise _wrong(origin, name, "has no source: give `index` or `git`")
    if index and not _NAME.fullmatch(index):
        raise _wrong(origin, name, f"has an `index` that is no project name: {index!r}")
    sources = []
    if index:
        sources.append(PluginSource("index", index))
    if git:
        _check_git(git, entry, name, origin)
        sources.append(PluginSource("git", git, entry.get("subdirectory"), entry.get("ref")))
    elif entry.get("subdirectory") or entry.get("ref"):
        raise _wrong(origin, name, "has `subdirectory` or `ref` without `git`")
    return Candidate(
        name=name,
        summary=entry.get("summary", ""),
        sources=tuple(sources),
        documented=entry.get("documented", False),
        last_activity=entry.get("last_commit"),
        topics=tuple(entry.get("topics", ())),
        packages=tuple(entry.get("packages", ())),
        provenance=(origin,),
    )


def _check_types(entry: Mapping[str, Any], name: str, origin: str) -> None:
    for key, value in entry.items():
        if key not in _KEYS:
            raise _wrong(origin, name, f"has an unknown key `{key}`")
        if key in _TEXT and (not isinstance(value, str) or not value.strip() or not value.isprintable()):
            raise _wrong(origin, name, f"needs one line of text as `{key}`")
        if key in _LISTS and not (
            isinstance(value, list) and all(isinstance(item, str) and item.isprintable() for item in value)
        ):
            raise _wrong(origin, name, f"needs a list of texts as `{key}`")
        if key == "documented" and not isinstance(value, bool):
            raise _wrong(origin, name, "needs true or false as `documented`")
        if key == "last_commit" and (not isinstance(value, date) or isinstance(value, datetime)):
            raise _wrong(origin, name, f"needs a day such as 2026-01-31 as `last_commit`, not {value!r}")


def _check_git(url: str, entry: Mapping[str, Any], name: str, origin: str) -> None:
    parts = urlsplit(url)
    usable = (
        bool(parts.path) if parts.scheme == "file" else parts.scheme in {"https", "ssh"} and parts.hostname
    )
    if not usable or parts.query or parts.fragment or parts.password or "@" in parts.path:
        raise _wrong(origin, name, f"has a `git` that is no repository URL: {url!r}")
    folder = entry.get("subdirectory", "")
    if folder.startswith("/") or ".." in folder.split("/"):
        raise _wrong(origin, name, f"has a `subdirectory` outside the repository: {folder!r}")


def _wrong(origin: str, entry: str, what: str) -> InvalidCatalogue:
    return InvalidCatalogue(f"{_capital(origin)}: the entry {entry} {what}.", "Correct that entry.")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
