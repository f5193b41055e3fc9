"""traefik's two configuration files as data, from TLJH's whole configuration."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

Table = dict[str, Any]
Settings = Mapping[str, Any]

STAGING_SERVER = "https://acme-staging-v02.api.letsencrypt.org/directory"
RESOLVER = "letsencrypt"


def socket_address(host: str, port: int) -> str:
    """`host:port`, an IPv6 address in brackets; an empty host means all addresses."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def static_config(config: Settings, state_dir: Path) -> Table:
    """`traefik.toml`: what traefik reads once, when it starts."""
    static: Table = {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"level": "INFO"},
        "accessLog": {
            "filters": {"statusCodes": ["500-999"]},
            "fields": {
                "headers": {"names": {"Authorization": "redact", "Cookie": "redact", "X-Xsrftoken": "redact"}}
            },
        },
        "api": {"dashboard": False},
        "entryPoints": _entry_points(config),
        "providers": {
            "providersThrottleDuration": "0s",
            "file": {"directory": str(state_dir / "rules"), "watch": True},
        },
    }
    if uses_letsencrypt(config):
        letsencrypt = config["https"]["letsencrypt"]
        acme: Table = {
            "email": letsencrypt["email"],
            "storage": str(state_dir / "acme.json"),
            "tlsChallenge": {},
        }
        if letsencrypt["staging"]:
            acme["caServer"] = STAGING_SERVER
        static["certificatesResolvers"] = {RESOLVER: {"acme": acme}}
    return static


def dynamic_config(config: Settings, hashed_password: str) -> Table:
    """`rules/dynamic.toml`: access to traefik's own API, and how TLS is spoken."""
    api = config["traefik_api"]
    dynamic: Table = {
        "http": {
            "routers": {
                "route_api": {
                    "rule": f"Host(`{api['ip']}`) && PathPrefix(`/api`)",
                    "entryPoints": ["auth_api"],
                    "service": "api@internal",
                    "middlewares": ["auth_api"],
                }
            },
            "middlewares": {"auth_api": {"basicAuth": {"users": [f"{api['username']}:{hashed_password}"]}}},
        }
    }
    https = config["https"]
    if https["enabled"]:
        dynamic["tls"] = {"options": {"default": {"minVersion": "VersionTLS12"}}}
        if https["tls"]["cert"]:
            certificate = {"certFile": https["tls"]["cert"], "keyFile": https["tls"]["key"]}
            dynamic["tls"]["stores"] = {"default": {"defaultCertificate": certificate}}
    return dynamic


def uses_letsencrypt(config: Settings) -> bool:
    """Whether traefik fetches the certificate; one that is given comes first."""
    https = config["https"]
    return bool(https["enabled"] and https["letsencrypt"]["email"] and not https["tls"]["cert"])


def merged(below: MutableMapping[str, Any], above: Settings) -> MutableMapping[str, Any]:
    """Put an administrator's tables over TLJH's, in place."""
    for key, value in above.items():
        present = below.get(key)
        if isinstance(value, Mapping) and isinstance(present, MutableMapping):
            merged(present, value)
        else:
            below[key] = value
    return below


def _entry_points(config: Settings) -> Table:
    http, https, api = config["http"], config["https"], config["traefik_api"]
    timeouts = {"respondingTimeouts": {"readTimeout": "10m", "idleTimeout": "10m"}}
    points: Table = {
        "http": {"address": socket_address(http["address"], http["port"]), "transport": timeouts},
        "auth_api": {"address": socket_address(api["ip"], api["port"])},
    }
    if https["enabled"]:
        points["http"]["http"] = {"redirections": {"entryPoint": {"to": "https", "scheme": "https"}}}
        tls: Table = {"options": "default"}
        if uses_letsencrypt(config):
            first, *others = https["letsencrypt"]["domains"]
            tls |= {"certResolver": RESOLVER, "domains": [{"main": first, "sans": others}]}
        points["https"] = {
            "address": socket_address(https["address"], https["port"]),
            "transport": timeouts,
            "http": {"tls": tls},
        }
    return points
