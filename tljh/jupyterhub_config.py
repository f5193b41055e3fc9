"""JupyterHub's configuration on a TLJH server: TLJH's own, then plugins', then the administrator's files."""

from __future__ import annotations

import logging
import os
from glob import glob
from typing import Any

from tljh.config import CONFIG_DIR, STATE_DIR, USER_ENV_PREFIX
from tljh.configurer import apply_config, load_config
from tljh.utils import load_plugins

HUB_PORT = 15001


def configure(c: Any) -> None:
    """TLJH's own settings: those that never change, then those of `config.yaml`."""
    c.JupyterHub.spawner_class = "tljh.user_creating_spawner.UserCreatingSpawner"
    c.JupyterHub.cleanup_servers = False
    c.JupyterHub.hub_port = HUB_PORT
    c.JupyterHub.db_url = f"sqlite:///{os.path.join(STATE_DIR, 'jupyterhub.sqlite')}"
    c.JupyterHub.cookie_secret_file = os.path.join(STATE_DIR, "jupyterhub_cookie_secret")
    c.JupyterHub.proxy_class = "traefik_file"
    c.TraefikFileProviderProxy.should_start = False
    c.TraefikFileProviderProxy.enable_setup_dynamic_config = False
    c.TraefikFileProviderProxy.static_config_file = os.path.join(STATE_DIR, "traefik.toml")
    c.TraefikFileProviderProxy.dynamic_config_file = os.path.join(STATE_DIR, "rules", "rules.toml")
    c.FirstUseAuthenticator.dbm_path = os.path.join(STATE_DIR, "passwords.dbm")

    c.Spawner.cmd = [os.path.join(USER_ENV_PREFIX, "bin", "jupyterhub-singleuser")]
    c.SystemdSpawner.extra_paths = [os.path.join(USER_ENV_PREFIX, "bin")]
    c.SystemdSpawner.default_shell = "/bin/bash"
    c.SystemdSpawner.unit_name_template = "jupyter-{USERNAME}"
    apply_config(load_config(), c)


def call_plugins(c: Any) -> None:
    """`tljh_custom_jupyterhub_config` of every plugin that can be loaded; the others are named in the log."""
    manager, failures = load_plugins()
    for failure in failures:
        logging.getLogger("tljh").error("%s", failure)
    manager.hook.tljh_custom_jupyterhub_config(c=c)


def extra_files() -> list[str]:
    """The administrator's own configuration files, in the order of their names."""
    return sorted(glob(os.path.join(CONFIG_DIR, "jupyterhub_config.d", "*.py")))


if "get_config" in globals():  # run by JupyterHub, and not imported
    c = globals()["get_config"]()
    configure(c)
    call_plugins(c)
    for path in extra_files():
        globals()["load_subconfig"](path)
