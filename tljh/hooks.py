"""The plugin contract: the hooks that a plugin may implement, and the markers to write them with.

A plugin is a distribution with an entry point in the group `tljh` that names a module (or object) whose
functions are marked with `hookimpl`. An implementation may accept fewer parameters than the specification.
"""

from __future__ import annotations

from typing import Any

import pluggy

PROJECT_NAME = "tljh"
ENTRY_POINT_GROUP = "tljh"

hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)


@hookspec
def tljh_extra_user_conda_packages() -> list[str] | None:
    """Conda match specs to install into the user environment."""


@hookspec
def tljh_extra_user_conda_channels() -> list[str] | None:
    """Conda channels, highest priority first; if no plugin names one, `conda-forge`."""


@hookspec
def tljh_extra_user_pip_packages() -> list[str] | None:
    """Pip requirements for the user environment, installed after the conda packages."""


@hookspec
def tljh_extra_hub_pip_packages() -> list[str] | None:
    """Pip requirements for the hub environment, installed before the hub starts."""


@hookspec
def tljh_extra_apt_packages() -> list[str] | None:
    """Debian packages, installed before any pip or conda package of plugins."""


@hookspec
def tljh_custom_jupyterhub_config(c: Any) -> None:
    """Change JupyterHub's configuration `c` (a traitlets `Config`), at every start of the hub.

    Called after TLJH's own settings and before `jupyterhub_config.d/*.py`.
    """


@hookspec
def tljh_config_post_install(config: dict[str, Any]) -> None:
    """Change the parsed `config.yaml` in place; the result is written back. Called while installing."""


@hookspec
def tljh_post_install() -> None:
    """Run any code as root, as the last step of an installation."""


@hookspec
def tljh_new_user_create(username: str) -> None:
    """Run any code as root after the system user `username` was created."""


PACKAGE_HOOKS = (
    "tljh_extra_apt_packages",
    "tljh_extra_hub_pip_packages",
    "tljh_extra_user_conda_channels",
    "tljh_extra_user_conda_packages",
    "tljh_extra_user_pip_packages",
)
CODE_HOOKS = (
    "tljh_custom_jupyterhub_config",
    "tljh_config_post_install",
    "tljh_post_install",
    "tljh_new_user_create",
)
HOOKS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(PACKAGE_HOOKS, ()),
    "tljh_custom_jupyterhub_config": ("c",),
    "tljh_config_post_install": ("config",),
    "tljh_post_install": (),
    "tljh_new_user_create": ("username",),
}
"""Every hook with the names of its parameters."""
