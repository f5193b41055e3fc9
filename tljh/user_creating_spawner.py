"""The spawner: a system user for each hub user, made when the server starts; servers as units of systemd."""

from __future__ import annotations

import asyncio
from typing import Any

from systemdspawner import SystemdSpawner
from traitlets import Dict, List, Unicode

from tljh import user
from tljh.normalize import generate_system_username

USERS = "jupyterhub-users"
ADMINS = "jupyterhub-admins"

_accounts = asyncio.Lock()
"""useradd and gpasswd lock the user database, and give up at once if it is locked."""


class UserCreatingSpawner(SystemdSpawner):  # type: ignore[misc]
    """SystemdSpawner that first makes the system user, with the groups that the hub user belongs to."""

    user_groups = Dict(
        key_trait=Unicode(),
        value_trait=List(Unicode()),
        config=True,
        help="System groups, each with the hub users that belong to it.",
    )

    async def start(self) -> Any:
        """Make the system user and its groups, then start the server."""
        username = generate_system_username(f"jupyter-{self.user.name}")
        self.username_template = username.replace("{", "{{").replace("}", "}}")
        is_admin = bool(self.user.admin)
        self.disable_user_sudo = not is_admin
        groups = [group for group, members in self.user_groups.items() if self.user.name in members]
        async with _accounts:
            await asyncio.to_thread(prepare_account, username, is_admin=is_admin, groups=groups)
        return await super().start()


def prepare_account(username: str, *, is_admin: bool, groups: list[str]) -> None:
    """The system user and its memberships; administrators, and only they, may use sudo."""
    user.ensure_user(username)
    for group in (USERS, *((ADMINS,) if is_admin else ()), *groups):
        user.ensure_group(group)
        user.ensure_user_group(username, group)
    if not is_admin and ADMINS not in groups:
        user.remove_user_group(username, ADMINS)
