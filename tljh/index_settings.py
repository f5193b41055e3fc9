"""The machine's own package index settings, read as pip and uv read them.

Nothing but `IndexSettings.load` touches the environment or a file.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from tljh.errors import InvalidInput

DEFAULT_TIMEOUT = 15.0


@cache
def default_index_url() -> str:
    """The index that pip uses where nothing is configured, asked of pip itself.

    Raises InvalidInput if pip is not installed beside this program or no longer tells.
    """
    try:
        url = import_module("pip._internal.models.index").PyPI.simple_url
    except (ImportError, AttributeError):
        raise InvalidInput(
            "No package index is configured, and pip does not tell its default.",
            "Set one: pip config set global.index-url URL",
        ) from None
    return str(url)


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Where distributions come from and how to reach it. URLs may hold credentials: never print them raw."""

    index_urls: tuple[str, ...] = field(default_factory=lambda: (default_index_url(),))
    """Simple-repository indexes, the main one first; empty with `no-index`."""
    find_links: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    cert: str | None = None
    client_cert: str | None = None
    constraints: tuple[str, ...] = ()
    """Constraint files (paths or URLs)."""
    proxy: str | None = None
    """pip's own setting; the environment's `*_proxy` apply by themselves."""
    timeout: float = DEFAULT_TIMEOUT
    """Seconds without an answer."""
    netrc: str | None = None

    @classmethod
    def load(cls, environ: Mapping[str, str], files: Sequence[Path] | None = None) -> IndexSettings:
        """Read the settings; `files` are pip's configuration files, lowest priority first.

        Raises InvalidInput that names the file which does not parse.
        """
        found = _read(environ, config_files(environ) if files is None else files)
        primary = _first(environ.get("UV_DEFAULT_INDEX"), environ.get("UV_INDEX_URL"), found.get("index-url"))
        extra = (
            *(environ.get("UV_INDEX") or "").split(),
            *(environ.get("UV_EXTRA_INDEX_URL") or "").split(),
            *found.get("extra-index-url", "").split(),
        )
        urls = _unique(_plain_index(url) for url in (primary or default_index_url(), *extra))
        home = Path(environ.get("HOME") or "/nonexistent")
        netrc = Path(environ.get("NETRC") or home / ".netrc")
        return cls(
            index_urls=() if _true(found.get("no-index")) or _true(environ.get("UV_NO_INDEX")) else urls,
            find_links=_unique((*_links(environ.get("UV_FIND_LINKS")), *found.get("find-links", "").split())),
            trusted_hosts=_unique(
                (*found.get("trusted-host", "").split(), *(environ.get("UV_INSECURE_HOST") or "").split())
            ),
            cert=_first(
                found.get("cert"),
                *(environ.get(name) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")),
            ),
            client_cert=_first(found.get("client-cert"), environ.get("SSL_CLIENT_CERT")),
            constraints=_unique(
                (*found.get("constraint", "").split(), *(environ.get("UV_CONSTRAINT") or "").split())
            ),
            proxy=_first(found.get("proxy")),
            timeout=_seconds(found.get("timeout") or found.get("default-timeout")),
            netrc=str(netrc) if netrc.is_file() else None,
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """Passwords and tokens within the URLs, for a Redactor."""
        found: list[str] = []
        for url in (*self.index_urls, *self.find_links, self.proxy or ""):
            parts = urlsplit(url)
            secret = parts.password or (parts.username if "@" in parts.netloc else None)
            if secret:
                found += [secret, unquote(secret)]
        return _unique(found)

    @property
    def local_only(self) -> bool:
        """Whether nothing here needs the network."""
        return all(url.startswith("file:") for url in self.index_urls) and not any(
            link.startswith(("http:", "https:")) for link in self.find_links
        )

    def public_urls(self) -> tuple[str, ...]:
        """The index URLs without credentials, for people."""
        return tuple(without_credentials(url) for url in self.index_urls)


def config_files(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """pip's configuration files, lowest priority first, whether or not they exist."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == "/dev/null":
        return ()
    shared = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    files = [Path(folder) / "pip" / "pip.conf" for folder in reversed(shared) if folder]
    files.append(Path("/etc/pip.conf"))
    if home := environ.get("HOME"):
        files.append(Path(home) / ".pip" / "pip.conf")
        files.append(Path(environ.get("XDG_CONFIG_HOME") or Path(home) / ".config") / "pip" / "pip.conf")
    if environment := environ.get("VIRTUAL_ENV"):
        files.append(Path(environment) / "pip.conf")
    if named:
        files.append(Path(named))
    return tuple(files)


def without_credentials(url: str) -> str:
    """The URL as it may be shown and logged."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    user, _, host = parts.netloc.rpartition("@")
    shown = f"{user}@{host}" if parts.scheme.endswith("ssh") and ":" not in user else host
    return urlunsplit(parts._replace(netloc=shown))


def _read(environ: Mapping[str, str], files: Iterable[Path]) -> dict[str, str]:
    """pip's settings by name: `[global]` of each file, then `[install]` of each, then `PIP_*`."""
    sections: dict[str, dict[str, str]] = {"global": {}, "install": {}}
    for path in files:
        parser = configparser.RawConfigParser()
        try:
            text = path.read_text("utf-8")
        except OSError:
            continue
        except UnicodeDecodeError:
            raise InvalidInput(f"{path} is not UTF-8 text.", "Save pip's configuration as UTF-8.") from None
        try:
            parser.read_string(text, str(path))
        except configparser.Error as error:
            reason = str(error).splitlines()[0]
            raise InvalidInput(
                f"{path} does not parse: {reason}", "Correct it; `pip config debug` lists the files."
            ) from None
        for section, values in sections.items():
            if parser.has_section(section):
                values.update({key.replace("_", "-"): value for key, value in parser.items(section) if value})
    variables = {
        name.removeprefix("PIP_").lower().replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("PIP_") and value
    }
    return {**sections["global"], **sections["install"], **variables}


def _plain_index(url: str) -> str:
    """An index URL, without uv's `name=` before it and the slashes after it."""
    name, equals, rest = url.partition("=")
    if equals and "://" in rest and name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        url = rest
    return url.rstrip("/")


def _links(value: str | None) -> list[str]:
    return [link for part in (value or "").split(",") for link in part.split()]


def _first(*values: str | None) -> str | None:
    return next((value for value in values if value), None)


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _true(value: str | None) -> bool:
    return (value or "").strip().lower() in {"1", "true", "yes", "on", "y", "t"}


def _seconds(value: str | None) -> float:
    try:
        return min(max(float(value or DEFAULT_TIMEOUT), 1.0), 60.0)
    except ValueError:
        return DEFAULT_TIMEOUT
