"""Starting processes: output, time-outs, missing programs, redaction, detaching."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tljh.runner import CommandFailed, CommandMissing, RecordingRunner, Redactor, Result, SystemRunner, detach


def test_output_is_captured() -> None:
    result = SystemRunner().run(["sh", "-c", "echo out; echo err >&2"])
    assert (result.output, result.errors, result.status) == ("out\n", "err\n", 0)


def test_a_failure_tells_what_was_done_and_the_last_lines() -> None:
    with pytest.raises(CommandFailed) as caught:
        SystemRunner().run(["sh", "-c", "echo because; exit 3"], doing="make tea")
    assert "make tea" in caught.value.message
    assert "because" in caught.value.message
    assert caught.value.result.status == 3


def test_a_missing_program_is_named() -> None:
    with pytest.raises(CommandMissing, match="no-such-program"):
        SystemRunner().run(["no-such-program-here"])


@pytest.mark.parametrize("follow", [False, True])
def test_a_time_out_ends_the_process(follow: bool) -> None:
    started = time.monotonic()
    result = SystemRunner().run(
        ["sleep", "60"], timeout=0.2, check=False, on_line=(lambda _line: None) if follow else None
    )
    assert result.status == 124
    assert time.monotonic() - started < 30


def test_lines_come_as_they_are_printed() -> None:
    lines: list[str] = []
    SystemRunner().run(["sh", "-c", "echo a; echo b >&2; cat"], input="c\n", on_line=lines.append)
    assert lines == ["a", "b", "c"]


def test_the_recording_runner_answers_by_the_longest_prefix() -> None:
    runner = RecordingRunner({("git",): 1, ("git", "ls-remote"): "abc\n"})
    assert runner.run(["git", "ls-remote", "x"]).output == "abc\n"
    assert not runner.run(["git", "clone"], check=False).ok
    assert runner.calls == [("git", "ls-remote", "x"), ("git", "clone")]


def test_secrets_are_taken_out() -> None:
    redact = Redactor(("pass", "password"))
    assert redact("the password is pass") == "the ••• is •••"
    assert Redactor(("",))("untouched") == "untouched"


def test_a_detached_process_is_in_a_session_of_its_own(tmp_path: Path) -> None:
    marker, log = tmp_path / "pid", tmp_path / "log"
    said = "f'{os.getpid()} {os.getsid(0)}\\n'"
    code = f"import os,time; open({str(marker)!r},'w').write({said}); time.sleep(60)"
    detach([sys.executable, "-c", code], log=log, runner=RecordingRunner())
    deadline = time.monotonic() + 20
    while not (marker.exists() and marker.read_text().endswith("\n")):
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)
    pid, session = map(int, marker.read_text().split())
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert session == pid != os.getsid(0)


def test_a_unit_is_started_through_systemd_with_the_settings_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example.org")
    monkeypatch.setenv("SECRET_OF_SOMEBODY", "x")
    runner = RecordingRunner()
    detach(["true"], log=tmp_path / "log", runner=runner, unit="tljh-run-1")
    (call,) = runner.calls
    assert call[0] == "systemd-run"
    assert "--unit=tljh-run-1" in call
    assert "--setenv=https_proxy=http://proxy.example.org" in call
    assert not any("SECRET_OF_SOMEBODY" in word for word in call)


def test_the_tail_is_the_last_lines() -> None:
    assert Result(("x",), 1, "\n".join(map(str, range(99)))).tail(2) == "97\n98"
