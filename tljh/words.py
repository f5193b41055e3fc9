"""The words for people that the command line and the wizard share."""

from __future__ import annotations

HOOK_WORDS = {
    "tljh_extra_apt_packages": "Server packages (apt)",
    "tljh_extra_hub_pip_packages": "Hub packages (pip)",
    "tljh_extra_user_conda_channels": "Conda channels",
    "tljh_extra_user_conda_packages": "Packages for everyone (conda)",
    "tljh_extra_user_pip_packages": "Packages for everyone (pip)",
    "tljh_config_post_install": "Settings in config.yaml",
    "tljh_custom_jupyterhub_config": "JupyterHub settings, at every start",
    "tljh_post_install": "Code run as root after installing",
    "tljh_new_user_create": "Code run as root for each new user",
}
"""Every hook, in the order in which they are shown."""

CERTAINTY_WORDS = {"certain": "read", "partial": "partly", "opaque": "unknown"}
OPERATION_SIGNS = {
    "set": "=",
    "set-if-missing": "= (if not set)",
    "append": "+",
    "extend": "+",
    "insert": "+",
    "update": "+",
}
"""How a setting is changed, between its name and the value."""
