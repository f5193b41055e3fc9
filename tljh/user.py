"""System users and groups. Everything here may be repeated without harm."""

from __future__ import annotations

import grp
import logging
import os
import pwd
import re

from tljh.errors import StepFailed
from tljh.runner import CommandFailed, Runner, SystemRunner

_runner: Runner = SystemRunner()


def ensure_user(name: str) -> None:
    """Create a system user with a private home, then call `tljh_new_user_create` of the plugins.

    What a plugin raises is logged, and does not keep the user out.
    """
    if _exists(name):
        return
    _create(name)
    home = pwd.getpwnam(name).pw_dir
    os.chmod(home, 0o700)

    from tljh.utils import get_plugin_manager

    try:
        get_plugin_manager().hook.tljh_new_user_create(username=name)
    except (Exception, SystemExit):  # plugin code may raise anything
        logging.getLogger("tljh").exception("A plugin's tljh_new_user_create failed for the user %s", name)


def remove_user(name: str) -> None:
    """Remove a system user; the home stays."""
    if _exists(name):
        _runner.run(["userdel", name], doing=f"remove the user {name}")


def ensure_group(name: str) -> None:
    """Create a group."""
    _runner.run(["groupadd", "--force", name], doing=f"make the group {name}")


def remove_group(name: str) -> None:
    """Remove a group."""
    if _group(name) is not None:
        _runner.run(["groupdel", name], doing=f"remove the group {name}")


def ensure_user_group(user: str, group: str) -> None:
    """Make the user a member of the group."""
    present = _group(group)
    if present is None or user not in present.gr_mem:
        _runner.run(["gpasswd", "--add", user, group], doing=f"add {user} to the group {group}")


def remove_user_group(user: str, group: str) -> None:
    """Take the user out of the group."""
    present = _group(group)
    if present is not None and user in present.gr_mem:
        _runner.run(["gpasswd", "--delete", user, group], doing=f"take {user} out of the group {group}")


def _create(name: str) -> None:
    """useradd; names with an @ or a dot need a flag that only newer versions of it have."""
    command = ["useradd", "--create-home", "--shell", "/bin/bash"]
    doing = f"make the system user {name}"
    result = _runner.run([*command, name], check=False)
    said = result.output + result.errors
    if not result.ok and "badname" in said and re.fullmatch(r"[a-z_][A-Za-z0-9_.@+-]*", name):
        result = _runner.run([*command, "--badname", name], check=False)
    if not result.ok:
        error = CommandFailed(result, doing)
        raise StepFailed(
            error.message, "Names of system users are letters, digits, - and _, up to 32 of them."
        )


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _group(name: str) -> grp.struct_group | None:
    try:
        return grp.getgrnam(name)
    except KeyError:
        return None
