"""The pip side: distributions from package indexes, resolved and installed by uv."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tljh.errors import InvalidInput, Refused
from tljh.index_settings import IndexSettings
from tljh.packages import pip_arguments
from tljh.packages.distributions import installed
from tljh.packages.pip_arguments import PipArguments, line_name
from tljh.packages.pip_errors import NeedsBuild
from tljh.packages.types import ChangeKind, PackageChange
from tljh.packages.unbuilt import pin, without_builds
from tljh.packages.uv_process import Uv
from tljh.runner import OnLine, Runner

__all__ = ["NeedsBuild", "compile", "create_venv", "dry_run", "install", "installed", "uninstall"]


def dry_run(
    python: Path,
    arguments: Iterable[str],
    *,
    constraints: Iterable[str] = (),
    upgrade: bool = False,
    offline: bool = False,
    build: bool = False,
    settings: IndexSettings | None = None,
    cache_dir: Path | None = None,
    runner: Runner,
) -> tuple[PackageChange, ...]:
    """What installing would change in the environment of `python`. Builds nothing, so no package's code runs.

    What would have to be built first is left out of the resolution and stands in the result without a
    version; with `build` it is built all the same, for requirements that are this program's own.
    Raises ConflictError, NotFound, NetworkError, InvalidInput, as `explain` says.
    """
    uv = Uv(runner, settings, cache_dir)
    command = [
        "pip",
        "install",
        "--python",
        str(python),
        "--dry-run",
        "--output-format",
        "json",
    ]
    command += [] if build else ["--no-build"]
    command += ["--upgrade"] * upgrade + ["--offline"] * offline
    result, unbuilt = without_builds(
        pip_arguments.parse(arguments),
        lambda parsed, excluded: uv.run(
            command, parsed, constraints, doing="resolve the packages", excluded=excluded
        ),
    )
    _close_lock(python.parent.parent)
    before = {name: package.version for name, package in installed(python.parent.parent).items()}
    document = json.loads(result.output) if result is not None else {"changes": []}
    versions = {str(canonicalize_name(c["name"])): c.get("version") for c in _entries(document, "installed")}
    removed = {str(canonicalize_name(c["name"])) for c in _entries(document, "uninstalled")}
    changes = [_change(name, version, before.get(name)) for name, version in versions.items()]
    changes += [PackageChange(n, "remove", previous=before.get(n)) for n in sorted(removed - set(versions))]
    changes += [
        PackageChange(line.name, "install", line.version) for line in unbuilt if line.name not in before
    ]
    return tuple(sorted(changes, key=lambda change: change.name))


def compile(
    arguments: Iterable[str],
    *,
    python_version: str,
    constraints: Iterable[str] = (),
    offline: bool = False,
    settings: IndexSettings | None = None,
    cache_dir: Path | None = None,
    runner: Runner,
) -> tuple[str, ...]:
    """`name==version` for an environment that does not exist yet; builds nothing, as `dry_run`.

    What comes from a folder, or is known only as source code, stands there by its name alone, with the
    version where its file name states one.
    """
    uv = Uv(runner, settings, cache_dir)
    command = ["pip", "compile", "--python", sys.executable, "--python-version", python_version, "--no-build"]
    command += ["--no-header", "--no-annotate", "--quiet", "--no-emit-index-url"] + ["--offline"] * offline
    result, unbuilt = without_builds(
        pip_arguments.parse(arguments),
        lambda parsed, excluded: uv.run(
            command, parsed, constraints, doing="resolve the packages", as_input=True, excluded=excluded
        ),
    )
    lines = (result.output if result is not None else "").splitlines()
    pins = [text for line in lines if (text := pin(line))]
    return tuple(sorted([*pins, *(item.pin for item in unbuilt)]))


def install(
    prefix: Path,
    requirements: Iterable[str],
    *,
    constraints: Iterable[str] = (),
    runner: Runner,
    settings: IndexSettings | None = None,
    cache_dir: Path | None = None,
    on_line: OnLine | None = None,
    no_deps: bool = False,
    upgrade: bool = False,
    require_hashes: bool = False,
    compile_bytecode: bool = True,
) -> None:
    """Install into the environment at `prefix`; requirements, pip options, paths and URLs, in order.

    Bytecode is compiled by default, as pip does: users cannot write into the environment, and each of their
    interpreters would compile every module again.
    """
    command = ["pip", "install", "--python", str(prefix / "bin" / "python")]
    command += ["--no-deps"] * no_deps + ["--require-hashes"] * require_hashes + ["--upgrade"] * upgrade
    command += ["--compile-bytecode"] * compile_bytecode
    parsed = pip_arguments.parse(requirements)
    if require_hashes:
        # With hashes every constraint would have to be pinned too; the hash says more than any constraint.
        settings = replace(settings or IndexSettings.load(os.environ), constraints=())
    if parsed.lines:
        uv = Uv(runner, settings, cache_dir)
        uv.run(command, parsed, constraints, on_line=on_line, doing=f"install packages into {prefix}")
        _close_lock(prefix)


def create_venv(
    prefix: Path,
    python: str,
    *,
    runner: Runner,
    settings: IndexSettings | None = None,
    cache_dir: Path | None = None,
    on_line: OnLine | None = None,
) -> None:
    """A virtual environment with pip in it; one that is there already, or half of one, is made whole.

    `python` is a version such as `3.11` or the path of an interpreter of this machine; none is downloaded.
    """
    if (prefix / "conda-meta").is_dir():
        raise Refused(
            f"{prefix} is a conda environment.",
            'Keep manager = "conda" in tljh.toml, or move it out of the way.',
        )
    command = ["venv", "--allow-existing", "--python", python, str(prefix)]
    prefix.parent.mkdir(parents=True, exist_ok=True)
    uv = Uv(runner, settings, cache_dir)
    uv.run(command, PipArguments(), (), on_line=on_line, doing=f"make the environment {prefix}")
    install(prefix, ["pip"], runner=runner, settings=settings, cache_dir=cache_dir, on_line=on_line)


def uninstall(prefix: Path, names: Sequence[str], *, runner: Runner, on_line: OnLine | None = None) -> None:
    """Remove distributions; those that are not there are passed over."""
    for name in names:
        if line_name(name) is None or line_name(name) != str(canonicalize_name(name)):
            raise InvalidInput(f"{name!r} is not the name of a distribution.", "Give names without versions.")
    if names:
        command = ["pip", "uninstall", "--python", str(prefix / "bin" / "python"), *names]
        Uv(runner, None, None).run(command, PipArguments(), (), on_line=on_line, doing="uninstall packages")


def _close_lock(prefix: Path) -> None:
    """uv makes its lock file so that everybody could write it, and with it hold up the next installation."""
    with contextlib.suppress(OSError):
        (prefix / ".lock").chmod(0o644)


def _entries(document: dict[str, list[dict[str, str]]], action: str) -> list[dict[str, str]]:
    return [entry for entry in document["changes"] if entry["action"] == action]


def _change(name: str, version: str | None, previous: str | None) -> PackageChange:
    if previous is None:
        return PackageChange(name, "install", version)
    kind: ChangeKind = "reinstall"
    try:
        if version is not None and Version(version) != Version(previous):
            kind = "upgrade" if Version(version) > Version(previous) else "downgrade"
    except InvalidVersion:
        kind = "upgrade" if version != previous else "reinstall"
    return PackageChange(name, kind, version, previous)
