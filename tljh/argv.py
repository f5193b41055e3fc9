"""Passwords given on a command line leave the process list at once.

The process starts itself again without them and hands them on in an anonymous file (memfd), so that
`ps` and `/proc/PID/cmdline` show only the names. The variable holds the number of a descriptor.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence

DESCRIPTOR_VARIABLE = "TLJH_PASSWORDS_FD"


def split_admins(entries: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Names, and passwords by name, of `NAME[:PASSWORD]` entries; a password may contain `:`."""
    names: dict[str, None] = {}
    passwords = {}
    for entry in entries:
        name, colon, password = entry.partition(":")
        names[name] = None
        if colon:
            passwords[name] = password
    return list(names), passwords


def hide_passwords(module: str, argv: Sequence[str]) -> None:
    """If an `--admin` in `argv` has a password, start `python -m module` instead, without it."""
    cleaned, passwords = without_passwords(argv)
    if not passwords:
        return
    descriptor = os.memfd_create("passwords", 0)
    os.write(descriptor, json.dumps(passwords).encode())
    os.set_inheritable(descriptor, True)
    environment = {**os.environ, DESCRIPTOR_VARIABLE: str(descriptor)}
    os.execve(sys.executable, [sys.executable, "-m", module, *cleaned], environment)


def without_passwords(argv: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The arguments with only the names after `--admin`, and the passwords."""
    cleaned: list[str] = []
    found: dict[str, str] = {}
    after_admin = False
    for word in argv:
        if word.startswith("--admin="):
            names, passwords = split_admins([word.removeprefix("--admin=")])
            cleaned.append(f"--admin={names[0]}")
            found.update(passwords)
            after_admin = False
        elif word.startswith("-"):
            after_admin = word == "--admin"
            cleaned.append(word)
        elif after_admin:
            names, passwords = split_admins([word])
            cleaned.append(names[0])
            found.update(passwords)
        else:
            cleaned.append(word)
    return cleaned, found


def handed_on() -> dict[str, str]:
    """The passwords that the process was started again with; read once, then gone."""
    number = os.environ.pop(DESCRIPTOR_VARIABLE, None)
    if number is None:
        return {}
    descriptor = int(number)
    os.lseek(descriptor, 0, os.SEEK_SET)
    with open(descriptor, encoding="utf-8") as stream:
        passwords: dict[str, str] = json.load(stream)
    return passwords
