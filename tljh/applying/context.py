"""What a step works with: the layout, the runner, and a way to tell what happens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tljh.applying.events import Event
from tljh.applying.journal import append
from tljh.applying.runs import Run
from tljh.index_settings import IndexSettings
from tljh.layout import Layout
from tljh.packages.types import Progress
from tljh.planning.types import Plan
from tljh.runner import Redactor, Runner


@dataclass
class Context:
    """Of one run, in the process that executes it."""

    run: Run
    plan: Plan
    layout: Layout
    runner: Runner
    settings: IndexSettings
    redact: Redactor = field(default_factory=Redactor)
    action: int | None = None

    @property
    def folder_only(self) -> bool:
        return self.plan.spec.get("scope") == "folder"

    def emit(self, event: Event) -> None:
        """Write one event, so that followers and a crash see it.

        On a full disk output is dropped; for what became of the steps there is a reserve.
        """
        text = self.redact(event.to_json())
        if not append(self.run.events_file, text) and event.kind not in ("output", "progress"):
            self.run.reserve_file.unlink(missing_ok=True)
            append(self.run.events_file, text)

    def line(self, text: str) -> None:
        """A line of a command's output: to the log, and to whoever follows."""
        append(self.run.log_file, self.redact(text))
        if text.strip():
            self.emit(Event("output", self.action, text[:500]))

    def progress(self, progress: Progress) -> None:
        self.emit(Event("progress", self.action, progress.text, progress.to_dict()))

    def observed(self) -> Mapping[str, Any]:
        """What the loaded plugins contribute, by plugin; empty before they were checked."""
        try:
            observed: Mapping[str, Any] = json.loads(self.run.observed_file.read_text())
        except FileNotFoundError:
            return {}
        return observed
