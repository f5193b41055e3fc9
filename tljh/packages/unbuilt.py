"""Plans without building, which would run code: requirements known only as source code are set aside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from packaging.utils import InvalidSdistFilename, canonicalize_name, parse_sdist_filename
from packaging.version import InvalidVersion

from tljh.packages.pip_arguments import PipArguments, line_name
from tljh.packages.pip_errors import NeedsBuild
from tljh.runner import Result


@dataclass(frozen=True, slots=True)
class Unbuilt:
    """A requirement that must be built to know more."""

    name: str
    version: str | None

    @property
    def pin(self) -> str:
        return f"{self.name}=={self.version}" if self.version else self.name


def without_builds(
    arguments: PipArguments, resolve: Callable[[PipArguments, Sequence[str]], Result]
) -> tuple[Result | None, list[Unbuilt]]:
    """Resolve, leaving out what would have to be built; None if nothing is left.

    `resolve` takes the arguments, and the names that it shall pass over where others need them.
    """
    unbuilt: list[Unbuilt] = []
    excluded: list[str] = []
    while arguments.lines:
        try:
            return resolve(arguments, excluded), unbuilt
        except NeedsBuild as error:
            names = {str(canonicalize_name(name)) for name in error.names}
            blamed = [line for line in arguments.lines if _blamed(line, names)]
            if not blamed:
                if names.issubset(excluded):
                    raise
                new = sorted(names.difference(excluded))
                excluded += new
                unbuilt += [Unbuilt(name, None) for name in new]
                continue
            unbuilt += [Unbuilt(line_name(line) or min(names), stated_version(line)) for line in blamed]
            kept = tuple(line for line in arguments.lines if line not in blamed)
            arguments = replace(arguments, lines=kept)
    return None, unbuilt


def _blamed(line: str, names: set[str]) -> bool:
    """Whether the line asks for one of the names, or for a folder or archive that is called so."""
    name = line_name(line)
    if name is not None:
        return name in names
    last = line.removeprefix("-e ").partition("#")[0].rstrip("/").rpartition("/")[2].partition("@")[0]
    stem = str(canonicalize_name(last.removesuffix(".git")))
    return any(stem == n or stem.startswith(f"{n}-") for n in names) or any(f"egg={n}" in line for n in names)


def stated_version(line: str) -> str | None:
    """The version in the file name of an sdist."""
    file = line.partition("#")[0].split(" --hash=")[0].rstrip().rpartition("/")[2]
    try:
        return str(parse_sdist_filename(file)[1])
    except (InvalidSdistFilename, InvalidVersion):
        return None


def pin(line: str) -> str | None:
    """`name==version` from a compiled line; the name alone of what comes from elsewhere; None for a path."""
    text = line.partition(" ;")[0].strip()
    if " @ " in text:
        name = text.partition(" @ ")[0].partition("[")[0].strip()
        return Unbuilt(str(canonicalize_name(name)), stated_version(text) or _wheel_version(text)).pin
    return text if "==" in text and not text.startswith("-") else None


def _wheel_version(text: str) -> str | None:
    file = text.partition("#")[0].strip().rpartition("/")[2]
    return file.split("-")[1] if file.endswith(".whl") and file.count("-") >= 4 else None
