"""What an installation left in a machine, seen from outside."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import TracebackType

from .machine import Machine

PREFIX = "/opt/tljh"
HUB_PYTHON = f"{PREFIX}/hub/bin/python"
USER_PYTHON = f"{PREFIX}/user/bin/python"
_SECRET = "/run/watched-secret"
_FOUND = "/run/watched-found"
_WATCH = f"""\
import glob, os, time
secret, seen = open("{_SECRET}", "rb").read(), set()
while True:
    # Before there is a log, the first process has not yet started itself again without its passwords.
    for path in glob.glob("/proc/[0-9]*/cmdline") if os.path.exists("{PREFIX}/installer.log") else ():
        try:
            words, name = open(path, "rb").read(), open(path[:-7] + "comm").read().strip()
        except OSError:
            continue
        if secret in words and name not in seen:
            seen.add(name)
            with open("{_FOUND}", "a") as found:
                found.write(name + "\\n")
    time.sleep(0.03)
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended that was run in the machine, and what it said."""

    status: int
    output: str
    errors: str

    def said(self, status: int, *words: str) -> None:
        """An AssertionError unless it ended so, with one message that has these words, and no traceback."""
        everything = self.output + self.errors
        assert self.status == status, f"exit status {self.status}:\n{everything}"
        assert "Traceback" not in everything
        for word in words:
            assert word in everything, f"no {word!r} in:\n{everything}"


def command(machine: Machine, *argv: str, timeout: float = 180, **environ: str) -> Ended:
    """Run a command as root; any exit status will do."""
    finished = machine.run(argv, timeout=timeout, check=False, environ=environ)
    return Ended(finished.returncode, finished.stdout, finished.stderr)


def has_debian_package(machine: Machine, name: str) -> bool:
    query = machine.run(["dpkg-query", "-W", "-f", "${Status}", name], check=False)
    return query.stdout == "install ok installed"


def distributions(machine: Machine, python: str) -> dict[str, str]:
    """Versions by normalised name, as the environment's own interpreter sees them."""
    script = (
        "import importlib.metadata as m, json, re\n"
        "n = lambda name: re.sub('[-_.]+', '-', name).lower()\n"
        "print(json.dumps({n(d.metadata['Name']): d.version for d in m.distributions()}))\n"
    )
    found: dict[str, str] = json.loads(machine.run([python, "-c", script]).stdout)
    return found


def runs(machine: Machine) -> list[str]:
    """The names of all runs, oldest first."""
    listing = machine.run(["find", f"{PREFIX}/runs", "-mindepth", "1", "-maxdepth", "1", "-type", "d"])
    return sorted(line.rpartition("/")[2] for line in listing.stdout.splitlines())


def mode(machine: Machine, path: str) -> str:
    """Permissions and owner, `700 root`."""
    return machine.run(["stat", "-c", "%a %U", path]).stdout.strip()


def writable_by_others(machine: Machine, folder: str) -> str:
    """Files below the folder that somebody but root may change; empty if there are none."""
    condition = ["(", "-perm", "/022", "-o", "!", "-user", "root", ")"]
    return machine.run(["find", folder, "!", "-type", "l", *condition, "-print"], timeout=120).stdout


def mentions(machine: Machine, secret: str) -> str:
    """Files and journal lines that hold the secret; empty if there are none."""
    folders = (PREFIX, "/etc", "/home", "/root", "/srv/plugins", "/tmp", "/var")
    searched = machine.run(
        ["grep", "-rlFs", "-f", "-", *folders], input=f"{secret}\n", check=False, timeout=180
    )
    journal = machine.run(["journalctl", "--no-pager", "-o", "cat"], timeout=60).stdout
    return searched.stdout + "".join(line for line in journal.splitlines(True) if secret in line)


class ProcessWatch:
    """A context manager: which programs had the secret in their arguments, from the first log line on."""

    def __init__(self, machine: Machine, secret: str) -> None:
        self._machine = machine
        self._secret = secret

    def __enter__(self) -> ProcessWatch:
        self._machine.write(_SECRET, self._secret, mode=0o600)
        self._machine.write(_FOUND, "")
        unit = ["systemd-run", "--quiet", "--collect", "--unit=watch"]
        self._machine.run([*unit, "python3", "-c", _WATCH])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._machine.run(["systemctl", "stop", "watch"])
        self._machine.run(["rm", _SECRET])

    def found(self) -> set[str]:
        return set(self._machine.read(_FOUND).split())
