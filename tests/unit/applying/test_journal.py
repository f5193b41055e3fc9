"""What a run writes on a disk that gets full."""

from __future__ import annotations

import errno
import io
from pathlib import Path
from typing import Any

import pytest

from tljh.applying import journal, runs
from tljh.applying.context import Context
from tljh.applying.events import Event
from tljh.applying.journal import append
from tljh.index_settings import IndexSettings
from tljh.layout import Layout
from tljh.planning.types import Plan
from tljh.runner import RecordingRunner


class FullDisk:
    """Stands for `Path.open`: what is written gets cut off after a few bytes, as long as `path` exists."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
        self._open, self._path = Path.open, path
        monkeypatch.setattr(Path, "open", lambda *a, **k: self.open(*a, **k))

    def open(self, path: Path, *arguments: Any, **named: Any) -> Any:
        stream = self._open(path, *arguments, **named)
        return _CutOff(path, "ab") if self._path.exists() and stream.writable() else stream


class _CutOff(io.FileIO):
    def write(self, content: Any) -> int:
        super().write(bytes(content)[:3])
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_line_is_there_as_a_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events"
    assert append(path, "one")
    FullDisk(monkeypatch, tmp_path)
    assert not append(path, "two")
    monkeypatch.undo()
    assert append(path, "three")
    assert path.read_text() == "one\nthree\n"


def test_another_error_is_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        append(tmp_path, "text")


def test_the_last_words_have_room_and_output_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(tmp_path / "tljh")
    plan = Plan(prefix=str(layout.prefix), spec={})
    run = runs.create(layout, plan, {})
    assert run.reserve_file.stat().st_size == journal.RESERVE_BYTES
    FullDisk(monkeypatch, run.reserve_file)
    context = Context(run, plan, layout, RecordingRunner(), IndexSettings())
    context.line("output that nobody will miss")
    assert run.reserve_file.exists()
    context.emit(Event("run-finished", data={"status": "failed"}))
    assert [event.kind for event in run.events()] == ["run-finished"]
    assert not run.reserve_file.exists()


def test_a_run_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object, **_named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    layout = Layout(tmp_path / "tljh")
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        runs.create(layout, Plan(prefix=str(layout.prefix), spec={}), {})
    assert runs.all_runs(layout) == ()
    assert list(layout.runs.iterdir()) == []
