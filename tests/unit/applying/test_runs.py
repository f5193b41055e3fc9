"""A run's folder: one at a time, followed to its end, honest about a process that is gone."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path

import pytest

from tljh.applying import runs
from tljh.applying.events import Event
from tljh.applying.runs import START_SECONDS, Run
from tljh.errors import Busy, NotFound, PlanChanged
from tljh.layout import Layout
from tljh.planning.types import Plan


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "tljh")


@pytest.fixture
def run(layout: Layout) -> Run:
    return runs.create(layout, Plan(prefix=str(layout.prefix), spec={}), {"ada": "$2b$hash"})


def tell(run: Run, *events: Event) -> None:
    with run.events_file.open("a") as stream:
        stream.writelines(event.to_json() + "\n" for event in events)


def forget(run: Run) -> None:
    """Make it a run whose process never reported, long ago."""
    past = time.time() - START_SECONDS - 1
    os.utime(run.folder, (past, past))


def test_nobody_else_can_read_it(run: Run, layout: Layout) -> None:
    assert layout.runs.stat().st_mode & 0o077 == 0
    assert run.passwords_file.stat().st_mode & 0o077 == 0


def test_a_second_run_is_refused_while_one_goes_on(run: Run, layout: Layout) -> None:
    run.claim()
    assert runs.current(layout) == run
    with pytest.raises(Busy, match=run.id):
        runs.create(layout, Plan(prefix="", spec={}), {})
    tell(run, Event("run-finished", data={"status": "done"}))
    assert runs.current(layout) is None
    assert runs.create(layout, Plan(prefix="", spec={}), {}).id != run.id


def test_a_process_that_is_gone_leaves_an_interrupted_run(run: Run) -> None:
    run.process_file.write_text(json.dumps({"pid": os.getpid(), "start": "another start"}))
    assert run.status() == "interrupted"


def test_a_run_that_never_reported_counts_as_starting_for_a_while(run: Run) -> None:
    assert run.status() == "running"
    forget(run)
    assert run.status() == "interrupted"


def test_a_plan_that_somebody_edited_is_not_executed(run: Run) -> None:
    path = run.folder / "plan.json"
    document = json.loads(path.read_text())
    document["address"] = "http://elsewhere/"
    path.write_text(json.dumps(document))
    with pytest.raises(PlanChanged):
        run.plan()


@pytest.mark.parametrize("name", ["nope", "../runs", "a/b"])
def test_an_unknown_run(layout: Layout, name: str) -> None:
    with pytest.raises(NotFound):
        runs.find(layout, name)


async def test_following_gets_all_events_and_ends_with_the_run(run: Run) -> None:
    run.claim()
    tell(run, Event("run-started"))
    seen: list[str] = []

    async def follow() -> None:
        async for event in runs.follow(run):
            seen.append(event.kind)
            if event.kind == "run-started":
                tell(run, Event("action-started", 0, "é" * 10))
            elif event.kind == "action-started":
                tell(run, Event("run-finished", data={"status": "done"}))

    await asyncio.wait_for(follow(), 20)
    assert seen == ["run-started", "action-started", "run-finished"]


async def test_following_a_dead_run_ends_with_what_to_do(run: Run) -> None:
    tell(run, Event("run-started"), Event("action-started", 0))
    run.process_file.write_text(json.dumps({"pid": os.getpid(), "start": "another start"}))
    events = [event async for event in runs.follow(run)]
    assert [event.kind for event in events] == ["run-started", "action-started", "run-finished"]
    assert events[-1].data["status"] == "interrupted"
    assert events[-1].data["next"] == "tljh install"


def test_a_line_cut_off_by_a_crash_is_left_out(run: Run) -> None:
    tell(run, Event("run-started"))
    with run.events_file.open("a") as stream:
        stream.write('{"time": 1, "kind": "act')
    assert [event.kind for event in run.events()] == ["run-started"]
