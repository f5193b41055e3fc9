"""The plugins that are known without a network: the bundled catalogue, and the administrator's own list."""

from __future__ import annotations

import os
from pathlib import Path

from packaging.utils import canonicalize_name

from tljh.discovery.candidates import Candidate
from tljh.discovery.catalogue import load_catalogue

VARIABLE = "TLJH_CATALOGUE"
"""Names a file in the form of the bundled catalogue; its entries come first and win."""


def known_plugins() -> tuple[Candidate, ...]:
    """Every known plugin. Raises InvalidCatalogue that names the file and the entry."""
    bundled = load_catalogue()
    own_file = os.environ.get(VARIABLE)
    if not own_file:
        return bundled
    own = load_catalogue(Path(own_file))
    names = {canonicalize_name(candidate.name) for candidate in own}
    return (*own, *(c for c in bundled if canonicalize_name(c.name) not in names))
