"""Tide tables, sea levels and coastlines for everyone on the server."""

from pathlib import Path

from tljh.config import INSTALL_PREFIX
from tljh.hooks import hookimpl

CHANNEL = "file:///demo/channel"
STACK = ["tidal-harmonics >=2", "sea-levels"]
STATIONS = """\
station,latitude,longitude
Brest,48.38,-4.49
Halifax,44.65,-63.57
Wellington,-41.28,174.78
"""


@hookimpl
def tljh_extra_apt_packages():
    return ["libgeos-dev"]


@hookimpl
def tljh_extra_user_conda_channels():
    return [CHANNEL]


@hookimpl
def tljh_extra_user_conda_packages():
    return [*STACK, "coastline-lite"]


@hookimpl
def tljh_extra_user_pip_packages():
    return ["tide-clock-sample>=1"]


@hookimpl
def tljh_config_post_install(config):
    config.setdefault("user_environment", {})["default_app"] = "jupyterlab"
    config.setdefault("limits", {}).setdefault("memory", "1G")


@hookimpl
def tljh_post_install():
    folder = Path(INSTALL_PREFIX) / "share" / "tides"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stations.csv").write_text(STATIONS)
