"""A clean copy of the working tree: what a person has who just cloned the repository."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def copy_checkout(target: Path) -> Path:
    """Copy every file that git tracks or would track, as it is now, with changes not yet committed."""
    listing = subprocess.run(
        # Tests may run as root on another user's checkout.
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    ).stdout
    for name in listing.decode().split("\0"):
        source = REPOSITORY / name
        # A file that git still lists may be deleted in the working tree.
        if name and source.is_file():
            copy = target / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy, follow_symlinks=False)
    for folder in (target, *target.rglob("*/")):
        folder.chmod(0o755)
    return target
