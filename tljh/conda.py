"""The user environment's packages, as plugins and scripts ask for them."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tljh.errors import InvalidInput
from tljh.runner import Runner, SystemRunner
from tljh.traefik import checksum_file

_runner: Runner = SystemRunner()


def ensure_conda_packages(
    prefix: str | os.PathLike[str],
    packages: Sequence[str],
    channels: Sequence[str] = ("conda-forge",),
    force_reinstall: bool = False,
) -> None:
    """Install conda packages beside those asked for before; `force_reinstall`: even if they are there."""
    from tljh.packages import conda

    if not packages:
        return
    with _forgotten(Path(prefix), packages if force_reinstall else ()):
        conda.install(
            Path(prefix),
            list(packages),
            list(channels),
            cache_dir=_cache(prefix, "conda"),
            runner=_runner,
            on_event=_log,
        )


def ensure_pip_packages(
    prefix: str | os.PathLike[str], packages: Iterable[str], upgrade: bool = False
) -> None:
    """Install distributions; `packages` may hold pip options, too."""
    _install_with_pip(prefix, list(packages), upgrade)


def ensure_pip_requirements(
    prefix: str | os.PathLike[str], requirements_path: str | os.PathLike[str], upgrade: bool = False
) -> None:
    """Install what a requirements file (a path or a URL) lists."""
    _install_with_pip(prefix, ["--requirement", str(requirements_path)], upgrade)


def get_conda_package_versions(prefix: str | os.PathLike[str]) -> dict[str, str]:
    """The version of each installed conda package, by name."""
    from tljh.packages import conda

    return {name: package.version for name, package in conda.installed(Path(prefix)).items()}


def fix_permissions(prefix: str | os.PathLike[str]) -> None:
    """Make everything below the prefix the caller's own, and writable by nobody else."""
    uid, gid = os.geteuid(), os.getegid()
    for path in _everything(Path(prefix)):
        found = os.lstat(path)
        if (found.st_uid, found.st_gid) != (uid, gid):
            os.lchown(path, uid, gid)
        writable = found.st_mode & (stat.S_IWOTH | stat.S_IWGRP)
        if writable and not stat.S_ISLNK(found.st_mode):
            os.chmod(path, stat.S_IMODE(found.st_mode) & ~(stat.S_IWOTH | stat.S_IWGRP))


def sha256_file(path: str | os.PathLike[str]) -> str:
    """The sha256 of a file, in hex digits."""
    return checksum_file(path)


def _install_with_pip(prefix: str | os.PathLike[str], requirements: list[str], upgrade: bool) -> None:
    from tljh.index_settings import IndexSettings
    from tljh.packages import pip

    if not requirements:
        return
    if not Path(prefix, "bin", "python").exists():
        raise InvalidInput(f"There is no Python environment in {prefix}.", "Install TLJH first.")
    pip.install(
        Path(prefix),
        requirements,
        runner=_runner,
        settings=IndexSettings.load(os.environ),
        cache_dir=_cache(prefix, "uv"),
        on_line=_log,
        upgrade=upgrade,
    )


@contextmanager
def _forgotten(prefix: Path, packages: Sequence[str]) -> Iterator[None]:
    """Hide the records of these packages, so that they count as missing; they come back if the body fails."""
    from tljh.packages.conda import spec_name

    names = {spec_name(spec) for spec in packages}
    records = [
        path for path in (prefix / "conda-meta").glob("*.json") if path.stem.rsplit("-", 2)[0] in names
    ]
    hidden = [path.rename(path.with_suffix(".json.hidden")) for path in records]
    try:
        yield
    except BaseException:
        for path in hidden:
            path.rename(path.with_suffix(""))
        raise
    for path in hidden:
        path.unlink()


def _everything(prefix: Path) -> Iterator[Path]:
    yield prefix
    for folder, folders, names in os.walk(prefix):
        for name in (*folders, *names):
            yield Path(folder, name)


def _cache(prefix: str | os.PathLike[str], kind: str) -> Path:
    """On the prefix's own file system, so that files are hard-linked."""
    return Path(prefix).absolute().parent / "cache" / kind


def _log(line: str) -> None:
    logging.getLogger("tljh").info("%s", line)
