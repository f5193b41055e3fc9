"""A line of news on the login and home pages."""

from tljh.hooks import hookimpl as hook


@hook
def tljh_extra_hub_pip_packages():
    return ["hub-banner-sample>=1"]


@hook(trylast=True)
def tljh_custom_jupyterhub_config(c):
    from hub_banner_sample import banner

    c.JupyterHub.template_vars = {"announcement_login": banner(), "announcement_home": banner()}
