"""From `config.yaml` to JupyterHub's configuration `c`."""

from __future__ import annotations

import copy
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tljh.config import CONFIG_FILE, STATE_DIR
from tljh.settings.errors import InvalidSetting

Settings = dict[str, Any]

DEFAULT_AUTHENTICATOR = "firstuseauthenticator.FirstUseAuthenticator"

default: Settings = {
    "base_url": "/",
    "auth": {
        "type": DEFAULT_AUTHENTICATOR,
        "FirstUseAuthenticator": {"create_users": False},
    },
    "users": {"allowed": [], "banned": [], "admin": [], "extra_user_groups": {}},
    "limits": {"memory": None, "cpu": None},
    "http": {"address": "", "port": 80},
    "https": {
        "enabled": False,
        "address": "",
        "port": 443,
        "tls": {"cert": "", "key": ""},
        "letsencrypt": {"email": "", "domains": [], "staging": False},
    },
    "traefik_api": {"ip": "127.0.0.1", "port": 8099, "username": "api_admin", "password": ""},
    "user_environment": {"default_app": "jupyterlab"},
    "services": {
        "cull": {
            "enabled": True,
            "timeout": 600,
            "every": 60,
            "concurrency": 5,
            "users": False,
            "max_age": 0,
            "remove_named_servers": False,
        }
    },
}


def load_config(config_file: str | os.PathLike[str] = CONFIG_FILE) -> Settings:
    """Defaults, then secrets, then the file. Raises InvalidInput if it does not parse."""
    from tljh.settings import files

    return merge(merge(default, load_secrets()), files.plain(files.read(Path(config_file))))


def apply_config(config_overrides: Mapping[str, Any], c: Any) -> None:
    """Put the configuration, with defaults for what the overrides lack, into the traitlets config `c`.

    Raises InvalidSetting (a ValueError) for what cannot work.
    """
    config = merge(default, config_overrides)
    c.JupyterHub.base_url = config["base_url"]
    _authentication(c, config)
    _users(c, config)
    _limits(c, config)
    _user_environment(c, config)
    check_https(config)
    _proxy(c, config)
    _services(c, config)


def load_secrets() -> Settings:
    """What is kept outside `config.yaml`."""
    return load_traefik_api_credentials()


def load_traefik_api_credentials() -> Settings:
    """The password of the proxy's API, if it has been made."""
    try:
        password = Path(STATE_DIR, "traefik-api.secret").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return {}
    return {"traefik_api": {"password": password}}


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> Settings:
    """`below` with what `above` sets. A null means "the default", but for traits of authenticators."""
    return _merge(below, above, keep_null=False)


def _merge(below: Mapping[str, Any], above: Mapping[str, Any], *, keep_null: bool) -> Settings:
    merged = copy.deepcopy(dict(below))
    for key, value in above.items():
        present = merged.get(key)
        if isinstance(value, Mapping) and isinstance(present, Mapping):
            merged[key] = _merge(present, value, keep_null=keep_null or key == "auth")
        elif value is None and not keep_null and key in merged:
            continue
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def check_https(config: Mapping[str, Any]) -> None:
    """Raise InvalidSetting if HTTPS is on and its certificate is not, or only half, set."""
    https = config["https"]
    if not https["enabled"]:
        return
    tls, letsencrypt = https["tls"], https["letsencrypt"]
    for section, first, second in ((tls, "cert", "key"), (letsencrypt, "email", "domains")):
        if bool(section[first]) != bool(section[second]):
            name = "tls" if section is tls else "letsencrypt"
            given, missing = (first, second) if section[first] else (second, first)
            raise InvalidSetting(
                f"https.{name}.{given} is set, but https.{name}.{missing} is not.",
                f"Set both, or neither: `tljh-config set https.{name}.{missing} ...`"
                if missing != "domains"
                else "Name the server: `tljh-config add-item https.letsencrypt.domains hub.example.org`",
            )
    if not tls["cert"] and not letsencrypt["email"]:
        raise InvalidSetting(
            "https.enabled is true, but there is no certificate.",
            "Set https.letsencrypt.email and https.letsencrypt.domains, or https.tls.cert and https.tls.key; "
            "or turn HTTPS off: `tljh-config set https.enabled false`.",
        )


def _authentication(c: Any, config: Settings) -> None:
    auth = config["auth"]
    authenticator = auth["type"] or DEFAULT_AUTHENTICATOR
    c.JupyterHub.authenticator_class = authenticator
    for key, traits in auth.items():
        if key == "type":
            continue
        if not key[:1].isupper() or not isinstance(traits, Mapping | None):
            raise InvalidSetting(
                f"auth.{key} is neither `type` nor the settings of an authenticator class.",
                f"Write `auth.ClassName.trait`, or remove it: `tljh-config unset auth.{key}`.",
            )
        for trait, value in (traits or {}).items():
            if value is not None:
                setattr(c[key], trait, value)
    is_open = authenticator == DEFAULT_AUTHENTICATOR and not config["users"]["allowed"]
    if is_open and "allow_all" not in c.FirstUseAuthenticator and "allow_all" not in c.Authenticator:
        c.FirstUseAuthenticator.allow_all = True


def _users(c: Any, config: Settings) -> None:
    users = config["users"]
    c.Authenticator.allowed_users = set(users["allowed"])
    c.Authenticator.blocked_users = set(users["banned"])
    c.Authenticator.admin_users = set(users["admin"])
    c.UserCreatingSpawner.user_groups = {
        group: list(members or []) for group, members in users["extra_user_groups"].items()
    }


def _limits(c: Any, config: Settings) -> None:
    c.Spawner.mem_limit = config["limits"]["memory"]
    c.Spawner.cpu_limit = config["limits"]["cpu"]


def _user_environment(c: Any, config: Settings) -> None:
    pages = {"jupyterlab": "/lab", "classic": "/tree"}
    app = config["user_environment"]["default_app"]
    if app in pages:
        c.Spawner.default_url = pages[app]
    else:
        logging.getLogger("tljh").warning("user_environment.default_app: %r is not known, and ignored", app)


def _proxy(c: Any, config: Settings) -> None:
    """How the hub reaches traefik, which systemd runs."""
    api = config["traefik_api"]
    host = f"[{api['ip']}]" if ":" in api["ip"] else api["ip"]
    proxy = c.TraefikFileProviderProxy
    proxy.traefik_api_url = f"http://{host}:{api['port']}"
    proxy.traefik_api_username = api["username"]
    proxy.traefik_api_password = api["password"]
    proxy.traefik_entrypoint = "https" if config["https"]["enabled"] else "http"


def _services(c: Any, config: Settings) -> None:
    present = c.JupyterHub.services
    services = list(present) if isinstance(present, list) else []
    cull = config["services"]["cull"]
    if cull["enabled"]:
        services.append({"name": "cull-idle", "admin": True, "command": _cull_command(cull)})
    c.JupyterHub.services = services


def _cull_command(cull: Mapping[str, Any]) -> list[str]:
    command = [
        sys.executable,
        "-m",
        "jupyterhub_idle_culler",
        f"--timeout={cull['timeout']}",
        f"--cull-every={cull['every']}",
        f"--concurrency={cull['concurrency']}",
        f"--max-age={cull['max_age']}",
    ]
    if cull["users"]:
        command.append("--cull-users")
    if cull["remove_named_servers"]:
        command.append("--remove-named-servers")
    return command
