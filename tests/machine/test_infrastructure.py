"""The booted machine is what the tests of the whole thing take it for."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from .checkout import REPOSITORY
from .conftest import CHECKOUT, Boot
from .errors import MachineError
from .machine import Bind, Machine, clear_abandoned
from .terminal import Terminal
from .waiting import wait_until

pytestmark = pytest.mark.machine


def test_boots_a_debian_with_systemd_and_nothing_failed(machine: Machine) -> None:
    assert machine.run(["systemctl", "is-system-running"]).stdout.strip() == "running"
    assert machine.run(["systemctl", "--failed", "--no-legend"]).stdout == ""
    assert "ID=debian" in machine.read("/etc/os-release")
    assert machine.run(["hostname"]).stdout.strip() == machine.name


def test_commands_report_output_failure_and_lateness(machine: Machine) -> None:
    assert machine.run(["cat"], input="given").stdout == "given"
    assert machine.run(["false"], check=False).returncode == 1
    with pytest.raises(MachineError, match="exit status 2"):
        machine.run(["ls", "/nonexistent"])
    with pytest.raises(MachineError, match=r"not finished after 0\.2 s"):
        machine.run(["sleep", "3600"], timeout=0.2)


def test_files_are_written_and_read(machine: Machine) -> None:
    machine.write("/srv/new folder/file", "text äöü\n", mode=0o600)
    assert machine.read("/srv/new folder/file") == "text äöü\n"
    assert machine.run(["stat", "-c", "%a %U", "/srv/new folder/file"]).stdout == "600 root\n"
    assert machine.exists("/srv/new folder")
    assert not machine.exists("/srv/other")


def test_two_machines_serve_the_same_port(boot: Boot) -> None:
    machines = [boot(), boot()]
    for machine in machines:
        machine.write("/srv/www/name", machine.name)
        machine.run(["systemd-run", "python3", "-m", "http.server", "--directory", "/srv/www", "80"])
    for machine in machines:
        assert _fetched(f"{machine.url}/name", machine) == machine.name
    assert machines[0].address != machines[1].address


def test_reaches_the_debian_mirror_and_the_package_index(machine: Machine) -> None:
    machine.run(["apt-get", "update", "--error-on=any"], timeout=120)
    assert "Candidate: (none)" not in machine.run(["apt-cache", "policy", "sl"]).stdout
    machine.run(["python3", "-m", "venv", "/srv/venv"])
    machine.run(["/srv/venv/bin/pip", "download", "--no-deps", "--dest", "/srv/wheels", "six"], timeout=120)
    assert "six-" in machine.run(["ls", "/srv/wheels"]).stdout


def test_limits_of_units_are_enforced(machine: Machine) -> None:
    greedy = ["python3", "-c", "len(b'x' * 400_000_000)"]
    unit = ["systemd-run", "--wait", "--pipe", "--quiet"]
    assert machine.run([*unit, *greedy], check=False).returncode == 0
    assert machine.run([*unit, "-p", "MemoryMax=100M", *greedy], check=False).returncode != 0


def test_a_limit_on_the_whole_machine_is_enforced(boot: Boot) -> None:
    machine = boot(memory_limit=300 << 20)
    greedy = ["systemd-run", "--wait", "--pipe", "--quiet", "python3", "-c", "len(b'x' * 400_000_000)"]
    assert machine.run(greedy, check=False).returncode != 0


def test_the_base_image_stays_untouched(base: Path, boot: Boot) -> None:
    before = _fingerprint(base)
    machine = boot()
    machine.write("/etc/hosts", "")
    machine.run(["rm", "-r", "/usr/share/doc"])
    machine.run(["useradd", "ada"])
    assert _fingerprint(base) == before


def test_each_machine_is_fresh(boot: Boot) -> None:
    boot().write("/srv/mark", "")
    assert not boot().exists("/srv/mark")


def test_the_checkout_is_readable_and_complete(checkout: Bind, boot: Boot) -> None:
    machine = boot(checkout)
    command = f"cat {CHECKOUT}/pyproject.toml; touch {CHECKOUT}/new"
    as_admin = subprocess.run([*machine.ssh(), command], capture_output=True, text=True)
    assert as_admin.stdout == (REPOSITORY / "pyproject.toml").read_text()
    assert "Read-only file system" in as_admin.stderr
    assert not machine.exists(f"{CHECKOUT}/.git")


def test_the_administrator_has_sudo_and_a_session(machine: Machine) -> None:
    command = "sudo -n id -un; cat /proc/self/cgroup"
    said = subprocess.run([*machine.ssh(), command], capture_output=True, text=True, check=True).stdout
    assert said.startswith("root\n")
    assert re.search(r"user\.slice/user-\d+\.slice/session-\w+\.scope", said)


def test_a_terminal_shows_a_program_and_takes_keys(machine: Machine) -> None:
    with Terminal(machine, 'stty size; read -r line; echo "<$line>"; exit 7') as terminal:
        terminal.wait_for("24 80")
        terminal.type("-n for you; it's; a test;")
        terminal.keys("Enter")
        assert "<-n for you; it's; a test;>" in terminal.wait_for("<-n")
        assert terminal.wait_for_exit() == 7


def test_a_terminal_that_waits_in_vain_shows_its_screen(machine: Machine) -> None:
    with Terminal(machine, "echo all there is; cat") as terminal:
        terminal.wait_for("all there is")
        with pytest.raises(AssertionError, match="all there is"):
            terminal.wait_for("something else", timeout=0.3)


def test_a_terminal_can_be_resized(machine: Machine) -> None:
    with Terminal(machine, "trap 'stty size' WINCH; echo ready; while :; do sleep 0.1; done") as terminal:
        terminal.wait_for("ready")
        terminal.resize(120, 36)
        assert "36 120" in terminal.wait_for("36 120")


def test_a_dropped_connection_hangs_the_program_up(machine: Machine) -> None:
    program = "trap 'echo hung up > /tmp/fate; exit' HUP; echo ready; while :; do sleep 0.1; done"
    with Terminal(machine, program) as terminal:
        terminal.wait_for("ready")
        terminal.drop()
        wait_until(lambda: machine.exists("/tmp/fate"), 10, lambda: machine.journal("ssh"))
    assert machine.read("/tmp/fate") == "hung up\n"


def test_a_killed_test_run_takes_its_machine_along(base: Path) -> None:
    script = (
        "from tests.machine.machine import Machine\n"
        "with Machine() as machine:\n"
        "    print(machine.name, machine.leader, machine.root.parent, flush=True)\n"
        "    input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        name, leader, place = run.stdout.readline().split()
        run.kill()
    wait_until(lambda: not Path("/proc", leader).exists(), 20, lambda: f"{name} lives on")

    def is_taken_away() -> bool:
        clear_abandoned()
        return not os.path.ismount(place)

    wait_until(is_taken_away, 10, lambda: f"{place} is still mounted")
    assert not Path("/run/netns", name).exists()


def _fetched(url: str, machine: Machine) -> str:
    def fetch() -> str:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    return wait_until(fetch, 15, machine.journal)


def _fingerprint(tree: Path) -> str:
    """A digest of every name, size, mode and time below a folder."""
    seen = hashlib.sha256()
    for folder, folders, names in os.walk(tree):
        folders.sort()
        for name in (*folders, *sorted(names)):
            state = os.lstat(os.path.join(folder, name))
            fields = (folder, name, state.st_size, state.st_mode, state.st_mtime_ns, state.st_uid)
            seen.update(repr(fields).encode(errors="surrogateescape"))
    return seen.hexdigest()
