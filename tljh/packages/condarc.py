"""The machine's own conda settings: which channels a name means, mirrors, proxies, certificates."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tljh.errors import InvalidInput

_NAMES = (".condarc", "condarc")


@dataclass(frozen=True, slots=True)
class CondaSettings:
    """What `.condarc` files and `CONDA_*` variables say; URLs may hold credentials."""

    channel_alias: str | None = None
    custom_channels: Mapping[str, str] = field(default_factory=dict)
    custom_multichannels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default_channels: tuple[str, ...] = ()
    mirrored_channels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    proxy_servers: Mapping[str, str] = field(default_factory=dict)
    ssl_verify: bool | str = True
    client_ssl_cert: str | None = None
    channel_priority: str = "strict"
    """`strict`, `flexible` or `disabled`."""
    offline: bool = False

    def resolve(self, channels: Iterable[str]) -> tuple[str, ...]:
        """URLs of the channels, in order; a name that no setting knows stays a name."""
        urls = [url for channel in channels for url in self._urls(channel.strip())]
        return tuple(dict.fromkeys(url for url in urls if url))

    def mirrors(self, channels: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """For the first URL of each mirrored channel, all of its mirrors."""
        wanted = (self.mirrored_channels.get(channel.strip(), ()) for channel in channels)
        return {urls[0]: urls for urls in wanted if len(urls) > 1}

    def _urls(self, channel: str) -> tuple[str, ...]:
        if "://" in channel:
            return (channel.rstrip("/"),)
        if channel.startswith(("/", "./", "../", "~")):
            return (Path(channel).expanduser().resolve().as_uri(),)
        if mirrors := self.mirrored_channels.get(channel):
            return (mirrors[0].rstrip("/"),)
        if several := self.custom_multichannels.get(channel):
            return tuple(url for name in several for url in self._urls(name))
        if channel == "defaults" and self.default_channels:
            return tuple(url for name in self.default_channels for url in self._urls(name))
        parts = channel.split("/")
        for length in range(len(parts), 0, -1):
            if base := self.custom_channels.get("/".join(parts[:length])):
                return (f"{base.rstrip('/')}/{channel}",)
        return (f"{self.channel_alias.rstrip('/')}/{channel}",) if self.channel_alias else (channel,)


def load(
    environ: Mapping[str, str] | None = None, prefix: Path | None = None, etc: Path = Path("/etc/conda")
) -> CondaSettings:
    """Read the settings, lowest priority first. Raises InvalidInput for a file that does not parse."""
    environ = os.environ if environ is None else environ
    merged: dict[str, Any] = {}
    for path in config_files(environ, prefix, etc):
        for key, value in _read(path).items():
            before = merged.get(key)
            if isinstance(before, dict) and isinstance(value, dict):
                merged[key] = {**before, **value}
            else:
                merged[key] = value
    for name, value in environ.items():
        if name.startswith("CONDA_") and value:
            merged[name.removeprefix("CONDA_").lower()] = value
    return _settings(merged)


def config_files(environ: Mapping[str, str], prefix: Path | None, etc: Path) -> tuple[Path, ...]:
    """conda's configuration files, lowest priority first, those that exist."""
    home = Path(environ.get("HOME") or "/nonexistent")
    folders = [etc, Path("/var/lib/conda")]
    folders += [Path(environ[name]) for name in ("CONDA_ROOT", "MAMBA_ROOT_PREFIX") if environ.get(name)]
    folders += [Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "conda", home / ".conda"]
    candidates = [path for folder in folders for path in _in_folder(folder)]
    candidates += [home / ".condarc", home / ".mambarc"]
    own = [prefix] if prefix else []
    candidates += [path for folder in own for path in _in_folder(folder)]
    if named := environ.get("CONDARC"):
        candidates.append(Path(named).expanduser())
    return tuple(path for path in candidates if path.is_file())


def _in_folder(folder: Path) -> list[Path]:
    parts = sorted([*folder.glob("condarc.d/*.yml"), *folder.glob("condarc.d/*.yaml")])
    return [*(folder / name for name in _NAMES), *parts]


def _read(path: Path) -> Mapping[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError:
        return {}
    except (YAMLError, UnicodeDecodeError) as error:
        reason = getattr(error, "problem", None) or "it is not valid YAML"
        raise InvalidInput(f"{path} does not parse: {reason}.", "Correct the file or move it away.") from None
    return document if isinstance(document, dict) else {}


def _settings(merged: Mapping[str, Any]) -> CondaSettings:
    verify = merged.get("ssl_verify", True)
    if isinstance(verify, str) and verify.lower() in {"true", "false", "truststore", "<boolean>"}:
        verify = verify.lower() != "false"
    priority = str(merged.get("channel_priority", "strict")).lower()
    return CondaSettings(
        channel_alias=_text(merged.get("channel_alias")),
        custom_channels=_texts(merged.get("custom_channels")),
        custom_multichannels=_lists(merged.get("custom_multichannels")),
        default_channels=_list(merged.get("default_channels")),
        mirrored_channels=_lists(merged.get("mirrored_channels")),
        proxy_servers=_texts(merged.get("proxy_servers")),
        ssl_verify=verify if isinstance(verify, (bool, str)) else True,
        client_ssl_cert=_text(merged.get("client_ssl_cert")),
        channel_priority=priority if priority in {"flexible", "disabled"} else "strict",
        offline=str(merged.get("offline", "false")).lower() in {"true", "1", "yes"},
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: object) -> dict[str, str]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {str(key): text for key, text in pairs if isinstance(text, str)}


def _list(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()


def _lists(value: object) -> dict[str, tuple[str, ...]]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {str(key): _list(urls) for key, urls in pairs if _list(urls)}


def worker_environment(settings: CondaSettings, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables for the process that talks to the channels; proxies that are set already win."""
    environ = os.environ if environ is None else environ
    chosen: dict[str, str] = {}
    for scheme in ("http", "https"):
        url = settings.proxy_servers.get(scheme)
        if url and not environ.get(f"{scheme}_proxy") and not environ.get(f"{scheme}_proxy".upper()):
            chosen[f"{scheme}_proxy"] = url
    fallback = environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE")
    if isinstance(settings.ssl_verify, str) and Path(settings.ssl_verify).expanduser().exists():
        chosen["SSL_CERT_FILE"] = str(Path(settings.ssl_verify).expanduser())
    elif fallback and not environ.get("SSL_CERT_FILE"):
        chosen["SSL_CERT_FILE"] = fallback
    return chosen


def library_config(settings: CondaSettings, channels: Sequence[str]) -> str:
    """The same settings as TOML, as the conda library reads them."""
    lines = [f"tls-no-verify = {json.dumps(settings.ssl_verify is False)}", 'tls-root-certs = "system"']
    mirrors = settings.mirrors(channels)
    if mirrors:
        lines += ["[mirrors]", *(f"{json.dumps(url)} = {json.dumps(list(m))}" for url, m in mirrors.items())]
    return "\n".join(lines) + "\n"
