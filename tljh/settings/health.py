"""Whether the hub answers through the proxy. Asks this machine only."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

ANSWER_SECONDS = 10.0


def local_address(config: Mapping[str, Any]) -> str:
    """The hub's address on this machine, from the whole configuration (defaults included)."""
    secure = bool(config["https"]["enabled"])
    where = config["https" if secure else "http"]
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(where["address"], where["address"])
    host = f"[{host}]" if ":" in host else host
    base = "/" + str(config["base_url"]).strip("/")
    return f"{'https' if secure else 'http'}://{host}:{where['port']}{base.rstrip('/')}/"


def problem_at(url: str, seconds: float = ANSWER_SECONDS) -> str | None:
    """None if the hub's API answers below the address, else why it does not count as an answer."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/") + "/hub/api"
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        # The certificate is for the public name; that the server is this machine is known.
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=seconds, context=context
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        response = connection.getresponse()
        body = response.read(65536)
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({error or type(error).__name__})"
    finally:
        connection.close()
    if response.status != 200:
        return f"the proxy answers, but not the hub (HTTP status {response.status})"
    try:
        answered = "version" in json.loads(body)
    except (ValueError, TypeError):
        answered = False
    return None if answered else "something that is not JupyterHub answers there"


def wait_until_ready(
    url: str,
    seconds: float = 60.0,
    *,
    ask: Callable[[str], str | None] = problem_at,
    pause: float = 0.5,
) -> str | None:
    """Ask until the hub answers; None if it did within that time, else the last problem."""
    deadline = time.monotonic() + seconds
    while True:
        problem = ask(url)
        if problem is None or time.monotonic() >= deadline:
            return problem
        time.sleep(pause)
