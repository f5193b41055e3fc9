"""Executes an approved plan, step by step, and tells what happens."""

from __future__ import annotations

import os
import time
import traceback

from filelock import FileLock, Timeout

from tljh import spec as specs
from tljh.applying import applied
from tljh.applying.context import Context
from tljh.applying.events import Event
from tljh.applying.journal import FULL
from tljh.applying.steps import STEPS
from tljh.errors import Busy, PlanChanged, Refused, TljhError
from tljh.planning import actions
from tljh.planning.actions import Action
from tljh.planning.probe import probe
from tljh.planning.types import RunStatus


def execute(context: Context) -> RunStatus:
    """Run the plan to its end, or to the first step that fails. Never raises for a step's failure."""
    os.umask(0o022)
    lock = FileLock(context.layout.run_lock, timeout=0)
    try:
        with lock:
            return _execute(context)
    except Timeout:
        return _finish(context, "failed", Busy("Another run is in progress.", "Wait for its end."))
    except OSError as failure:
        return _finish(context, "failed", _from_os(failure))


def _execute(context: Context) -> RunStatus:
    plan = context.plan
    context.run.claim()
    titles = [action.title for action in plan.actions]
    context.emit(Event("run-started", data={"run": context.run.id, "titles": titles, "digest": plan.digest}))
    try:
        check_facts(context)
    except TljhError as failure:
        return _finish(context, "failed", failure)
    _prepare_folders(context)
    for index, action in enumerate(plan.actions):
        if context.run.cancel_file.exists():
            return _finish(context, "cancelled")
        context.action = index
        error = _step(context, action)
        if error:
            return _finish(context, "failed", error)
    context.action = None
    applied.record_complete(context)
    return _finish(context, "done")


def _step(context: Context, action: Action) -> TljhError | None:
    """One action; its error is a value."""
    started = time.monotonic()
    context.emit(Event("action-started", context.action, action.title))
    error: TljhError | None = None
    try:
        if isinstance(action, actions.FOR_THE_HUB):
            context.layout.restart_needed.touch()
        STEPS[type(action)](action, context)
    except TljhError as failure:
        error = failure
    except OSError as failure:
        error = _from_os(failure)
    except Exception as failure:  # noqa: BLE001  (a fault of ours must end the run in order)
        context.line(traceback.format_exc())
        error = TljhError(f"Internal error in this step: {failure!r}.", f"See {context.run.log_file}.")
    seconds = round(time.monotonic() - started, 1)
    if error:
        context.line(error.message)
        context.emit(Event("action-failed", context.action, error.message, {"error": error.to_dict()}))
    else:
        context.emit(Event("action-finished", context.action, action.title, {"seconds": seconds}))
    return error


def _from_os(failure: OSError) -> TljhError:
    if failure.errno in FULL:
        return Refused("The disk is full.", "Free some space (`df -h` shows where), then apply again.")
    return Refused(f"{failure.strerror}: {failure.filename}.", "Correct this, then apply again.")


def check_facts(context: Context) -> None:
    """Compare the machine with what the plan was made from. Raises PlanChanged, naming what differs."""
    spec = specs.from_dict(context.plan.spec)
    now = probe(context.layout, spec, context.runner).digests()
    changed = [name for name, digest in context.plan.facts.items() if now.get(name) != digest]
    if changed:
        raise PlanChanged(
            f"Since the plan was made, this changed on the machine: {', '.join(changed)}.",
            "Nothing was applied. Make the plan again and look at it: tljh plan",
        )


def _prepare_folders(context: Context) -> None:
    layout = context.layout
    layout.prefix.mkdir(parents=True, exist_ok=True)
    for private in (layout.state, layout.config, layout.cache):
        private.mkdir(mode=0o700, exist_ok=True)
        private.chmod(0o700)


def _finish(context: Context, status: RunStatus, error: TljhError | None = None) -> RunStatus:
    """The last word of the run: how it ended, what has changed so far, and what to do next."""
    context.run.passwords_file.unlink(missing_ok=True)
    context.run.reserve_file.unlink(missing_ok=True)
    finished = [
        e.action for e in context.run.events() if e.kind == "action-finished" and e.action is not None
    ]
    done = [context.plan.actions[index] for index in finished]
    changes = {action.title: len(action.details()) for action in done}
    next_command = {"done": "", "cancelled": "tljh install"}.get(status, "tljh install")
    context.emit(
        Event(
            "run-finished",
            text=error.message if error else "",
            data={
                "status": status,
                "address": context.plan.address if status == "done" else "",
                "error": error.to_dict() if error else None,
                "changed": changes,
                "next": next_command,
                "log": str(context.run.log_file),
            },
        )
    )
    return status


__all__ = ["actions", "check_facts", "execute"]
