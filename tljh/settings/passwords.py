"""FirstUseAuthenticator's password database: bcrypt hashes by name of the hub user."""

from __future__ import annotations

import contextlib
import dbm
import os
from collections.abc import Iterator
from pathlib import Path

from tljh.errors import InvalidInput

DATABASE = "passwords.dbm"
LONGEST = 72
"""bcrypt's limit, in bytes."""


def set_password(state_dir: str | os.PathLike[str], username: str, password: str) -> None:
    """Store the hash of a password, which itself goes nowhere. Raises InvalidInput if it is too long."""
    import bcrypt

    if len(password.encode("utf-8")) > LONGEST:
        raise InvalidInput(
            f"The password of {username} is longer than {LONGEST} bytes.", "Choose a shorter one."
        )
    set_hash(state_dir, username, bcrypt.hashpw(password.encode("utf-8"), bcrypt.gensalt()).decode("ascii"))


def set_hash(state_dir: str | os.PathLike[str], username: str, hashed: str) -> None:
    """Store a hash that was made before."""
    Path(state_dir).mkdir(mode=0o700, parents=True, exist_ok=True)
    with _private_files(), dbm.open(str(Path(state_dir, DATABASE)), "c", 0o600) as database:
        database[_key(username)] = hashed.encode("ascii")


def verify(state_dir: str | os.PathLike[str], username: str, password: str) -> bool:
    """Whether the user has a password and this is it."""
    import bcrypt

    try:
        with dbm.open(str(Path(state_dir, DATABASE)), "r") as database:
            stored = database.get(_key(username))
    except (*dbm.error, OSError):
        return False
    try:
        return stored is not None and bcrypt.checkpw(password.encode("utf-8"), stored)
    except ValueError:
        return False


def _key(username: str) -> bytes:
    """As the authenticator normalises names."""
    return username.lower().encode("utf-8")


@contextlib.contextmanager
def _private_files() -> Iterator[None]:
    """Some database formats create files without regard to the mode."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
