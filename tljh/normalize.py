"""From names of hub users to names that the system takes."""

from __future__ import annotations

import hashlib

LONGEST = 26
"""useradd takes 32 characters: these, a hyphen and 5 digits of a hash."""


def generate_system_username(username: str) -> str:
    """The name itself if it is short, else its beginning and 5 hex digits of the sha256 of all of it."""
    if len(username) < LONGEST:
        return username
    digest = hashlib.sha256(username.encode("utf-8")).hexdigest()
    return f"{username[:LONGEST]}-{digest[:5]}"
