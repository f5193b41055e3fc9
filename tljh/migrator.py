"""Moving files from where old versions of TLJH kept them."""

from __future__ import annotations

import itertools
import logging
from datetime import date
from pathlib import Path

from tljh import config

MOVED = ("config.yaml", "jupyterhub_config.d")


def migrate_config_files() -> None:
    """Move `config.yaml` and `jupyterhub_config.d/` from the install prefix into `config/`.

    Where the new one is there already, the old one is kept beside it under another name.
    """
    for name in MOVED:
        old = Path(config.INSTALL_PREFIX, name)
        new = Path(config.CONFIG_DIR, name)
        if old.exists():
            new.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _move(old, _free_name(new) if new.exists() else new, new)


def _move(old: Path, target: Path, new: Path) -> None:
    logger = logging.getLogger("tljh")
    if target == new:
        logger.info("Moving %s to %s", old, new)
    else:
        logger.warning("Found %s, but %s is used. The old one is kept as %s and ignored.", old, new, target)
    old.rename(target)


def _free_name(new: Path) -> Path:
    """`NAME.old.YYYY-MM-DD`, with a number if that is taken."""
    base = new.with_name(f"{new.name}.old.{date.today().isoformat()}")
    numbered = (base.with_name(f"{base.name}.{number}") for number in itertools.count())
    return next(path for path in itertools.chain([base], numbered) if not path.exists())
