"""Folders as artifacts: their digest, their limits, copies of them. Nothing is followed out of the folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tljh.discovery.errors import FileMissing, HashMismatch, TooLarge
from tljh.errors import UnusableArtifact

MAX_FILES = 20_000
MAX_BYTES = 512 * 1024 * 1024
SKIPPED = frozenset(
    {".git", ".hg", ".svn", "__pycache__", ".venv", ".tox", ".nox", "node_modules"}
    | {".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"}
)
"""Folders within a folder that are no part of a plugin."""


def files_of(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Files and links below a folder by relative path, sorted; no special files, no links out of it."""
    root = folder.resolve()
    found: list[tuple[str, os.stat_result]] = []
    for place, folders, names in os.walk(folder):
        linked = [name for name in folders if os.path.islink(os.path.join(place, name))]
        folders[:] = [name for name in folders if name not in SKIPPED and name not in linked]
        for name in (*names, *linked):
            path = Path(place, name)
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) or (stat.S_ISLNK(status.st_mode) and leads_within(path, root)):
                found.append((path.relative_to(folder).as_posix(), status))
    yield from sorted(found)


def leads_within(link: Path, root: Path) -> bool:
    """Whether a link ends at something in the folder, by a relative path."""
    target = os.readlink(link)
    return not os.path.isabs(target) and Path(os.path.realpath(link)).is_relative_to(root)


def check_limits(folder: Path, shown: str) -> None:
    """Raises TooLarge for a folder with more files or bytes than a plugin has."""
    count = total = 0
    for _, status in files_of(folder):
        count, total = count + 1, total + status.st_size
        if count > MAX_FILES or total > MAX_BYTES:
            raise TooLarge(
                f"{shown} holds more than {MAX_FILES:,} files or {MAX_BYTES >> 20} MiB.",
                "Name the plugin's own folder, without data and environments.",
            )


def tree_digest(folder: Path) -> str:
    """sha256 over the sorted paths, contents, links and executable bits of a folder."""
    digest = hashlib.sha256()
    for name, status in files_of(folder):
        path = folder / name
        if stat.S_ISLNK(status.st_mode):
            kind, content = b"l", os.readlink(path).encode()
        else:
            kind = b"x" if status.st_mode & stat.S_IXUSR else b"f"
            content = file_sha256(path).encode()
        digest.update(b"%s %s\0%s\n" % (kind, name.encode("utf-8", "surrogateescape"), content))
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def require(path: Path, *, folder: bool) -> None:
    """Raises FileMissing unless there is a readable file, or folder, of that name."""
    if not path.exists():
        what = "folder" if folder else "file"
        raise FileMissing(
            f"There is no {what} {path}.", f"Check the path; it is looked for from {Path.cwd()}."
        )
    if folder and not path.is_dir():
        raise UnusableArtifact(
            f"{path} is neither a folder nor a wheel or sdist.", "Name a .whl, .tar.gz or .zip file."
        )
    if not folder and not path.is_file():
        raise UnusableArtifact(f"{path} is not a file.", "Name the file itself.")
    if not os.access(path, os.R_OK | (os.X_OK if folder else 0)):
        raise UnusableArtifact(f"{path} may not be read by you.", "Change its permissions, or use sudo.")


def keep_copy(folder: Path, target: Path, sha256: str) -> Path:
    """Copy what `files_of` lists to `target`, in one step at the end. Raises HashMismatch if it changed."""
    if target.is_dir() and tree_digest(target) == sha256:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=target.parent, prefix=".copy-"))
    try:
        for name, status in files_of(folder):
            place = work / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, place, follow_symlinks=not stat.S_ISLNK(status.st_mode))
        if tree_digest(work) != sha256:
            raise HashMismatch(f"{folder} changed after it was inspected.", "Preview it again.")
        if target.exists():
            shutil.rmtree(target)
        work.chmod(0o755)
        os.replace(work, target)
        return target
    finally:
        shutil.rmtree(work, ignore_errors=True)


def remove_outward_links(folder: Path) -> None:
    """Delete links that lead out of a folder of our own."""
    root = folder.resolve()
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(place, name)
            if path.is_symlink() and not leads_within(path, root):
                path.unlink()
