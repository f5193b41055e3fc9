"""Reading what a person typed: everything that pip accepts as one requirement. Nothing is run or opened."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit, urlunsplit

from tljh.discovery.candidates import Candidate, PluginSource, SourceKind
from tljh.discovery.errors import InvalidRequirement
from tljh.index_settings import without_credentials

if TYPE_CHECKING:
    from packaging.requirements import Requirement

ARCHIVE_SUFFIXES = (".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz", ".tar")
GIT_TRANSPORTS = ("https", "http", "ssh", "file", "git")

_EXTRAS = re.compile(r"^(?P<rest>.+?)\[(?P<extras>[A-Za-z0-9._, -]+)\]$")
_NAMED_URL = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^\]]*\])?\s*@\s*\S")
_REF = re.compile(r"[A-Za-z0-9_.+][A-Za-z0-9_./+-]*")
_HEX = re.compile(r"^[0-9a-f]{64}$")
_EXAMPLES = (
    "Write NAME, NAME==VERSION, git+https://HOST/OWNER/REPO@TAG, a URL, or the path of a file or folder."
)


@dataclass(frozen=True, slots=True)
class RequestedPlugin:
    """What a requirement asks for."""

    text: str
    """As it was typed."""
    kind: SourceKind
    name: str | None = None
    """None where only the artifact itself can tell."""
    specifier: str = ""
    """PEP 440, for the index."""
    extras: tuple[str, ...] = ()
    marker: str | None = None
    url: str | None = None
    """Of the artifact or repository, without `git+`, ref and fragment; with its credentials."""
    ref: str | None = None
    subdirectory: str | None = None
    path: Path | None = None
    """Absolute path of a local file or folder."""
    sha256: str | None = None

    @property
    def source(self) -> PluginSource:
        if self.path is not None:
            return PluginSource(self.kind, str(self.path), self.subdirectory)
        location = without_credentials(self.url) if self.url else self.name or ""
        return PluginSource(self.kind, location, self.subdirectory, self.ref)

    def to_dict(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "name": self.name,
            "specifier": self.specifier,
            "extras": list(self.extras),
            "marker": self.marker,
            "source": self.source.to_dict(),
            "sha256": self.sha256,
        }


def parse_requirement(
    text: str, *, catalogue: tuple[Candidate, ...] | None = None, base: Path | None = None
) -> RequestedPlugin:
    """Read a typed requirement. A name that the catalogue knows only in git becomes its git source.

    Relative paths start at `base`, the working directory by default; whether they exist is not looked at.
    Raises InvalidRequirement.
    """
    stripped = text.strip()
    _refuse_dangerous(text, stripped)
    if _is_git(stripped):
        return _git(text, stripped)
    if "://" in stripped.split("@")[0]:
        return _url(text, stripped)
    if _NAMED_URL.match(stripped) and not _looks_like_path(stripped.split("@")[0]):
        return _named_url(text, stripped)
    if _looks_like_path(stripped):
        return _path(text, stripped, base)
    return _from_index(text, stripped, catalogue)


def _refuse_dangerous(text: str, stripped: str) -> None:
    if not stripped:
        raise InvalidRequirement("The requirement is empty.", _EXAMPLES)
    if not stripped.isprintable():
        raise InvalidRequirement(
            f"The requirement {text!r} has a line break or control character.", _EXAMPLES
        )
    if stripped.startswith("-"):
        raise InvalidRequirement(
            f"{stripped!r} is an option, not a requirement.",
            "Name plugins one by one; index settings belong into pip.conf or PIP_INDEX_URL.",
        )
    if re.match(r"^(git\+)?[A-Za-z0-9-]+::", stripped):
        raise InvalidRequirement(
            f"{stripped!r} would have git start a program.", "Use git+https:// or git+ssh://."
        )


def _is_git(text: str) -> bool:
    if re.match(r"^(hg|svn|bzr)\+", text):
        raise InvalidRequirement(
            f"{text!r}: of version control systems only git is supported.",
            "Give the URL of an archive instead.",
        )
    if re.match(r"^[\w.-]+@[\w.-]+:[^/]", text) and "://" not in text:
        host, _, path = text.partition(":")
        raise InvalidRequirement(f"pip does not accept {text!r}.", f"Write git+ssh://{host}/{path}")
    if text.startswith("git://") or re.match(r"^(ssh|git)://", text):
        raise InvalidRequirement(f"pip does not accept {text!r}.", "Put git+ before the URL.")
    return text.startswith("git+")


def _git(text: str, url: str, name: str | None = None, extras: tuple[str, ...] = ()) -> RequestedPlugin:
    parts = _split(url.removeprefix("git+"))
    shown = without_credentials(url)
    if parts.scheme not in GIT_TRANSPORTS:
        raise InvalidRequirement(
            f"{shown!r}: git over {parts.scheme or 'nothing'!r} is not supported.",
            "Use git+https://, git+ssh:// or git+file://.",
        )
    host = _hostname(parts.netloc)
    if (parts.scheme != "file" and not host) or host.startswith("-") or parts.query:
        raise InvalidRequirement(
            f"{shown!r} has no usable host; a port is a number, and a path follows a slash.",
            "Write git+https://HOST/OWNER/REPO@TAG or git+ssh://git@HOST/OWNER/REPO@TAG.",
        )
    path, at, ref = parts.path.rpartition("@")
    if not at:
        path, ref = parts.path, ""
    if not path.strip("/") or (at and not ref):
        raise InvalidRequirement(f"{shown!r} names no repository, or no ref after @.", _EXAMPLES)
    if ".." in ref or (ref and not _REF.fullmatch(unquote(ref))):
        raise InvalidRequirement(f"{ref!r} is no branch, tag or commit.", "Write @TAG after the URL.")
    fragment = _fragment(parts.fragment, shown)
    return RequestedPlugin(
        text=text,
        kind="git",
        name=name or _egg(fragment.get("egg"), shown),
        extras=extras,
        url=urlunsplit((parts.scheme, parts.netloc, path, "", "")),
        ref=unquote(ref) or None,
        subdirectory=fragment.get("subdirectory"),
    )


def _url(text: str, url: str, name: str | None = None, extras: tuple[str, ...] = ()) -> RequestedPlugin:
    parts = _split(url)
    shown = without_credentials(url)
    fragment = _fragment(parts.fragment, shown)
    name = name or _egg(fragment.get("egg"), shown)
    sha256 = fragment.get("sha256", "").lower() or None
    if sha256 and not _HEX.match(sha256):
        raise InvalidRequirement(f"{shown!r}: its sha256 is not 64 hexadecimal digits.", "Copy it again.")
    subdirectory = fragment.get("subdirectory")
    if parts.scheme == "file":
        if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
            raise InvalidRequirement(
                f"{shown!r} is on another machine.", "Write file:/// and an absolute path."
            )
        path = Path(unquote(parts.path))
        return RequestedPlugin(
            text, _kind_of(path.name), name, "", extras, None, None, None, subdirectory, path, sha256
        )
    if parts.scheme not in {"http", "https"} or not _hostname(parts.netloc):
        raise InvalidRequirement(
            f"{shown!r} is no https URL.", "Use https://, file://, git+https:// or git+ssh://."
        )
    filename = unquote(parts.path.rpartition("/")[2])
    kind = _kind_of(filename)
    if kind == "directory":
        raise InvalidRequirement(
            f"{shown!r} ends neither in .whl nor in .tar.gz or .zip.",
            f"For a repository write git+{shown}, for a file its complete URL.",
        )
    plain = urlunsplit((parts.scheme, parts.netloc, parts.path, parts.query, ""))
    return RequestedPlugin(text, "url", name, "", extras, None, plain, None, subdirectory, None, sha256)


def _named_url(text: str, stripped: str) -> RequestedPlugin:
    requirement = _requirement(stripped)
    extras = tuple(sorted(requirement.extras))
    assert requirement.url is not None
    read = _git if _is_git(requirement.url) else _url
    marker = str(requirement.marker) if requirement.marker else None
    return replace(read(text, requirement.url, requirement.name, extras), marker=marker)


def _path(text: str, typed: str, base: Path | None) -> RequestedPlugin:
    extras: tuple[str, ...] = ()
    if match := _EXTRAS.match(typed):
        typed = match["rest"]
        extras = tuple(sorted(extra.strip() for extra in match["extras"].split(",")))
    path = Path(os.path.normpath((base or Path.cwd()) / os.path.expanduser(typed)))
    return RequestedPlugin(text, _kind_of(path.name), extras=extras, path=path)


def _from_index(text: str, stripped: str, catalogue: tuple[Candidate, ...] | None) -> RequestedPlugin:
    from tljh.discovery.catalogue import find, load_catalogue

    requirement = _requirement(stripped)
    name, specifier = requirement.name, str(requirement.specifier)
    extras = tuple(sorted(requirement.extras))
    marker = str(requirement.marker) if requirement.marker else None
    known = find(name, load_catalogue() if catalogue is None else catalogue)
    if known is None or known.index_name:
        return RequestedPlugin(text, "index", known.index_name if known else name, specifier, extras, marker)
    source = known.sources[0]
    if specifier:
        raise InvalidRequirement(
            f"{known.name} has no releases on a package index, so {specifier} cannot be chosen.",
            f"It is only in git: choose a tag of `tljh versions {known.name}`; git+{source.location}@TAG.",
        )
    return RequestedPlugin(
        text, "git", known.name, "", extras, marker, source.location, source.ref, source.subdirectory
    )


def _requirement(text: str) -> Requirement:
    from packaging.requirements import InvalidRequirement as Invalid
    from packaging.requirements import Requirement

    try:
        return Requirement(text)
    except Invalid as error:
        reason = str(error).splitlines()[0]
        raise InvalidRequirement(f"{text!r} is not a requirement: {reason}.", _EXAMPLES) from None


def _fragment(fragment: str, shown: str) -> dict[str, str]:
    values = {key: found[-1] for key, found in parse_qs(fragment).items()}
    folder = values.get("subdirectory", "")
    if folder.startswith("/") or ".." in folder.split("/"):
        raise InvalidRequirement(
            f"{shown!r}: the subdirectory {folder!r} is outside it.", "Name a folder within it."
        )
    if "subdirectory" in values:
        values["subdirectory"] = folder.strip("/")
    return values


def _egg(egg: str | None, shown: str) -> str | None:
    if egg is None:
        return None
    name = egg.partition("[")[0]
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", name):
        raise InvalidRequirement(f"{shown!r}: egg={egg} is no project name.", "Leave out egg=.")
    return name


def _looks_like_path(text: str) -> bool:
    name = _EXTRAS.sub(r"\g<rest>", text)
    return name.startswith((".", "~")) or "/" in name or _kind_of(name) != "directory"


def _kind_of(filename: str) -> SourceKind:
    lowered = filename.lower()
    if lowered.endswith(".whl"):
        return "wheel"
    return "archive" if lowered.endswith(ARCHIVE_SUFFIXES) else "directory"


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise InvalidRequirement(f"{url!r} is not a URL: {error}.", _EXAMPLES) from None


def _hostname(netloc: str) -> str:
    """The host, without port and user; empty if the port is no number."""
    host, _, port = netloc.rpartition("@")[2].partition(":")
    return host if not port or port.isdigit() else ""
