"""The JSON Schema of `config.yaml`: strict at every level it knows, open at the top, where plugins add keys.

Each leaf's `title` completes the sentence "KEY: VALUE is not ...". Empty sections (null) mean the default.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST_NAME = rf"^(?=.{{4,253}}$)({_LABEL}\.)+(?!\d+$){_LABEL}$"
EMAIL = rf"^[^\s@<>(),;:\"]+@({_LABEL}\.)+(?!\d+$){_LABEL}$"
SIZE = r"^(?=.*[1-9])\d+(\.\d+)?[KMGT]$"
IPV4 = r"^((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|$)){4}$"
IPV6 = r"^(?=.*:.*:)[0-9A-Fa-f:.]{2,45}$"


def section(**properties: Schema) -> Schema:
    """A mapping that has these keys and no others."""
    return {
        "title": "a mapping",
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": False,
    }


def names(title: str, item: Schema) -> Schema:
    return {"title": title, "type": ["array", "null"], "items": item}


def whole_number(title: str, least: int) -> Schema:
    return {"title": title, "type": "integer", "minimum": least}


BOOLEAN: Schema = {"title": "true or false", "type": "boolean"}
TEXT: Schema = {"title": "a text", "type": "string"}
SECRET: Schema = {"title": "a text of at most 72 characters", "type": "string", "maxLength": 72}
PATH: Schema = {"title": "the path of a file, from /", "type": ["string", "null"], "pattern": "^(/.*)?$"}
PORT: Schema = {"title": "a port, 1 to 65535", "type": "integer", "minimum": 1, "maximum": 65535}
USER_NAME: Schema = {"title": "the name of a user", "type": "string", "pattern": r"^[^\s/]+$"}
USER_NAMES = names("a list of names of users", USER_NAME)
ADDRESS: Schema = {
    "title": 'an IP address of this server (or "" for all of them)',
    "type": "string",
    "anyOf": [
        {"enum": ["", "localhost"]},
        {"format": "ipv4", "pattern": IPV4},
        {"format": "ipv6", "pattern": IPV6},
    ],
}
MEMORY: Schema = {
    "title": "a size: bytes, or a number with K, M, G or T, such as 2G",
    "anyOf": [
        {"type": "null"},
        {"type": "number", "minimum": 1},
        {"type": "string", "pattern": SIZE},
    ],
}
CPU: Schema = {
    "title": "a number of cores above 0, such as 0.5 or 2",
    "type": ["number", "null"],
    "exclusiveMinimum": 0,
}

AUTH: Schema = {
    "title": "a mapping",
    "type": ["object", "null"],
    "properties": {
        "type": {
            "title": "the name of a class",
            "type": ["string", "null"],
            "pattern": r"^[A-Za-z_][\w.:-]*$",
        },
        "FirstUseAuthenticator": {
            "title": "a mapping of traits",
            "type": ["object", "null"],
            "properties": {"create_users": {"title": "true or false", "type": ["boolean", "null"]}},
        },
    },
    "patternProperties": {r"^[A-Z]\w*$": {"title": "a mapping of traits", "type": ["object", "null"]}},
    "additionalProperties": False,
}

HTTPS = section(
    enabled=BOOLEAN,
    address=ADDRESS,
    port=PORT,
    tls=section(cert=PATH, key=PATH),
    letsencrypt=section(
        email={
            "title": "an e-mail address",
            "type": ["string", "null"],
            "anyOf": [{"type": "null"}, {"enum": [""]}, {"pattern": EMAIL}],
        },
        domains=names(
            "a list of host names",
            {
                "title": "a host name, such as hub.example.org",
                "type": "string",
                "pattern": HOST_NAME,
            },
        ),
        staging=BOOLEAN,
    ),
)

CULL = section(
    enabled=BOOLEAN,
    timeout=whole_number("a number of seconds, 1 or more", 1),
    every=whole_number("a number of seconds, 1 or more", 1),
    concurrency=whole_number("a whole number, 1 or more", 1),
    users=BOOLEAN,
    max_age=whole_number("a number of seconds, 0 for no limit", 0),
    remove_named_servers=BOOLEAN,
)

config_schema: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "config.yaml of The Littlest JupyterHub",
    "type": "object",
    "properties": {
        "base_url": {"title": "a path, such as /hub", "type": "string", "pattern": r"^[^\s?#]*$"},
        "auth": AUTH,
        "users": section(
            allowed=USER_NAMES,
            banned=USER_NAMES,
            admin=USER_NAMES,
            extra_user_groups={
                "title": "a mapping of groups to lists of users",
                "type": ["object", "null"],
                "additionalProperties": USER_NAMES,
            },
        ),
        "limits": section(memory=MEMORY, cpu=CPU),
        "http": section(address=ADDRESS, port=PORT),
        "https": HTTPS,
        "traefik_api": section(ip=ADDRESS, port=PORT, username=TEXT, password=SECRET),
        "user_environment": section(
            default_app={"title": "jupyterlab or classic", "enum": ["jupyterlab", "classic"]}
        ),
        "services": section(cull=CULL),
    },
    "additionalProperties": True,
}
