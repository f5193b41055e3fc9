"""A plan as plain text, for people who read it in a terminal or a mail."""

from __future__ import annotations

from collections.abc import Iterator

from tljh.packages.types import PackageChange, total_download
from tljh.planning.actions import Action
from tljh.planning.types import Plan
from tljh.text import clean, plural, size

SHOWN = 12
"""Lines of detail for one action; the rest is counted."""


def render(plan: Plan, *, full: bool = False) -> str:
    """What would happen, problems first. `full` shows every package."""
    return "\n".join(_lines(plan, full)) + "\n"


def _lines(plan: Plan, full: bool) -> Iterator[str]:
    for problem in plan.problems:
        first, *more = problem.message.splitlines() or [""]
        yield f"{'✗' if problem.blocking else '!'} {clean(first)}"
        yield from (f"    {clean(line)}" for line in more)
        if problem.hint:
            yield f"  → {clean(problem.hint)}"
    if plan.problems:
        yield ""
    if not plan.actions:
        yield "Nothing to do: the machine is as these answers ask."
    for number, action in enumerate(plan.actions, 1):
        yield from _action(number, action, full)
    for withheld in plan.withheld:
        yield f" –  {withheld.title}: not done here, {withheld.reason}"
        yield from (f"      {clean(line)}" for line in withheld.details)
    if plan.actions:
        yield ""
        yield summary(plan)


def _action(number: int, action: Action, full: bool) -> Iterator[str]:
    details = action.details()
    yield f"{number:>2}. {action.title}{_count(action)}"
    shown = details if full else details[:SHOWN]
    yield from (f"      {clean(line)}" for line in shown)
    if len(details) > len(shown):
        yield f"      and {len(details) - len(shown)} more"


def _count(action: Action) -> str:
    changes: tuple[PackageChange, ...] = getattr(action, "changes", ())
    if not changes:
        return ""
    download = total_download(changes)
    return f": {plural(len(changes), 'package')}" + (f", {size(download)} to download" if download else "")


def summary(plan: Plan) -> str:
    """One line: how much, and the digest that approving it means."""
    packages = sum(len(getattr(action, "changes", ())) for action in plan.actions)
    return f"{plural(len(plan.actions), 'step')}, {plural(packages, 'package')}. Plan {plan.digest[:12]}"
