"""Tide tables for everyone on the server."""

from tljh.hooks import hookimpl

CHANNEL = "file:///demo/channel"


@hookimpl
def tljh_extra_user_conda_channels():
    return [CHANNEL]


@hookimpl
def tljh_extra_user_conda_packages():
    return ["tidal-harmonics <2", "sea-levels"]
