"""The classic notebook, with small limits for small servers."""

from tljh.hooks import hookimpl


@hookimpl
def tljh_config_post_install(config):
    config["user_environment"] = {"default_app": "classic"}
    config["limits"] = {"memory": "512M", "cpu": 1}


@hookimpl
def tljh_custom_jupyterhub_config(c):
    c.JupyterHub.concurrent_spawn_limit = 5
    c.Spawner.notebook_dir = "~"
