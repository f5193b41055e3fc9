"""Steps that change the server around the environments: packages, accounts, services."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tljh.applying.context import Context
from tljh.errors import StepFailed
from tljh.packages import apt
from tljh.planning import actions
from tljh.settings import files, health, passwords, reloading

SUDOERS = "%jupyterhub-admins ALL = (ALL) NOPASSWD: ALL\nDefaults exempt_group = jupyterhub-admins\n"


def install_apt_packages(action: actions.InstallAptPackages, context: Context) -> None:
    install_debian_packages(action.packages, context)


def install_debian_packages(packages: Sequence[str], context: Context) -> None:
    apt.install(packages, context.runner, on_line=context.line)


def ensure_accounts(action: actions.EnsureAccounts, context: Context) -> None:
    """The groups, and the sudo rule once visudo has accepted it."""
    from tljh.user import ensure_group

    for group in action.groups:
        ensure_group(group)
    if not action.sudoers:
        return
    path = context.layout.sudoers_file
    candidate = context.run.folder / "sudoers"
    files.replace(candidate, SUDOERS, 0o440)
    context.runner.run(["visudo", "-cf", str(candidate)], doing="validate the sudo rule")
    files.replace(path, SUDOERS, 0o440)


def set_passwords(action: actions.SetPasswords, context: Context) -> None:
    """Put the hashes into FirstUseAuthenticator's database."""
    hashes: dict[str, str] = json.loads(context.run.passwords_file.read_text())
    for name in action.users:
        passwords.set_hash(context.layout.state, name, hashes[name])
    context.run.passwords_file.unlink()


def start_services(action: actions.StartServices, context: Context) -> None:
    """Write the units and the proxy's configuration, then (re)start both. Users' servers keep running."""
    from tljh import systemd, traefik

    traefik.ensure_traefik_config(str(context.layout.state))
    for name, text in systemd.unit_texts(context.layout).items():
        systemd.install_unit(name, text, str(context.layout.units))
    systemd.reload_daemon()
    context.runner.run(["systemctl", "reset-failed", *action.units], check=False)
    for name in action.units:
        context.line(f"starting {name}")
        systemd.enable_service(name)
        systemd.restart_service(name)


def check_health(action: actions.CheckHealth, context: Context) -> None:
    """Ask the hub through the proxy, as a browser would. Raises StepFailed with the hub's last words."""
    problem = health.wait_until_ready(action.url, seconds=90)
    if problem:
        journal = context.runner.run(
            ["journalctl", "--no-pager", "-n", "15", "-o", "cat", "-u", "jupyterhub", "-u", "traefik"],
            check=False,
        )
        raise StepFailed(
            f"The hub does not answer at {action.url}: {problem}.\n{journal.output.strip()}",
            "Read the cause above; `journalctl -u jupyterhub` has all of it. Then run `tljh install` again.",
        )
    context.layout.restart_needed.unlink(missing_ok=True)
    reloading.remember(reloading.Paths(context.layout.config, context.layout.state))
