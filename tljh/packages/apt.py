"""The apt side: Debian packages of the server, simulated first, installed without a dialog."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tljh.errors import (
    Busy,
    ConflictError,
    InvalidInput,
    NetworkError,
    NotFound,
    Refused,
    StepFailed,
    TljhError,
)
from tljh.packages.redaction import public
from tljh.packages.types import ChangeKind, PackageChange
from tljh.runner import OnLine, Result, Runner

LOCK_TIMEOUT = 600
"""Seconds to wait for another apt or dpkg."""
LISTS_MAX_AGE = 24 * 3600
LISTS = Path("/var/lib/apt/lists")
ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "NEEDRESTART_MODE": "a",
    "APT_LISTCHANGES_FRONTEND": "none",
    "LC_ALL": "C.UTF-8",
}
_NAME = r"[a-z0-9][a-z0-9+.-]*[a-z0-9+]"
_PACKAGE = re.compile(rf"({_NAME})(?::([a-z0-9-]+))?(?:=([A-Za-z0-9.+:~-]+)|/([A-Za-z0-9][A-Za-z0-9._+-]*))?")
_LOCKED = re.compile(r"Could not get lock|Unable to acquire the dpkg frontend lock|Unable to lock directory")


def installed(names: Iterable[str], runner: Runner) -> frozenset[str]:
    """Of the packages asked about, the bare names of those installed (or provided by one that is).

    `name=version` counts only with that version.
    """
    wanted = {name: _PACKAGE.fullmatch(name) for name in names}
    if not wanted:
        return frozenset()
    form = r"${Package}\t${Architecture}\t${db:Status-Status}\t${Version}\t${Provides}\n"
    versions = parse_installed(runner.run(["dpkg-query", "-W", f"-f={form}"], env=ENVIRONMENT).output)
    found = set()
    for match in filter(None, wanted.values()):
        name, architecture, version, _release = match.groups()
        present = versions.get(f"{name}:{architecture}" if architecture else name)
        if present is not None and version in {None, *present}:
            found.add(name)
    return frozenset(found)


def parse_installed(listing: str) -> dict[str, set[str]]:
    """Installed versions by `name` and `name:architecture`, from dpkg-query; what is provided has none."""
    found: dict[str, set[str]] = {}
    for line in listing.splitlines():
        name, architecture, status, version, provides = (*line.split("\t"), "", "", "", "")[:5]
        if status != "installed":
            continue
        for key in (name, f"{name}:{architecture}"):
            found.setdefault(key, set()).add(version)
        for provided in provides.split(","):
            if bare := provided.split("(")[0].strip():
                found.setdefault(bare, set())
    return found


def simulate(packages: Sequence[str], runner: Runner) -> tuple[PackageChange, ...]:
    """What installing would change, with download sizes; changes nothing and needs no root.

    Raises NotFound or ConflictError with apt's own words.
    """
    checked = checked_names(packages)
    if not checked:
        return ()
    result = runner.run(
        ["apt-get", "-s", "-q", "install", *_downgrades(checked), "--", *checked],
        env=ENVIRONMENT,
        check=False,
    )
    if not result.ok:
        raise explain(result, "resolve the server packages")
    uris = runner.run(
        ["apt-get", "-qq", "--print-uris", *_downgrades(checked), "install", "--", *checked],
        env=ENVIRONMENT,
        check=False,
    )
    return parse_simulation(result.output, parse_uris(uris.output))


def parse_simulation(output: str, sizes: dict[str, int] | None = None) -> tuple[PackageChange, ...]:
    """The changes that `apt-get -s install` prints."""
    changes = []
    for line in output.splitlines():
        found = re.match(r"(Inst|Remv|Purg) (\S+)(?: \[([^\]]+)\])?(?: \((\S+)[^)]*\))?", line)
        if not found:
            continue
        verb, name, previous, version = found.groups()
        if verb != "Inst":
            changes.append(PackageChange(name, "remove", previous=previous))
            continue
        size = (sizes or {}).get(name.partition(":")[0])
        changes.append(PackageChange(name, _kind(output, name, previous, version), version, previous, size))
    return tuple(sorted(changes, key=lambda change: change.name))


def parse_uris(output: str) -> dict[str, int]:
    """Bytes to download by package name, from `--print-uris`; what is in apt's cache already is not there."""
    found = re.findall(r"^'[^']*' ([^_\s]+)_\S+\.deb (\d+)", output, re.MULTILINE)
    return {name: int(size) for name, size in found}


def install(
    packages: Sequence[str],
    runner: Runner,
    on_line: OnLine | None = None,
    *,
    lists: Path = LISTS,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Install without any question asked; configuration files that were changed by hand stay as they are.

    Package lists that are missing or old are updated first. Waits for other package managers, and says so.
    """
    checked = checked_names(packages)
    if not checked:
        return
    update(runner, on_line, lists=lists, sleep=sleep)
    command = ["install", "-q", "-y", *_downgrades(checked)]
    command += ["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]
    _apt_get([*command, "--", *checked], "install the server packages", runner, on_line, sleep)


def update(
    runner: Runner,
    on_line: OnLine | None = None,
    *,
    max_age: float = LISTS_MAX_AGE,
    lists: Path = LISTS,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Fetch the package lists if they are missing or older than `max_age` seconds; whether it did."""
    if lists_age(lists) < max_age:
        return False
    _apt_get(["update", "-q"], "fetch the package lists", runner, on_line, sleep)
    return True


def lists_age(lists: Path = LISTS) -> float:
    """Seconds since the lists were fetched; infinite if there are none. Files carry the mirror's times, so
    the folders' count."""
    if not any(lists.glob("*_Packages*")):
        return float("inf")
    folders = [folder for folder in (lists, lists / "partial") if folder.is_dir()]
    return time.time() - max(folder.stat().st_mtime for folder in folders)


def checked_names(packages: Iterable[str]) -> tuple[str, ...]:
    """The packages, none of which apt-get could take for an option or a removal. Raises InvalidInput."""
    names = tuple(dict.fromkeys(package.strip() for package in packages if package.strip()))
    for name in names:
        if not _PACKAGE.fullmatch(name):
            raise InvalidInput(
                f"{name!r} is not the name of a Debian package.",
                "Write name, name=version or name/release, in small letters.",
            )
    return names


def explain(result: Result, doing: str) -> TljhError:
    """The error that a failed apt-get stands for, with its own words."""
    text = public(result.output + "\n" + result.errors)
    errors = [line for line in text.splitlines() if line.startswith(("E:", "W: Failed"))]
    own_words = "\n".join(dict.fromkeys(errors)) or "\n".join(text.strip().splitlines()[-10:])
    message = f"Could not {doing}:\n{own_words}"
    if "unmet dependencies" in text:
        reasons = text[text.index("The following packages have unmet dependencies") :].strip()
        return ConflictError(f"Could not {doing}:\n{reasons}", "Drop one of the packages that it names.")
    if re.search(r"Unable to locate package|has no installation candidate|for '[^']+' was not found", text):
        return NotFound(message, "Check the name; `sudo apt-get update` fetches newer package lists.")
    if _LOCKED.search(text):
        return Busy(message, "Wait until the other package manager is done, then do the same again.")
    if re.search(r"No space left on device|don't have enough free space", text):
        return Refused(message, "Free some space (`sudo apt-get clean`), then do the same again.")
    if re.search(r"dpkg was interrupted", text):
        return Refused(message, "Run: sudo dpkg --configure -a")
    if re.search(r"Permission denied|are you root", text):
        return Refused(message, "Run it as root.")
    if re.search(r"Failed to fetch|Temporary failure resolving|Could not resolve|Could not connect", text):
        return NetworkError(message, "Check the network and /etc/apt/sources.list, then try again.")
    if re.search(r"held broken packages|pkgProblemResolver|Trivial Only|without --allow", text):
        return ConflictError(
            message, "Drop one of the packages, or put the server's packages in order first."
        )
    return StepFailed(message, "The lines above are apt's own words.")


def _apt_get(
    command: Sequence[str], doing: str, runner: Runner, on_line: OnLine | None, sleep: Callable[[float], None]
) -> None:
    """Run apt-get, again after a while where it does not itself wait for a lock (the lists' lock)."""
    waited, pause = 0, 5
    while True:
        result = runner.run(
            ["apt-get", "-o", f"DPkg::Lock::Timeout={LOCK_TIMEOUT}", *command],
            env=ENVIRONMENT,
            on_line=(lambda line: on_line(public(line))) if on_line else None,
            check=False,
            doing=doing,
        )
        if result.ok:
            return
        if not _LOCKED.search(result.output + result.errors) or waited >= LOCK_TIMEOUT:
            raise explain(result, doing)
        if on_line:
            on_line(f"Waiting for another package manager to finish ({waited} s so far) …")
        sleep(pause)
        waited += pause


def _downgrades(packages: Sequence[str]) -> list[str]:
    """A version that is asked for by its number may be older than the installed one."""
    return ["--allow-downgrades"] if any("=" in p or "/" in p for p in packages) else []


def _kind(output: str, name: str, previous: str | None, version: str | None) -> ChangeKind:
    if previous is None:
        return "install"
    if previous == version:
        return "reinstall"
    block = re.search(r"will be DOWNGRADED:\n((?:  .*\n)+)", output)
    return "downgrade" if block and name in block[1].split() else "upgrade"
