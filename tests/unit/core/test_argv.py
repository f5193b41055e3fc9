"""Passwords on a command line do not stay in the process list."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tljh.argv import split_admins, without_passwords


@pytest.mark.parametrize(
    ("argv", "cleaned", "passwords"),
    [
        (["--admin", "a:p:q", "b"], ["--admin", "a", "b"], {"a": "p:q"}),
        (["--admin=a:p", "--plugin", "x:y"], ["--admin=a", "--plugin", "x:y"], {"a": "p"}),
        (["--admin", "a", "--plugin", "git+https://h:1/x"], None, {}),
        (["--admin", "a:"], ["--admin", "a"], {"a": ""}),
    ],
)
def test_passwords_are_taken_out(
    argv: list[str], cleaned: list[str] | None, passwords: dict[str, str]
) -> None:
    assert without_passwords(argv) == (cleaned or argv, passwords)


def test_names_keep_their_order() -> None:
    assert split_admins(["b:1", "a", "b"]) == (["b", "a"], {"b": "1"})


def test_the_process_list_shows_no_password() -> None:
    shows = "print(open('/proc/self/cmdline').read().split(chr(0)), tljh.argv.handed_on())"
    probe = f"""
import os, tljh.argv
real = os.execve
def execve(path, argv, environment):
    code = "import tljh.argv; " + {shows!r}
    real(path, [argv[0], "-c", code, *argv[3:]], environment)
os.execve = execve
tljh.argv.hide_passwords("unused", ["--admin", "ada:hunter:2"])
"""
    shown = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    command_line, _, handed = shown.rpartition("] ")
    assert "hunter" not in command_line
    assert "ada" in command_line
    assert handed.strip() == "{'ada': 'hunter:2'}"
