"""Where plugins are found: the bundled catalogue, the package index, git hosts, local files.

Names are loaded when they are first used: looking into the catalogue needs no HTTP library. The functions
`search`, `releases` and `fetch` are imported from the modules of their names.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tljh.discovery.artifacts import ArtifactSource, FetchedArtifact, ensure_local
    from tljh.discovery.cache import default_folder
    from tljh.discovery.candidates import Candidate, PluginSource, Release
    from tljh.discovery.catalogue import load_catalogue
    from tljh.discovery.index import Index
    from tljh.discovery.releases import newest
    from tljh.discovery.requirements import RequestedPlugin, parse_requirement
    from tljh.discovery.search import Match, enrich, look_up, nearest

_HOMES = {
    "ArtifactSource": "artifacts",
    "Candidate": "candidates",
    "FetchedArtifact": "artifacts",
    "Index": "index",
    "Match": "search",
    "PluginSource": "candidates",
    "Release": "candidates",
    "RequestedPlugin": "requirements",
    "default_folder": "cache",
    "enrich": "search",
    "ensure_local": "artifacts",
    "load_catalogue": "catalogue",
    "look_up": "search",
    "nearest": "search",
    "newest": "releases",
    "parse_requirement": "requirements",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


__all__ = [
    "ArtifactSource",
    "Candidate",
    "FetchedArtifact",
    "Index",
    "Match",
    "PluginSource",
    "Release",
    "RequestedPlugin",
    "default_folder",
    "enrich",
    "ensure_local",
    "load_catalogue",
    "look_up",
    "nearest",
    "newest",
    "parse_requirement",
]
