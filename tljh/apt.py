"""Debian packages and their sources, as plugins ask for them, without dialogs."""

from __future__ import annotations

import hashlib
import logging
import platform
import re
from collections.abc import Iterable
from pathlib import Path

from tljh.errors import InvalidInput
from tljh.runner import Runner, SystemRunner

APT_FOLDER = Path("/etc/apt")

_runner: Runner = SystemRunner()


def trust_gpg_key(key: str | bytes) -> None:
    """Trust packages that are signed with this key: the key itself, armoured or binary."""
    from tljh.settings import files

    content = key.encode("ascii") if isinstance(key, str) else key
    name = f"tljh-{hashlib.sha256(content).hexdigest()[:16]}"
    folder = APT_FOLDER / "trusted.gpg.d"
    if content.lstrip().startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK"):
        files.replace(folder / f"{name}.asc", content.decode("ascii"), 0o644)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.gpg"
        path.write_bytes(content)
        path.chmod(0o644)


def add_source(name: str, source_url: str, section: str) -> None:
    """Add an archive for this release of the system, and read its list of packages. Raises InvalidInput."""
    from tljh.packages import apt
    from tljh.settings import files

    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise InvalidInput(f"{name!r} cannot name a package source.", "Use letters, digits, - and _.")
    path = APT_FOLDER / "sources.list.d" / f"{name}.list"
    line = f"deb {source_url} {codename()} {section}\n"
    if files.replace(path, line, 0o644):
        apt.update(_runner, _log, max_age=0)


def install_packages(packages: Iterable[str]) -> None:
    """Install Debian packages, waiting for the package lock. Raises a TljhError with apt's own words."""
    from tljh.packages import apt

    apt.install(list(packages), _runner, on_line=_log)


def codename() -> str:
    """The name of the system's release, such as `bookworm`. Raises InvalidInput if it does not say."""
    found = platform.freedesktop_os_release().get("VERSION_CODENAME")
    if not found:
        raise InvalidInput("/etc/os-release names no VERSION_CODENAME.", "Is this Debian or Ubuntu?")
    return found


def _log(line: str) -> None:
    logging.getLogger("tljh").info("%s", line)
