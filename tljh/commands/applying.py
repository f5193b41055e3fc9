"""The commands that plan and apply: plan, install, list."""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from tljh import spec as specs
from tljh.applying.events import Event
from tljh.argv import handed_on, split_admins
from tljh.commands.output import end_progress, note, print_json, print_lines, progress_line, table
from tljh.errors import PlanChanged, Refused, StepFailed
from tljh.layout import Layout
from tljh.planning.probe import read_applied
from tljh.planning.render import render
from tljh.planning.types import Plan
from tljh.spec import InstallSpec
from tljh.text import clean, plural
from tljh.workflow import Workflow, add_plugins, load_spec


def answers(workflow: Workflow, arguments: argparse.Namespace) -> tuple[InstallSpec, dict[str, str]]:
    """The answers file with what the command line adds, and the hashes of passwords given on it."""
    spec = load_spec(Path(arguments.spec)) if arguments.spec else workflow.load_spec()
    names, passwords = split_admins(arguments.admin)
    passwords.update(handed_on())
    admins = tuple(dict.fromkeys([*spec.admins, *names]))
    spec = add_plugins(replace(spec, admins=admins), arguments.requirements)
    return spec, workflow.password_hashes(passwords) if passwords else {}


def plan(arguments: argparse.Namespace) -> int:
    """Print what an installation would do. Exit status 7 if something makes it impossible."""
    workflow = Workflow(Layout.from_environment())
    spec, hashes = answers(workflow, arguments)
    made = _make_plan(workflow, spec, hashes)
    if arguments.json:
        print_json(made.to_dict())
    else:
        sys.stdout.write(render(made, full=arguments.full))
    return _blocked_status(made)


def _blocked_status(made: Plan) -> int:
    kinds = {problem.kind for problem in made.blocked}
    machine = {"no-root", "no-systemd", "port-in-use", "not-writable", "no-hub-environment", "disk"}
    if not kinds:
        return 0
    return Refused.exit_status if kinds & machine else 7


def _make_plan(workflow: Workflow, spec: InstallSpec, hashes: dict[str, str]) -> Plan:
    try:
        return asyncio.run(workflow.plan(spec, progress_line, new_passwords=tuple(hashes)))
    finally:
        end_progress()


def install(arguments: argparse.Namespace) -> int:
    """Plan, show, ask, apply, follow to the end."""
    workflow = Workflow(Layout.from_environment())
    spec, hashes = answers(workflow, arguments)
    return apply_spec(workflow, spec, hashes, arguments)


def apply_spec(
    workflow: Workflow, spec: InstallSpec, hashes: dict[str, str], arguments: argparse.Namespace
) -> int:
    """The rest of an installation, shared with the upstream installer's flags."""
    made = _make_plan(workflow, spec, hashes)
    if not arguments.json:
        sys.stdout.write(render(made, full=arguments.full))
        sys.stdout.flush()
    if made.blocked:
        if arguments.json:
            print_json({"schema": "tljh.run/1", "status": "blocked", "plan": made.to_dict()})
        first = made.blocked[0]
        note(f"tljh: {first.message}")
        note(f"  → {first.hint}")
        return _blocked_status(made)
    if not made.actions:
        if arguments.json:
            print_json(
                {"schema": "tljh.run/1", "status": "nothing-to-do", "actions": 0, "digest": made.digest}
            )
        return 0
    _approve(made, arguments)
    # What was approved is what `tljh install` means from now on, also if this run fails.
    workflow.save_spec(specs.from_dict(made.spec))
    run = workflow.start(made, hashes)
    if arguments.detach:
        print_lines([f"Run {run} goes on in the background; `tljh-wizard` shows it."])
        return 0
    return _follow(workflow, run, made, as_json=arguments.json)


def _approve(made: Plan, arguments: argparse.Namespace) -> None:
    """Raises unless the plan was approved: by its digest, by --yes, or by an answer on the terminal."""
    if arguments.approve:
        if len(arguments.approve) < 12 or not made.digest.startswith(arguments.approve):
            raise PlanChanged(
                f"The plan is now {made.digest[:12]}, not {arguments.approve}.",
                "Look at it again (`tljh plan`) and approve the new one.",
            )
        return
    if arguments.yes:
        return
    if not sys.stdin.isatty():
        raise Refused("Nobody is there to approve the plan.", "Look at it, then add --yes.")
    answer = input("Apply this plan? [y/N] ")
    if answer.strip().lower() not in ("y", "yes"):
        raise Refused("Not approved: nothing was changed.", "")


def _follow(workflow: Workflow, run: str, made: Plan, *, as_json: bool) -> int:
    """Print the run's events until its end; Ctrl-C leaves it running."""

    async def last() -> Event:
        event = Event("run-started")
        async for event in workflow.follow(run):
            if not as_json:
                _print_event(event, made)
        return event

    try:
        end = asyncio.run(last())
    except KeyboardInterrupt:
        note("\nThe run goes on. `tljh-wizard` shows it; `tljh list` tells how it ended.")
        return 130
    status = end.data.get("status")
    if as_json:
        actions = [action.kind for action in made.actions]
        head = {"schema": "tljh.run/1", "run": run, "digest": made.digest, "actions": actions}
        print_json({**head, **end.data})
    if status == "done":
        return 0
    error = end.data.get("error") or {}
    return int(error.get("exit_status", StepFailed.exit_status))


def _print_event(event: Event, made: Plan) -> None:
    total = len(made.actions)
    number = f"{(event.action or 0) + 1:>2}/{total}"
    if event.kind == "action-started":
        progress_line(f"{number} {event.text} ...")
    elif event.kind in ("output", "progress"):
        progress_line(f"{number} {clean(event.text)[:70]}")
    elif event.kind == "action-finished":
        end_progress()
        print(f"{number} ✓ {event.text}  {event.data['seconds']} s", flush=True)
    elif event.kind == "action-failed":
        end_progress()
        print(f"{number} ✗ {made.actions[event.action or 0].title}", flush=True)
    elif event.kind == "run-finished":
        _print_end(event)


def _print_end(event: Event) -> None:
    end_progress()
    status, error = event.data.get("status"), event.data.get("error")
    if status == "done":
        where = event.data.get("address")
        print("Done." + (f" The hub is at {where}" if where else ""))
        return
    if error:
        note(f"tljh: {error['message']}" if "\n" not in error["message"] else "tljh:")
        if "\n" in error["message"]:
            for line in error["message"].splitlines():
                note(f"  {line}")
        note(f"  → {error['hint']}")
    changed = event.data.get("changed") or {}
    note("Changed so far: " + (", ".join(changed) if changed else "nothing") + ".")
    note(f"All of the output: {event.data.get('log')}")
    if event.data.get("next"):
        note(f"Next: {event.data['next']}")


def list_installed(arguments: argparse.Namespace) -> int:
    """The plugins that runs applied, and the newest runs."""
    from tljh.applying import runs

    layout = Layout.from_environment()
    if layout.prefix.exists() and not _readable(layout):
        raise Refused(f"{layout.state} cannot be read.", "Run it with sudo.")
    plugins = read_applied(layout.applied)
    every = runs.all_runs(layout)[:5]
    if arguments.json:
        print_json(
            {
                "schema": "tljh.list/1",
                "prefix": str(layout.prefix),
                "plugins": [
                    {
                        "name": plugin.name,
                        "version": plugin.version,
                        "requirement": plugin.requirement,
                        "sha256": plugin.sha256,
                        "contributions": dict(plugin.contributions),
                        "config_done": plugin.config_done,
                        "post_install_done": plugin.post_install_done,
                    }
                    for plugin in plugins.values()
                ],
                "runs": [{"run": run.id, "status": run.status()} for run in every],
            }
        )
        return 0
    rows = [
        (p.name, p.version or "", plural(sum(map(len, p.contributions.values())), "package"), p.requirement)
        for p in plugins.values()
    ]
    print_lines(
        table(rows, ("Plugin", "Version", "Brings", "From")) if rows else ["No plugins are installed."]
    )
    if every:
        print()
        print_lines(table([(run.id, run.status()) for run in every], ("Run", "Status")))
    return 0


def _readable(layout: Layout) -> bool:
    try:
        next(iter(layout.state.iterdir()), None)
    except PermissionError:
        return False
    except FileNotFoundError:
        return True
    return True
