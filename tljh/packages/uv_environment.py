"""The machine's index settings, and what a set of arguments adds to them, as uv's environment variables.

Credentials travel only there: an argument list can be read by every user of the machine, a process's
environment only by root and its owner.

Several indexes count as one, as with pip (`unsafe-best-match`): plugins are written for pip, and an extra
index often holds old copies of common packages, with which uv's own rule (the first index that has a name
decides alone) finds no solution. The price is pip's: whoever can publish a name on any of the indexes can
offer a higher version of it. An administrator who mixes private names with a public index sets
`UV_INDEX_STRATEGY=first-index`, which wins here, or `index-url` to one index that serves both. The plan
shows every version before it is installed, and plugins cannot move what the hub itself is made of.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tljh.index_settings import IndexSettings, default_index_url
from tljh.packages.pip_arguments import PipArguments

SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
DEFAULT_TIMEOUT = 30
"""uv's own, in seconds without an answer; a longer one of pip's settings is taken over."""


def uv_environment(
    settings: IndexSettings,
    arguments: PipArguments = PipArguments(),  # noqa: B008 (frozen)
    cache_dir: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """What to add to `environ` (this process's by default); variables of uv set there win."""
    environ = os.environ if environ is None else environ
    chosen = {
        **_quiet(),
        **_indexes(settings, arguments),
        **_certificates(settings, environ),
        **_proxy(settings, environ),
    }
    links = [link for link in (*settings.find_links, *arguments.links) if _reachable(link)]
    trusted = dict.fromkeys((*settings.trusted_hosts, *arguments.trusted))
    constraints = [path for path in settings.constraints if "://" in path or Path(path).is_file()]
    for name, values, separator in (
        ("UV_FIND_LINKS", links, ","),
        ("UV_INSECURE_HOST", list(trusted), " "),
        ("UV_CONSTRAINT", constraints, " "),
    ):
        chosen[name] = separator.join(values)
    own = {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_HTTP_TIMEOUT": str(_timeout(settings))}
    chosen |= {name: value for name, value in own.items() if not environ.get(name)}
    if cache_dir is not None:
        chosen["UV_CACHE_DIR"] = str(cache_dir)
    return {name: value for name, value in chosen.items() if value or environ.get(name)}


def wants_no_index(settings: IndexSettings, arguments: PipArguments) -> bool:
    """Whether only direct URLs and find-links may be used: the machine's `no-index` wins, as with pip."""
    return arguments.no_index or not settings.index_urls


def _quiet() -> dict[str, str]:
    return {"NO_COLOR": "1", "UV_NO_PROGRESS": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROJECT": "1"}


def _indexes(settings: IndexSettings, arguments: PipArguments) -> dict[str, str]:
    main = arguments.index or (settings.index_urls[0] if settings.index_urls else "")
    extra = dict.fromkeys((*settings.index_urls[1:], *arguments.extra))
    # pip's default is uv's too: leaving it unset lets a default index in uv.toml count.
    default = "" if main == default_index_url() else main
    return {
        "UV_DEFAULT_INDEX": default,
        "UV_INDEX": " ".join(extra),
        "UV_INDEX_URL": "",
        "UV_EXTRA_INDEX_URL": "",
    }


def _certificates(settings: IndexSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """The configured certificates, else the system's, where a private authority would be added."""
    chosen: dict[str, str] = {}
    if settings.cert and Path(settings.cert).exists():
        kind = "SSL_CERT_DIR" if Path(settings.cert).is_dir() else "SSL_CERT_FILE"
        chosen = {kind: settings.cert, "UV_SYSTEM_CERTS": "true"}
    elif SYSTEM_BUNDLE.exists() and not environ.get("UV_SYSTEM_CERTS"):
        chosen = {"UV_SYSTEM_CERTS": "true"}
    if settings.client_cert:
        chosen["SSL_CLIENT_CERT"] = settings.client_cert
    return chosen


def _proxy(settings: IndexSettings, environ: Mapping[str, str]) -> dict[str, str]:
    present = {name.lower() for name, value in environ.items() if value}
    if not settings.proxy or "all_proxy" in present:
        return {}
    url = settings.proxy if "://" in settings.proxy else f"http://{settings.proxy}"
    return {name: url for name in ("HTTPS_PROXY", "HTTP_PROXY") if name.lower() not in present}


def _timeout(settings: IndexSettings) -> int:
    return max(DEFAULT_TIMEOUT, round(settings.timeout))


def _reachable(link: str) -> bool:
    """Whether a find-links location can be asked; uv stops at a folder that is not there, pip does not."""
    parts = urlsplit(link)
    if parts.scheme in {"http", "https"}:
        return True
    return Path(parts.path if parts.scheme == "file" else link).exists()
