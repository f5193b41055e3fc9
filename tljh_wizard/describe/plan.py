"""A plan, for its review: problems first, then the steps, then what is not done here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tljh_wizard.describe.wording import clean, plural, size
from tljh_wizard.rows import BLANK, Line, Row, dim, line, paragraph, strong, warn

if TYPE_CHECKING:
    from tljh.packages.types import PackageChange
    from tljh.planning.actions import Action
    from tljh.planning.types import Plan

NOUNS = {
    "apt": "package",
    "plugins": "plugin",
    "passwords": "password",
    "services": "service",
    "late": "hook",
    "hub-extras": "package",
    "post-install": "plugin",
}
"""What the details of a step without package changes count."""


def plan_rows(plan: Plan, unfolded: frozenset[str] = frozenset()) -> tuple[Row, ...]:
    """`unfolded` holds the keys of the steps whose details are shown."""
    rows = list(_problems(plan))
    if not plan.actions:
        rows.append(paragraph("Nothing to do: this server is as your answers ask."))
    for index, action in enumerate(plan.actions):
        rows += _step(f"step:{index}", index + 1, action, unfolded)
    rows += _withheld(plan, unfolded)
    return tuple(rows)


def _problems(plan: Plan) -> Iterator[Row]:
    for problem in sorted(plan.problems, key=lambda problem: not problem.blocking):
        mark = warn("✗ " if problem.blocking else "! ")
        text = strong(clean(problem.message)) if problem.blocking else (clean(problem.message), "")
        yield paragraph(line(mark, text), indent=2)
        if problem.hint:
            yield paragraph(line("  ", dim(clean(problem.hint))), indent=2)
    if plan.problems:
        yield BLANK


def _step(key: str, number: int, action: Action, unfolded: frozenset[str]) -> Iterator[Row]:
    details = action.details()
    is_open = key in unfolded
    fold = ("▾ " if is_open else "▸ ") if details or action.owners else "  "
    yield Row(line(dim(f"{number:>2} "), dim(fold), action.title), line(dim(_count(action))), key=key)
    if not is_open:
        return
    if action.owners:
        yield Row(line("     ", dim(f"asked for by {', '.join(map(clean, action.owners))}")), key=key)
    for detail in details:
        yield Row(_detail(clean(detail)), key=key)


def _detail(text: str) -> Line:
    """Removed lines of a diff are marked by their sign and by weight."""
    if text.startswith(("-", "+")):
        return line("     ", strong(text) if text.startswith("+") else dim(text))
    return line("     ", text)


def _count(action: Action) -> str:
    changes: tuple[PackageChange, ...] = getattr(action, "changes", ())
    if not changes:
        count = len(action.details())
        return plural(count, NOUNS[action.kind]) if action.kind in NOUNS and count else ""
    words = []
    new = sum(change.kind in ("install", "reinstall") for change in changes)
    moved = sum(change.kind in ("upgrade", "downgrade") for change in changes)
    gone = sum(change.kind == "remove" for change in changes)
    for count, word in ((new, "new"), (moved, "changed"), (gone, "removed")):
        if count:
            words.append(f"{count} {word}")
    download = download_of(changes)
    return " · ".join([*words, *([size(download)] if download else [])])


def download_of(changes: tuple[PackageChange, ...]) -> int:
    return sum(change.download_size or 0 for change in changes)


def _withheld(plan: Plan, unfolded: frozenset[str]) -> Iterator[Row]:
    if not plan.withheld:
        return
    yield BLANK
    yield Row(line(strong("Not done here")), selectable=False)
    for index, withheld in enumerate(plan.withheld):
        key = f"withheld:{index}"
        is_open = key in unfolded
        fold = ("▾ " if is_open else "▸ ") if withheld.details else "  "
        yield Row(line(dim("–  "), dim(fold), clean(withheld.title)), key=key)
        yield Row(line("     ", dim(clean(withheld.reason))), key=key)
        if is_open:
            yield from (Row(line("     ", clean(detail)), key=key) for detail in withheld.details)


def plan_summary(plan: Plan) -> str:
    """How much, where, and the digest that approving means."""
    changes = [change for action in plan.actions for change in getattr(action, "changes", ())]
    parts = [plural(len(plan.actions), "step")]
    if changes:
        parts.append(plural(len(changes), "package"))
    if download := download_of(tuple(changes)):
        parts.append(f"{size(download)} to download")
    parts.append(f"into {clean(plan.prefix)}")
    return " · ".join(parts)
