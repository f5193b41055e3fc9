"""Things that take long to make, kept outside the repository by the hash of their recipe."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock


def cache_root() -> Path:
    """`$TLJH_TEST_CACHE`, or a folder in the user's cache."""
    chosen = os.environ.get("TLJH_TEST_CACHE")
    root = Path(chosen) if chosen else Path.home() / ".cache" / "tljh-wizard-tests"
    root.mkdir(parents=True, exist_ok=True)
    return root


def cached(kind: str, recipe: object, build: Callable[[Path], None]) -> Path:
    """The folder that `build` fills for this recipe: built once, by one process, and complete or absent."""
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:12]
    target = cache_root() / f"{kind}-{digest}"
    if target.is_dir():
        return target
    with FileLock(f"{target}.lock"):
        if not target.is_dir():
            unfinished = target.with_name(f"{target.name}.unfinished")
            if unfinished.exists():
                shutil.rmtree(unfinished)
            unfinished.mkdir()
            build(unfinished)
            unfinished.rename(target)
    return target
