"""What a machine takes over from its host to reach the same registries: DNS, trust, proxies, pip."""

from __future__ import annotations

import configparser
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

_CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_LOCAL_CA = Path("/usr/local/share/ca-certificates")
_LOCATIONS = ("index-url", "extra-index-url", "find-links")
_PIP_OPTIONS = (
    *_LOCATIONS, "no-index", "trusted-host", "proxy", "cert", "default-timeout", "timeout", "retries",
)  # fmt: skip
_ENVIRONMENT = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_UV_INDEX = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")


def copy_host_settings(root: Path) -> None:
    """Write them into a machine's root before it boots."""
    etc = root / "etc"
    if _CA_BUNDLE.is_file():
        shutil.copy(_CA_BUNDLE, etc / "ssl/certs/ca-certificates.crt")
    for certificate in _LOCAL_CA.glob("*.crt"):
        shutil.copy(certificate, root / "usr/local/share/ca-certificates")
    resolver = etc / "resolv.conf"
    resolver.unlink(missing_ok=True)
    resolver.write_text(_resolver_of_host())
    (etc / "pip.conf").write_text(pip_settings(_pip_files(), os.environ))
    (etc / "environment").write_text(_environment(os.environ))


def pip_settings(files: list[Path], environ: Mapping[str, str]) -> str:
    """One `pip.conf` of all of the host's index settings, without those that name local files of the host."""
    found: dict[str, str] = {}
    for file in files:
        parser = configparser.RawConfigParser()
        parser.read(file)
        if parser.has_section("global"):
            found.update(parser.items("global"))
    for option in _PIP_OPTIONS:
        variable = "PIP_" + option.upper().replace("-", "_")
        if environ.get(variable):
            found[option] = environ[variable]
    kept = {option: _reachable(option, found[option]) for option in _PIP_OPTIONS if option in found}
    return "[global]\n" + "".join(f"{option} = {value}\n" for option, value in kept.items() if value)


def _reachable(option: str, value: str) -> str:
    """The parts of a value that mean something on another machine."""
    if option == "cert":
        return str(_CA_BUNDLE)
    if option not in _LOCATIONS:
        return value
    return " ".join(part for part in value.split() if part.startswith(("http://", "https://")))


def _pip_files() -> list[Path]:
    """pip's configuration files on the host, weakest first."""
    home = Path.home()
    folders = os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")
    named = os.environ.get("PIP_CONFIG_FILE")
    files = [Path(folder) / "pip/pip.conf" for folder in reversed(folders)]
    files += [Path("/etc/pip.conf"), home / ".pip/pip.conf", home / ".config/pip/pip.conf"]
    files += [Path(sys.prefix) / "pip.conf", *([Path(named)] if named else [])]
    return [file for file in files if file.is_file()]


def _environment(environ: Mapping[str, str]) -> str:
    """Lines of `/etc/environment` for sessions: proxies and uv's indexes."""
    names = [*_UV_INDEX, *_ENVIRONMENT, *(name.upper() for name in _ENVIRONMENT)]
    return "".join(f'{name}="{environ[name]}"\n' for name in names if environ.get(name))


def _resolver_of_host() -> str:
    """The host's name servers; those behind systemd-resolved, whose own address is a loopback one."""
    behind_stub = Path("/run/systemd/resolve/resolv.conf")
    text = Path("/etc/resolv.conf").read_text()
    return behind_stub.read_text() if "127.0.0.53" in text and behind_stub.is_file() else text
