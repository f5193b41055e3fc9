"""What TLJH itself needs, whatever the plugins are."""

from __future__ import annotations

HUB_REQUIREMENTS = (
    "jupyterhub>=5.2,<6",
    "jupyterhub-systemdspawner>=1.0.2,<2",
    "jupyterhub-firstuseauthenticator>=1.1,<2",
    "jupyterhub-nativeauthenticator>=1.3,<2",
    "jupyterhub-ldapauthenticator>=2,<3",
    "jupyterhub-tmpauthenticator>=1,<2",
    "oauthenticator>=17.1,<18",
    "jupyterhub-idle-culler>=1.4,<2",
    "jupyterhub-traefik-proxy>=2,<3",
)
"""In the hub environment. Each authenticator that `auth.type` may name out of the box is there."""

USER_REQUIREMENTS = (
    "jupyterlab>=4.2.5,<5",
    "notebook>=7.2.2,<8",
    "nbgitpuller>=1.2.1,<2",
    "jupyter-resource-usage>=1.1,<2",
    "ipywidgets>=8.1.5,<9",
)
"""In everyone's environment, beside the `jupyterhub` of exactly the hub's version."""

GROUPS = ("jupyterhub-admins", "jupyterhub-users")
UNITS = ("traefik.service", "jupyterhub.service")
HUB_API_PORT = 15001
PORTS = {"http.port": 80, "https.port": 443, "traefik_api.port": 8099}
"""Default TCP ports of the proxy, by the setting that moves them; the hub's API has none."""
DEFAULT_CHANNELS = ("conda-forge",)
"""The conda channels when neither the answers nor a plugin name one."""
