"""What people and plugins hand to pip, sorted into what uv takes. It only looks whether a path exists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tljh.errors import InvalidInput

_INDEX = {"-i": "index", "--index-url": "index", "--pypi-url": "index", "--extra-index-url": "extra"}
_LINKS = {"-f": "links", "--find-links": "links", "--trusted-host": "trusted"}
_IN_FILE = {"-r", "--requirement", "-c", "--constraint", "-e", "--editable", "--no-binary", "--only-binary"}
_LONG = {"-r": "-r", "--requirement": "-r", "-c": "-c", "--constraint": "-c", "-e": "-e", "--editable": "-e"}
_FLAGS = {
    "--pre": ("--prerelease", "allow"),
    "-U": ("--upgrade",),
    "--upgrade": ("--upgrade",),
    "--force-reinstall": ("--reinstall",),
    "-I": ("--reinstall",),
    "--ignore-installed": ("--reinstall",),
    "--no-deps": ("--no-deps",),
    "--no-cache-dir": ("--no-cache",),
    "--no-build-isolation": ("--no-build-isolation",),
    "--require-hashes": ("--require-hashes",),
}
_MEANINGLESS = {
    "-q", "-qq", "--quiet", "-v", "-vv", "--verbose", "--no-input", "--no-color", "--prefer-binary",
    "--disable-pip-version-check", "--no-warn-script-location", "--no-warn-conflicts", "--no-compile",
    "--compile", "--no-python-version-warning", "--use-pep517", "-y", "--yes", "--isolated",
}  # fmt: skip
_MEANINGLESS_WITH_VALUE = {
    "--progress-bar",
    "--root-user-action",
    "--retries",
    "--timeout",
    "--upgrade-strategy",
}


@dataclass(frozen=True, slots=True)
class PipArguments:
    """Requirements and options, apart. URLs may hold credentials."""

    lines: tuple[str, ...] = ()
    """A requirements file's lines, in order; paths are absolute."""
    index: str | None = None
    """Takes the place of the machine's own index."""
    extra: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    no_index: bool = False
    flags: tuple[str, ...] = ()
    """Options of uv that mean what pip's mean."""


def parse(arguments: Iterable[str], base: Path | None = None) -> PipArguments:
    """Sort the arguments; relative paths are seen from `base`. Raises InvalidInput that names the bad one."""
    base = base or Path.cwd()
    lines: list[str] = []
    flags: list[str] = []
    values: dict[str, list[str]] = {"index": [], "extra": [], "links": [], "trusted": []}
    no_index = False
    words = iter(_checked(arguments))
    for word in words:
        if not word.startswith("-"):
            lines.append(_absolute_requirement(word, base))
            continue
        option, value = _split(word)
        if option == "--no-index":
            no_index = True
        elif option in _FLAGS:
            flags += _FLAGS[option]
        elif option in _MEANINGLESS:
            continue
        elif option in _MEANINGLESS_WITH_VALUE:
            _value(option, value, words)
        elif option == "--hash" and lines:
            lines[-1] += f" --hash={_value(option, value, words)}"
        elif kind := _INDEX.get(option) or _LINKS.get(option):
            values[kind].append(_value(option, value, words))
        elif option in _IN_FILE:
            text = _value(option, value, words)
            lines.append(
                f"{_LONG.get(option, option)} {_absolute_path(text, base) if option in _LONG else text}"
            )
        else:
            raise InvalidInput(
                f"{option} is not an option that can be used here.",
                "Use requirements, paths, URLs, and index options such as --extra-index-url URL.",
            )
    return PipArguments(
        tuple(lines),
        values["index"][-1] if values["index"] else None,
        tuple(values["extra"]),
        tuple(_absolute_path(link, base) for link in values["links"]),
        tuple(values["trusted"]),
        no_index,
        tuple(dict.fromkeys(flags)) if "--prerelease" not in flags else tuple(flags),
    )


def line_name(line: str) -> str | None:
    """The normalised name of the distribution that a line asks for; None where it does not say."""
    found = re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:[<>=!~;@,(\s]|$)", line)
    if found and not _looks_like_path(line):
        return re.sub(r"[-_.]+", "-", found[1]).lower()
    return None


def _checked(arguments: Iterable[str]) -> Iterator[str]:
    for argument in arguments:
        text = argument.strip()
        if any(ord(character) < 32 for character in text):
            raise InvalidInput(
                f"{text!r} is not one requirement.", "Give each requirement as an item of its own."
            )
        if text and not text.startswith("#"):
            yield text


def _split(word: str) -> tuple[str, str | None]:
    """`--option=value`, `--option value` and `-rvalue`, taken apart."""
    found = re.match(r"(--[a-z0-9-]+)(?:=|\s+)(.*)$", word) or re.match(r"(-[a-zA-Z])(?:\s+|=)?(.+)$", word)
    if found and not word.startswith("--") and word in _MEANINGLESS:
        return word, None
    return (found[1], found[2].strip()) if found else (word, None)


def _value(option: str, value: str | None, rest: Iterator[str]) -> str:
    text = value if value else next(rest, "")
    if not text:
        raise InvalidInput(f"{option} needs a value.", "Write it after the option.")
    return text


def _looks_like_path(word: str) -> bool:
    return word.startswith((".", "/", "~")) or ("/" in word.partition("@")[0] and "://" not in word)


def _absolute_requirement(word: str, base: Path) -> str:
    """A path as pip would see it from `base`; anything else as it is."""
    if not _looks_like_path(word):
        is_archive = re.fullmatch(r"\S+\.(?:whl|tar\.gz|zip)", word) and (base / word).exists()
        return str(base / word) if is_archive else word
    return _absolute_path(word, base)


def _absolute_path(text: str, base: Path) -> str:
    if "://" in text or text.startswith("git+"):
        return text
    path, bracket, extras = text.partition("[")
    expanded = Path(path).expanduser()
    return f"{expanded if expanded.is_absolute() else base / expanded}{bracket}{extras}"
