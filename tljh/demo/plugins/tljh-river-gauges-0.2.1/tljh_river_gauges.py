"""Levels of rivers, for everyone on the server."""

import os

from tljh.hooks import hookimpl

CHANNEL = "file:///demo/channel"


@hookimpl
def tljh_extra_user_conda_channels():
    return [CHANNEL]


@hookimpl
def tljh_extra_user_conda_packages():
    packages = ["river-gauges"]
    if os.cpu_count() and os.cpu_count() >= 64:
        packages.append("sea-levels")
    return packages
