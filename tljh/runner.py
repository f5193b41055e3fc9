"""The only module that starts processes: for real, recorded for tests, and with secrets taken out."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tljh.errors import StepFailed, TljhError

CalledProcessError = subprocess.CalledProcessError
"""What `tljh.utils.run_subprocess` raises: the standard library's own, as plugins expect."""

OnLine = Callable[[str], None]
TAIL_LINES = 15


@dataclass(frozen=True, slots=True)
class Result:
    """How a finished command ended; `output` is its standard output, `errors` its standard error, as text."""

    argv: tuple[str, ...]
    status: int
    output: str = ""
    errors: str = ""

    @property
    def ok(self) -> bool:
        return self.status == 0

    def tail(self, lines: int = TAIL_LINES) -> str:
        """The last lines of what it printed, for people."""
        return "\n".join((self.output + self.errors).splitlines()[-lines:])


class CommandFailed(StepFailed):
    """A command ended with a status other than 0."""

    code = "command-failed"

    def __init__(self, result: Result, doing: str = "") -> None:
        what = doing or f"run {shlex.join(result.argv)}"
        super().__init__(f"Could not {what} (exit status {result.status}).\n{result.tail()}".rstrip())
        self.result = result


class CommandMissing(TljhError):
    """The program to run is not installed."""

    code = "command-missing"
    exit_status = 8


class Runner(Protocol):
    """What the rest of the code starts processes with."""

    def run(
        self,
        argv: Sequence[str],
        *,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float | None = None,
        on_line: OnLine | None = None,
        check: bool = True,
        doing: str = "",
    ) -> Result:
        """Run to the end and capture the output; `env` is added to this process's environment.

        With `on_line`, standard error is merged into standard output, and each line is handed on as it
        comes. `doing` completes the sentence "Could not ..." of the error. Raises CommandFailed if
        `check` and the status is not 0 (124 after a time-out), CommandMissing if there is no such program.
        """

    def which(self, program: str) -> str | None:
        """The path of a program, as the shell would find it."""


class SystemRunner:
    """Runs commands on this machine."""

    def which(self, program: str) -> str | None:
        return shutil.which(program)

    def run(
        self,
        argv: Sequence[str],
        *,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float | None = None,
        on_line: OnLine | None = None,
        check: bool = True,
        doing: str = "",
    ) -> Result:
        words = tuple(str(word) for word in argv)
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if on_line else subprocess.PIPE,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                text=True,
                errors="replace",
            )
        except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
            raise CommandMissing(
                f"Cannot run {words[0]}: {error.strerror}.", f"Install the program {words[0]}."
            ) from None
        result = _follow(process, words, input, timeout, on_line)
        if check and not result.ok:
            raise CommandFailed(result, doing)
        return result


def _follow(
    process: subprocess.Popen[str],
    words: tuple[str, ...],
    input: str | None,
    timeout: float | None,
    on_line: OnLine | None,
) -> Result:
    """Wait for the process; on a time-out kill it and report status 124, as timeout(1) does."""
    if on_line is None:
        try:
            output, errors = process.communicate(input, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
            return Result(words, 124, output or "", f"{errors or ''}\nno end after {timeout:g} s")
        return Result(words, process.returncode, output, errors)
    timer = threading.Timer(timeout, process.kill) if timeout else None
    if timer:
        timer.start()
    try:
        assert process.stdout is not None
        if process.stdin:
            process.stdin.write(input or "")
            process.stdin.close()
        lines = []
        for line in process.stdout:
            lines.append(line)
            on_line(line.rstrip("\n"))
        status = process.wait()
    finally:
        if timer:
            timer.cancel()
    return Result(words, 124 if timer and status == -9 else status, "".join(lines))


@dataclass
class RecordingRunner:
    """For tests: answers from a table of command prefixes and keeps what was asked.

    `answers` maps the first words of a command to its Result, standard output or exit status; a command
    without an answer ends with status 0 and prints nothing.
    """

    answers: Mapping[tuple[str, ...], Result | str | int] = field(default_factory=dict)
    programs: Sequence[str] | None = None
    calls: list[tuple[str, ...]] = field(default_factory=list)

    def which(self, program: str) -> str | None:
        return f"/usr/bin/{program}" if self.programs is None or program in self.programs else None

    def run(
        self,
        argv: Sequence[str],
        *,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float | None = None,
        on_line: OnLine | None = None,
        check: bool = True,
        doing: str = "",
    ) -> Result:
        words = tuple(str(word) for word in argv)
        self.calls.append(words)
        matching = [prefix for prefix in self.answers if words[: len(prefix)] == prefix]
        answer = self.answers[max(matching, key=len)] if matching else Result(words, 0)
        if isinstance(answer, int):
            answer = Result(words, answer)
        elif isinstance(answer, str):
            answer = Result(words, 0, answer)
        if on_line:
            for line in answer.output.splitlines():
                on_line(line)
        if check and not answer.ok:
            raise CommandFailed(answer, doing)
        return answer


def detach(argv: Sequence[str], *, log: Path, runner: Runner, unit: str | None = None) -> None:
    """Start a process that outlives this terminal, its output appended to `log`.

    With `unit` (root, systemd running) it is a transient unit of that name, outside the SSH session's
    scope; else a process in a session of its own.
    """
    if unit is not None:
        keep = ("PATH", "HOME", "LANG", "TLJH_INSTALL_PREFIX")
        passed = [
            f"--setenv={name}={value}"
            for name, value in os.environ.items()
            if name in keep
            or name.startswith(("PIP_", "UV_", "SSL_CERT", "REQUESTS_CA", "TLJH_"))
            or name.lower().endswith("_proxy")
        ]
        runner.run(
            ["systemd-run", "--quiet", "--collect", f"--unit={unit}", "--property=KillMode=mixed",
             f"--property=StandardOutput=append:{log}", f"--property=StandardError=append:{log}",
             *passed, *argv],
            doing="start the run in the background",
        )  # fmt: skip
        return
    with log.open("ab") as stream:
        subprocess.Popen(
            list(argv), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
        )


@dataclass(frozen=True, slots=True)
class Redactor:
    """Takes secrets out of text before it is written or shown."""

    secrets: tuple[str, ...] = ()

    def __call__(self, text: str) -> str:
        for secret in sorted(self.secrets, key=len, reverse=True):
            if secret:
                text = text.replace(secret, "•••")
        return text


def this_python() -> str:
    """The interpreter that runs this code, for helper processes."""
    return sys.executable
