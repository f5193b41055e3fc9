"""The command in a real process: help, refusals, a pseudo-terminal, hang-up."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tljh.errors import Refused
from tljh_wizard import terminal

HEAVY = ("textual", "rich", "httpx", "rattler", "jsonschema", "tomlkit")
FAKE = Path(__file__).parent / "run_fake.py"
PATIENCE = 30.0


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tljh_wizard", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(flag: str) -> None:
    code = (
        "import sys\nfrom tljh_wizard.cli import main\n"
        f"try:\n    main([{flag!r}])\nexcept SystemExit as end:\n    assert end.code in (0, None)\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\nassert not loaded, loaded\n"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert "tljh-wizard" in finished.stdout


def test_without_a_terminal_it_names_the_command_and_imports_no_textual() -> None:
    finished = run()
    assert finished.returncode == Refused.exit_status
    assert "tljh install --spec tljh.toml" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert run("--spec", "mine.toml").stderr.count("tljh install --spec mine.toml") == 1
    code = (
        "import sys\nfrom tljh_wizard.cli import main\nassert main([]) == 8\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\nassert not loaded, loaded\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("name", ["dumb", ""])
def test_a_terminal_that_cannot_draw_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="cannot draw") as refused:
        terminal.check({"TERM": name}, interactive=True)
    assert "tljh install --spec" in refused.value.hint


def test_the_linux_console_is_plain_and_ascii() -> None:
    look = terminal.choose({"TERM": "linux"})
    assert (look.theme, look.ascii_only) == ("plain", True)
    assert look.variables["TEXTUAL_COLOR_SYSTEM"] == "standard"


def test_flags_win_and_the_mouse_is_off() -> None:
    assert terminal.choose({"TERM": "linux"}, theme="dark").theme == "dark"
    assert not terminal.choose({"TERM": "xterm"}).mouse
    assert terminal.choose({"TERM": "xterm", "COLORFGBG": "0;15"}).theme == "light"
    assert terminal.choose({"TERM": "xterm", "NO_COLOR": "1"}).theme == "plain"
    assert terminal.choose({"TERM": "xterm"}).variables["TEXTUAL_ANIMATIONS"] == "none"


@dataclass
class Terminal:
    """The other end of a pseudo-terminal."""

    pid: int
    file: int
    read: bytes = field(default=b"")

    def wait_for(self, text: bytes) -> int:
        """Read until the text comes; bytes read by this call."""
        start, end = len(self.read), time.monotonic() + PATIENCE
        while text not in self.read[start:]:
            assert time.monotonic() < end, self.read[-2000:]
            ready, _, _ = select.select([self.file], [], [], 0.1)
            if ready:
                self.read += os.read(self.file, 65536)
        return len(self.read) - start

    def ended(self) -> int:
        """Wait for the end; the exit status."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            ready, _, _ = select.select([self.file], [], [], 0.05)
            if ready:
                try:
                    self.read += os.read(self.file, 65536)
                except OSError:
                    continue
        raise AssertionError("it did not end")


@contextmanager
def in_terminal(*argv: str, **environment: str) -> Iterator[Terminal]:
    pid, file = pty.fork()
    if pid == 0:
        env = {**os.environ, "TERM": "xterm-256color", "LINES": "24", "COLUMNS": "80", **environment}
        os.execvpe(sys.executable, [sys.executable, *argv], env)
    window = Terminal(pid, file)
    try:
        yield window
    finally:
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        try:
            os.close(file)
        except OSError:
            pass


def test_hang_up_ends_it_cleanly() -> None:
    with in_terminal(str(FAKE)) as window:
        window.wait_for(b"tljh-earth")
        os.kill(window.pid, signal.SIGHUP)
        assert window.ended() == 0
        assert b"Traceback" not in window.read


def test_a_terminal_that_vanishes_ends_it() -> None:
    with in_terminal(str(FAKE)) as window:
        window.wait_for(b"tljh-earth")
        os.close(window.file)
        end = time.monotonic() + PATIENCE
        pid = 0
        while not pid and time.monotonic() < end:
            pid, _status = os.waitpid(window.pid, os.WNOHANG)
            select.select([], [], [], 0.02)
        assert pid == window.pid


def test_quitting_with_q_in_the_list() -> None:
    with in_terminal(str(FAKE)) as window:
        window.wait_for(b"tljh-earth")
        os.write(window.file, b"\t")
        window.wait_for(b"preview")
        os.write(window.file, b"q")
        assert window.ended() == 0


def test_a_cursor_key_costs_few_bytes() -> None:
    with in_terminal(str(FAKE)) as window:
        window.wait_for(b"1.3.0")
        os.write(window.file, b"\t")
        window.wait_for(b"preview")
        sizes = []
        for name in (b"repo2docker", b"db", b"voila", b"shared"):
            os.write(window.file, b"\x1b[B")
            sizes.append(window.wait_for(name))
        assert min(sizes) < 2000, sizes


def test_dumb_is_refused_in_a_terminal_too() -> None:
    with in_terminal("-m", "tljh_wizard", TERM="dumb") as window:
        assert window.ended() == Refused.exit_status
        assert b"tljh install --spec" in window.read


def test_an_answers_file_that_does_not_parse_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "tljh.toml"
    broken.write_text("admins = [")
    with in_terminal("-m", "tljh_wizard", "--spec", str(broken)) as window:
        assert window.ended() == 4
        assert b"not valid TOML" in window.read
        assert b"Traceback" not in window.read
