"""A run as its events tell it: a frozen value and one pure transition. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tljh.applying.events import Event

StepStatus = Literal["waiting", "running", "done", "failed"]
LOG_LINES = 2000


@dataclass(frozen=True, slots=True)
class Step:
    """One action of the run; `done` of `total` in `unit`s while it runs."""

    title: str
    status: StepStatus = "waiting"
    started: float = 0.0
    seconds: float | None = None
    done: int = 0
    total: int | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class RunState:
    """What is known of a run. `status` is that of tljh.planning.types.RunStatus."""

    id: str
    steps: tuple[Step, ...] = ()
    status: str = "running"
    started: float = 0.0
    finished: float | None = None
    output: str = ""
    """The last line that the current step printed, or what it says it is doing."""
    log: tuple[str, ...] = ()
    error: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""
    changed: Mapping[str, int] = field(default_factory=dict)
    next: str = ""
    log_path: str = ""
    cancelling: bool = False

    @property
    def is_over(self) -> bool:
        return self.status != "running"

    @property
    def current(self) -> Step | None:
        return next((step for step in self.steps if step.status == "running"), None)

    @property
    def failed(self) -> Step | None:
        return next((step for step in self.steps if step.status == "failed"), None)


def told(run: RunState, events: Iterable[Event]) -> RunState:
    """The run after these events; one that makes no sense (a later version's) is left out."""
    for event in events:
        run = _told_one(run, event)
    return run


def _told_one(run: RunState, event: Event) -> RunState:
    match event.kind:
        case "run-started":
            steps = tuple(Step(str(title)) for title in event.data.get("titles", ()))
            return RunState(
                run.id, steps, started=event.time, log_path=run.log_path, cancelling=run.cancelling
            )
        case "output":
            log = (*run.log, event.text)[-LOG_LINES:]
            return replace(run, output=event.text, log=log)
        case "progress":
            total = event.data.get("total")
            changed = _with_step(
                run,
                event.action,
                done=event.data.get("done", 0),
                total=total,
                unit=event.data.get("unit", ""),
            )
            return replace(changed, output=event.text or run.output)
        case "action-started":
            changed = _with_step(run, event.action, status="running", started=event.time)
            return replace(changed, output="", log=(*run.log, f"== {event.text}")[-LOG_LINES:])
        case "action-finished" | "action-failed":
            status = "done" if event.kind == "action-finished" else "failed"
            step = _step(run, event.action)
            seconds = max(0.0, event.time - step.started) if step else 0.0
            return _with_step(run, event.action, status=status, seconds=seconds)
        case "run-finished":
            return replace(
                run,
                status=event.data.get("status", "interrupted"),
                finished=event.time,
                error=event.data.get("error") or {},
                address=event.data.get("address") or "",
                changed=event.data.get("changed") or {},
                next=event.data.get("next") or "",
                log_path=event.data.get("log") or run.log_path,
            )
    return run


def _step(run: RunState, index: int | None) -> Step | None:
    return run.steps[index] if index is not None and 0 <= index < len(run.steps) else None


def _with_step(run: RunState, index: int | None, **values: Any) -> RunState:
    step = _step(run, index)
    if index is None or step is None:
        return run
    return replace(run, steps=(*run.steps[:index], replace(step, **values), *run.steps[index + 1 :]))
