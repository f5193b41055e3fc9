"""How each kind of action is done: one function for each, taking the action and the context."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tljh.applying.context import Context
from tljh.applying.steps import configuration, environments, plugins, system
from tljh.planning import actions

STEPS: dict[type[actions.Action], Callable[[Any, Context], None]] = {
    actions.InstallAptPackages: system.install_apt_packages,
    actions.InstallHubPackages: environments.install_hub_packages,
    actions.InstallTraefik: environments.install_traefik,
    actions.InstallPlugins: plugins.install_plugins,
    actions.CheckPlugins: plugins.check_plugins,
    actions.InstallLatePackages: plugins.install_late_packages,
    actions.InstallHubExtras: environments.install_hub_extras,
    actions.SyncCondaEnvironment: environments.sync_conda_environment,
    actions.CreateUserVenv: environments.create_user_venv,
    actions.InstallUserPackages: environments.install_user_packages,
    actions.EnsureAccounts: system.ensure_accounts,
    actions.SetPasswords: system.set_passwords,
    actions.WriteConfig: configuration.write_config,
    actions.StartServices: system.start_services,
    actions.CheckHealth: system.check_health,
    actions.CompileBytecode: environments.compile_bytecode,
    actions.RunPostInstall: plugins.run_post_install,
}
"""Every kind of action has its step; a test holds it against `actions.KINDS`."""
