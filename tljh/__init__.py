"""The Littlest JupyterHub's plugin system and installer: find, inspect, plan and apply plugins."""

from importlib import metadata

try:
    __version__ = metadata.version("tljh-wizard")
except metadata.PackageNotFoundError:  # a checkout that is not installed
    __version__ = "0.0.0"
