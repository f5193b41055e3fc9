"""The Littlest JupyterHub's plugin system and installer: find, inspect, plan and apply plugins."""

from __future__ import annotations


def __getattr__(name: str) -> str:
    """`__version__`, looked up only when somebody asks: it costs a sixteenth of a second."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import metadata

    try:
        return metadata.version("tljh-wizard")
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        return "0.0.0"
