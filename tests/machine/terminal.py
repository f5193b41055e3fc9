"""An administrator's terminal: a program over a real ssh connection, in a tmux of its own on the host."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
from collections.abc import Callable
from types import TracebackType

from .image import ADMIN
from .machine import Machine
from .waiting import wait_until

_serial = itertools.count(1)
_WAIT_SECONDS = 30.0


class Terminal:
    """A context manager: inside the `with` the command runs over ssh, and `screen()` is what people see.

    Key names are tmux's: `Enter`, `Escape`, `Up`, `PageDown`, `Tab`, `BTab`, `Space`, `C-c`, `F1`.
    """

    def __init__(
        self,
        machine: Machine,
        command: str = "",
        *,
        user: str = ADMIN,
        columns: int = 80,
        rows: int = 24,
        term: str = "xterm-256color",
    ) -> None:
        self._ssh = machine.ssh(user, "-tt", "-o", "EscapeChar=none")
        if command:
            self._ssh.append(command)
        self._size = ("-x", str(columns), "-y", str(rows))
        self._term = term
        self._socket = f"tljh-test-{os.getpid()}-{next(_serial)}"

    def __enter__(self) -> Terminal:
        options = {"status": "off", "remain-on-exit": "on", "default-terminal": self._term}
        settings = [word for name, value in options.items() for word in ("set", "-g", name, value, ";")]
        self._tmux("start-server", ";", *settings, "new-session", "-d", *self._size, *self._ssh)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tmux("kill-server")

    def keys(self, *names: str) -> None:
        """Press keys, one after the other."""
        self._tmux("send-keys", *names)

    def type(self, text: str) -> None:
        """Type text as it is, without Enter."""
        # A semicolon at the end of an argument would end tmux's command.
        literal = f"{text[:-1]}\\;" if text.endswith(";") else text
        self._tmux("send-keys", "-l", "--", literal)

    def screen(self) -> str:
        """What is on the screen, a line for each row, without spaces at their ends."""
        return self._tmux("capture-pane", "-p")

    def coloured_screen(self) -> str:
        """The same with the escape sequences for colours, for those who draw it."""
        return self._tmux("capture-pane", "-p", "-e")

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def wait_for(self, wanted: str | re.Pattern[str], timeout: float = _WAIT_SECONDS) -> str:
        """The first screen that shows it; an AssertionError with the last screen if none does."""
        pattern = re.compile(re.escape(wanted)) if isinstance(wanted, str) else wanted
        return self._wait(lambda screen: pattern.search(screen) is not None, f"{pattern.pattern!r}", timeout)

    def wait_until_gone(self, unwanted: str | re.Pattern[str], timeout: float = _WAIT_SECONDS) -> str:
        """The first screen without it."""
        pattern = re.compile(re.escape(unwanted)) if isinstance(unwanted, str) else unwanted
        return self._wait(lambda screen: not pattern.search(screen), f"no {pattern.pattern!r}", timeout)

    def wait_for_exit(self, timeout: float = _WAIT_SECONDS) -> int:
        """The exit status of the program, as ssh hands it on; 255 if the connection broke."""
        wait_until(self._has_ended, timeout, lambda: f"the program has not ended:\n{self.screen()}")
        return int(self._pane("pane_dead_status") or 255)

    def drop(self) -> None:
        """Cut the ssh connection, as a closed laptop does: the program gets no key and no farewell."""
        os.kill(int(self._pane("pane_pid")), signal.SIGKILL)
        wait_until(self._has_ended, 10, lambda: "ssh still runs")

    def _has_ended(self) -> bool:
        """Whether the program is over and tmux knows how it ended."""
        if self._pane("pane_dead") != "1":
            return False
        if self._pane("pane_dead_status") or self._pane("pane_dead_signal"):
            return True
        # tmux 3.3 at times misses the end of its child; that of another one makes it look again.
        self._tmux("run-shell", "true")
        return False

    def _wait(self, accepts: Callable[[str], bool], what: str, timeout: float) -> str:
        def accepted() -> str:
            screen = self.screen()
            return screen if accepts(screen) else ""

        try:
            return wait_until(accepted, timeout, lambda: what)
        except TimeoutError as late:
            raise AssertionError(f"{late}; the last screen:\n{self.screen()}") from None

    def _pane(self, variable: str) -> str:
        return self._tmux("display-message", "-p", f"#{{{variable}}}").strip()

    def _tmux(self, *arguments: str) -> str:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("TMUX")}
        finished = subprocess.run(
            ["tmux", "-u", "-L", self._socket, "-f", "/dev/null", *arguments],
            env={**environ, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        if finished.returncode != 0:
            raise RuntimeError(f"tmux {arguments[0]}: {finished.stderr.strip()}")
        return finished.stdout
