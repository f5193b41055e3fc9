"""What a run tells: JSON lines on disk, the only thing that crosses from a run to a screen."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

EventKind = Literal[
    "run-started",
    "action-started",
    "output",
    "progress",
    "action-finished",
    "action-failed",
    "run-finished",
]


@dataclass(frozen=True, slots=True)
class Event:
    """One line. `time` is in seconds since the epoch; `action` the index in the plan's actions.

    `data` by kind: run-started {run, titles}; progress {done, total, unit}; action-failed {error};
    run-finished {status, address, error, next}.
    """

    kind: EventKind
    action: int | None = None
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    time: float = field(default_factory=time.time)

    def to_json(self) -> str:
        document = {"time": round(self.time, 3), "kind": self.kind, "action": self.action, "text": self.text}
        return json.dumps({**document, "data": dict(self.data)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> Event:
        document = json.loads(line)
        return cls(document["kind"], document["action"], document["text"], document["data"], document["time"])
