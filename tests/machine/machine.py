"""A Debian server, booted with systemd on a copy-on-write root, thrown away when the test is over."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

from . import cgroups
from .errors import MachineError
from .image import ADMIN, base_image
from .network import Network
from .rootfs import mount_root, prepare_root
from .slot import Slot, abandoned_slots, take_slot
from .waiting import wait_until

Suite = Literal["bookworm", "trixie"]
PATH_INSIDE = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BOOT_SECONDS = 60
_STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Bind:
    """A folder of the host that the machine sees at `target`."""

    source: Path
    target: str
    writable: bool = False

    def option(self) -> str:
        return f"--bind{'' if self.writable else '-ro'}={self.source}:{self.target}"


class Machine:
    """A context manager: booted inside the `with`, and gone with all that was written after it."""

    def __init__(
        self,
        binds: Sequence[Bind] = (),
        suite: Suite = "bookworm",
        memory_limit: int | None = None,
    ) -> None:
        self.suite = suite
        self._binds = tuple(binds)
        self._memory_limit = memory_limit
        self._undo = ExitStack()
        self._slot: Slot | None = None
        self._leader = 0

    def __enter__(self) -> Machine:
        base = base_image(self.suite)
        try:
            self._start(base)
        except BaseException:
            self._undo.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._undo.close()

    @property
    def name(self) -> str:
        return self._place.name

    @property
    def address(self) -> str:
        """The machine's own IPv4 address, as the host reaches it; all its ports are free."""
        return Network(self._place).address

    @property
    def host_address(self) -> str:
        """The address at which the machine reaches servers on the host."""
        return Network(self._place).host_address

    @property
    def leader(self) -> int:
        """The machine's first process, as the host numbers it."""
        return self._leader

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def root(self) -> Path:
        """The machine's root folder, seen from the host; for reading and writing plain files."""
        return self._place.folder / "root"

    @property
    def key(self) -> Path:
        """The private key with which `root` and `admin` are reached."""
        return self._place.folder / "ssh_key"

    def run(
        self,
        argv: Sequence[str],
        *,
        input: str | None = None,
        timeout: float = 60,
        check: bool = True,
        environ: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine as root; MachineError if it fails (with `check`) or takes too long."""
        # `timeout` runs inside: a killed nsenter would leave the command behind.
        inside = ["timeout", "--kill-after=5", f"{timeout:g}", *argv]
        finished = self._enter(inside, input=input, environ=environ or {}, timeout=timeout + 10)
        if finished.returncode == 124:
            raise MachineError(f"{' '.join(argv)}: not finished after {timeout:g} s\n{_tail(finished)}")
        if check and finished.returncode != 0:
            raise MachineError(f"{' '.join(argv)}: exit status {finished.returncode}\n{_tail(finished)}")
        return finished

    def ssh(self, user: str = ADMIN, *options: str) -> list[str]:
        """The start of an ssh command line; a command to run can follow."""
        return [
            "ssh", "-F", "/dev/null", "-i", str(self.key), "-l", user,
            "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            *options, self.address,
        ]  # fmt: skip

    def read(self, path: str) -> str:
        """The text of a file in the machine."""
        return self.run(["cat", path]).stdout

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Put a file into the machine, with its parents, owned by root."""
        folder = str(Path(path).parent)
        script = 'mkdir -p "$1" && cat > "$2" && chmod "$3" "$2"'
        self.run(["sh", "-c", script, "sh", folder, path, f"{mode:o}"], input=text)

    def exists(self, path: str) -> bool:
        return self.run(["test", "-e", path], check=False).returncode == 0

    def journal(self, unit: str | None = None, lines: int = 50) -> str:
        """The last lines of the machine's journal: what to show when a test fails."""
        chosen = ["--unit", unit] if unit else []
        return self.run(["journalctl", "--no-pager", "-n", str(lines), *chosen], check=False).stdout

    @property
    def _place(self) -> Slot:
        if self._slot is None:
            raise MachineError("the machine has not been started")
        return self._slot

    def _start(self, base: Path) -> None:
        clear_abandoned()
        slot = self._slot = take_slot()
        self._undo.callback(slot.release)
        mount_root(base, slot.folder, self._undo)
        prepare_root(self.root, slot.name, self.key)
        network = Network(slot)
        self._undo.callback(network.down)
        network.up()
        self._undo.callback(cgroups.remove, slot.name)
        process = self._boot(cgroups.make(slot.name, self._memory_limit), network)
        self._undo.callback(self._stop, process)
        self._leader = wait_until(lambda: _leader_of(process), _BOOT_SECONDS, self._console)
        wait_until(self._is_up, _BOOT_SECONDS, self._why_not_up)
        self._let_units_be_limited()

    def _boot(self, cgroup_files: list[Path], network: Network) -> subprocess.Popen[bytes]:
        enter = 'while [ "$1" != -- ]; do echo $$ > "$1"; shift; done; shift; exec "$@"'
        nspawn = [
            "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot",
            "--console=read-only", "--resolv-conf=off", "--timezone=off", "--link-journal=no",
            f"--directory={self.root}", f"--machine={self.name}",
            f"--network-namespace-path={network.namespace}",
            *(bind.option() for bind in self._binds),
        ]  # fmt: skip
        with self._place.console.open("wb") as console:
            # A test run that is killed takes its machine along: SIGTERM makes nspawn power it off.
            return subprocess.Popen(
                [
                    "setpriv", "--pdeathsig", "TERM",
                    "sh", "-c", enter, "sh", *map(str, cgroup_files), "--", *nspawn,
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        """Power off; the machine's first process is killed only if that does not work."""
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # Never nspawn itself: its systemd would live on and keep the root busy.
            leader = _leader_of(process)
            if leader:
                os.kill(leader, signal.SIGKILL)
            process.wait(_STOP_SECONDS)

    def _enter(
        self, argv: list[str], input: str | None, environ: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        variables = {"PATH": PATH_INSIDE, "HOME": "/root", "LANG": "C.UTF-8", **environ}
        root = f"/proc/{self._leader}/root"
        namespaces = ["-m", "-u", "-i", "-p", "-n", "-C", f"-r{root}", f"-w{root}"]
        return subprocess.run(
            [
                "nsenter", "-t", str(self._leader), *namespaces, "--",
                "env", "-i", *(f"{name}={value}" for name, value in variables.items()), *argv,
            ],
            input=input if input is not None else "",
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )  # fmt: skip

    def _is_up(self) -> bool:
        return self._state() == "running"

    def _state(self) -> str:
        return self._enter(["systemctl", "is-system-running"], None, {}, 10).stdout.strip()

    def _why_not_up(self) -> str:
        failed = self._enter(["systemctl", "--failed", "--no-pager", "--no-legend"], None, {}, 10).stdout
        return f"the machine's state is {self._state() or 'unknown'}\n{failed}\n{self._console()}"

    def _console(self) -> str:
        return "\n".join(self._place.console.read_text(errors="replace").splitlines()[-20:])

    def _let_units_be_limited(self) -> None:
        """On cgroup v1 the controllers are read-only at first: `MemoryMax` would do nothing."""
        if cgroups.is_unified():
            return
        for controller in ("memory", "pids"):
            self.run(["mount", "-o", "remount,bind,rw", f"/sys/fs/cgroup/{controller}"])
        self.run(["systemctl", "daemon-reexec"])
        wait_until(self._is_up, _BOOT_SECONDS, self._why_not_up)


def clear_abandoned() -> None:
    """Take away the roots, networks and cgroups of machines whose test was killed."""
    for slot in abandoned_slots():
        cgroups.remove(slot.name)
        Network(slot).down()
        slot.release()


def _leader_of(process: subprocess.Popen[bytes]) -> int:
    """The machine's first process as the host numbers it, 0 while there is none."""
    if process.poll() is not None:
        raise MachineError(f"systemd-nspawn ended with {process.returncode}")
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        systemds = [pid for pid in children if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd"]
    except FileNotFoundError:
        # nspawn's first child only prepares the second one.
        return 0
    return int(systemds[0]) if systemds else 0


def _tail(finished: subprocess.CompletedProcess[str]) -> str:
    return "\n".join((finished.stdout + finished.stderr).splitlines()[-30:])
