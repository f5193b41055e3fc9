"""What a step works with: the layout, the runner, and a way to tell what happens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tljh.applying.events import Event
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
        """Write one event; flushed, so that followers and a crash see it."""
        with self.run.events_file.open("a", encoding="utf-8") as stream:
            stream.write(self.redact(event.to_json()) + "\n")

    def line(self, text: str) -> None:
        """A line of a command's output: to the log, and to whoever follows."""
        with self.run.log_file.open("a", encoding="utf-8") as stream:
            stream.write(self.redact(text) + "\n")
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
