"""A line of news on the login page."""

import os

from tljh.hooks import hookimpl as hook


@hook
def tljh_extra_hub_pip_packages():
    packages = ["hub-banner-sample"]
    packages.extend(os.environ.get("HUB_BANNER_EXTRAS", "").split())
    return packages


@hook(trylast=True)
def tljh_custom_jupyterhub_config(c):
    from hub_banner_sample import banner

    c.JupyterHub.template_vars = {"announcement_login": banner()}
