"""The tests' own plugin: in the manner of real ones, with every hook there is."""

from __future__ import annotations

from .conftest import EXTRA_CHANNEL
from .machine import Machine

APT_PACKAGE = "sl"
HUB_PACKAGE = "inflection"
USER_PACKAGE = "toolz"
CONDA_PACKAGES = ("humanize", "emoji")
ANNOUNCEMENT = "Maintenance on Friday: save your work by noon"
MEMORY_LIMIT = "2G"
POST_INSTALL_FILE = "/srv/post-install"
WELCOME_FILE = "welcome.txt"

_SETUP = """\
from setuptools import setup

setup(
    name="{name}",
    version="1.2.0",
    author="A teacher",
    license="BSD-3-Clause",
    description="Everything that a plugin can do, in small",
    long_description="Adds a steam locomotive and says hello.",
    py_modules=["{module}"],
    entry_points={{"tljh": ["{entry}={module}"]}},
)
"""

_PACKAGES = f'''\
"""Packages, settings and code for one small class."""

import os
import shutil

from tljh.hooks import hookimpl

HUB_PACKAGES = ["{HUB_PACKAGE}==0.5.1"]


@hookimpl
def tljh_extra_apt_packages():
    return ["{APT_PACKAGE}"]


@hookimpl
def tljh_extra_hub_pip_packages():
    return HUB_PACKAGES


@hookimpl
def tljh_extra_user_pip_packages():
    return ["{USER_PACKAGE}>=0.12"]


@hookimpl
def tljh_custom_jupyterhub_config(c):
    """Say it on every page, the login page too."""
    c.JupyterHub.template_vars = {{"announcement": "{ANNOUNCEMENT}"}}


@hookimpl
def tljh_config_post_install(config):
    """A limit, unless the administrator has one."""
    limits = config.setdefault("limits", {{}})
    limits.setdefault("memory", "{MEMORY_LIMIT}")


@hookimpl
def tljh_post_install():
    """Append, so that a second call could be seen."""
    with open("{POST_INSTALL_FILE}", "a") as stream:
        stream.write("installed by %d\\n" % os.geteuid())
    os.chmod("{POST_INSTALL_FILE}", 0o640)


@hookimpl
def tljh_new_user_create(username):
    path = os.path.join(os.path.expanduser("~" + username), "{WELCOME_FILE}")
    with open(path, "w") as stream:
        stream.write("Hello %s\\n" % username)
    shutil.chown(path, username, username)
'''

_CONDA = f"""

@hookimpl
def tljh_extra_user_conda_channels():
    return ["file://{EXTRA_CHANNEL}"]


@hookimpl
def tljh_extra_user_conda_packages():
    return {list(CONDA_PACKAGES)!r}
"""


def write_plugin(machine: Machine, *, conda: bool = True) -> str:
    """Put its sources into the machine; the folder. Without conda it has seven hooks."""
    entry = "nine" if conda else "seven"
    name, module = f"tljh-{entry}", f"tljh_{entry}"
    folder = f"/srv/plugins/{name}"
    machine.write(f"{folder}/setup.py", _SETUP.format(name=name, module=module, entry=entry))
    machine.write(f"{folder}/{module}.py", _PACKAGES + (_CONDA if conda else ""))
    return folder
