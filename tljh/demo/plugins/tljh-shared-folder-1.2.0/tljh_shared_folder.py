"""A folder that everyone shares."""

from pathlib import Path

from tljh.config import INSTALL_PREFIX
from tljh.hooks import hookimpl

SHARED = Path(INSTALL_PREFIX) / "share" / "everyone"


@hookimpl
def tljh_custom_jupyterhub_config(c):
    c.Spawner.environment.update({"SHARED_FOLDER": str(SHARED)})


@hookimpl
def tljh_post_install():
    SHARED.mkdir(parents=True, exist_ok=True)
    SHARED.chmod(0o755)


@hookimpl
def tljh_new_user_create(username):
    (SHARED / username).mkdir(exist_ok=True)
