"""A run while it goes on, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator

from tljh_wizard.describe.wording import bar, clean, duration, plural, size
from tljh_wizard.rows import BLANK, Line, Row, Span, accent, dim, fit, heading, line, paragraph, strong, warn
from tljh_wizard.running import RunState, Step

MARKS: dict[str, Span] = {
    "waiting": ("○ ", "dim"),
    "running": ("● ", "accent"),
    "done": ("✓ ", ""),
    "failed": ("✗ ", "warn"),
}
TITLE = 32
TAIL = 8


def step_rows(run: RunState, now: float) -> tuple[Row, ...]:
    """One row for each step, with how long it took or how far it is."""
    if not run.steps:
        return (Row(line(dim("Starting …"))),)
    return tuple(_step(step, now) for step in run.steps)


def _step(step: Step, now: float) -> Row:
    title = clean(step.title)
    if step.status == "waiting":
        return Row(line(MARKS["waiting"], dim(title)))
    seconds = step.seconds if step.seconds is not None else max(0.0, now - step.started)
    name = strong(title) if step.status == "running" else (title, "")
    progress = _progress(step) if step.status == "running" else ()
    gap = " " * max(1, TITLE - len(title)) if progress else ""
    return Row(line(MARKS[step.status], name, gap, *progress), line(dim(duration(seconds))))


def _progress(step: Step) -> Line:
    if not step.total:
        return ()
    if step.unit == "bytes":
        total = size(step.total)
        done = size(step.done)
        same = done.rpartition(" ")[2] == total.rpartition(" ")[2]
        amount = f"{done.rpartition(' ')[0] if same else done} of {total}"
    else:
        amount = f"{step.done} of {step.total}"
    return line(accent(bar(step.done, step.total, 16)), dim(f" {amount}"))


def run_title(run: RunState, now: float) -> str:
    if not run.steps:
        return ""
    done = sum(step.status == "done" for step in run.steps)
    elapsed = duration((run.finished or now) - run.started) if run.started else "0 s"
    return f"{done} of {plural(len(run.steps), 'step')} · {elapsed}"


def output_rows(run: RunState) -> tuple[Row, ...]:
    """The last lines that came out, the newest last."""
    heads = [index for index, text in enumerate(run.log) if text.startswith("== ")]
    recent = list(run.log[heads[-1] + 1 if heads else 0 :])[-3:]
    if run.output and run.output not in recent:
        recent = [*recent[-2:], run.output]
    return tuple(Row(line(dim(clean(text)))) for text in recent)


def log_rows(run: RunState) -> tuple[Row, ...]:
    """All output that is kept here, for reading."""
    return tuple(_log_line(clean(text), str(number)) for number, text in enumerate(run.log)) or (
        Row(line(dim("Nothing was printed so far."))),
    )


def _log_line(text: str, key: str) -> Row:
    return Row(line(strong(text[3:]) if text.startswith("== ") else text), key=key)


def result_title(run: RunState) -> str:
    words = {"done": "Done", "failed": "It failed", "cancelled": "Cancelled", "interrupted": "Interrupted"}
    return words.get(run.status, run.status)


def result_rows(run: RunState, host: str) -> tuple[Row, ...]:
    """How it ended, what has changed, and the one thing to do next."""
    rows = list(_good(run, host) if run.status == "done" else _bad(run))
    rows += [BLANK, heading("What was done" if run.status == "done" else "What has changed so far")]
    changed = [Row(_changed(title, count)) for title, count in run.changed.items()]
    rows += changed or [Row(line(dim("  Nothing.")))]
    return tuple(rows)


def _changed(title: str, count: int) -> Line:
    return line(
        "✓ ",
        fit(clean(title), TITLE),
        dim(f"{count:>4} {'change' if count == 1 else 'changes'}" if count else ""),
    )


def _good(run: RunState, host: str) -> Iterator[Row]:
    took = duration((run.finished or run.started) - run.started)
    if not run.address:
        yield Row(line(strong("Everything in the plan was applied."), dim(f"  It took {took}.")))
        yield BLANK
        yield heading("What to do next")
        yield Row(line("  ", accent("tljh list"), dim("    shows what is installed")))
        yield paragraph("  On a server, the same answers make a hub that people log in to.", indent=2)
        return
    address = clean(run.address).replace("HOST", host or "this server's address")
    yield Row(line(strong("Your JupyterHub is at  "), accent(address)), line(dim(f"it took {took}")))
    yield BLANK
    yield heading("What to do next")
    yield paragraph("1  Open this address in a browser.", indent=3)
    login = "Without a first password, the one typed at the first login becomes yours: do it now."
    yield paragraph(f"2  Log in with the name of an administrator. {login}", indent=3)
    yield paragraph("3  Add people on the page /hub/admin.", indent=3)


def _bad(run: RunState) -> Iterator[Row]:
    step = run.failed
    message = clean(str(run.error.get("message", "")), keep_newlines=True).strip()
    if run.status == "cancelled":
        yield Row(line(strong("You cancelled it; the step that was running was finished first.")))
    elif step is not None:
        yield Row(line(warn("✗ "), strong(f"It stopped at: {clean(step.title)}")))
    else:
        yield Row(line(warn("✗ "), strong("It stopped before the first step.")))
    first, *rest = message.splitlines() or [""]
    if first:
        yield paragraph(first)
    tail = rest or [clean(text) for text in run.log if not text.startswith("== ")]
    yield from (Row(line(dim(f"  {text}"))) for text in tail[-TAIL:] if run.status != "cancelled")
    yield BLANK
    yield heading("What to do next")
    if hint := clean(str(run.error.get("hint", ""))):
        yield paragraph(hint)
    if run.next:
        yield Row(line("  ", accent(clean(run.next)), dim("    goes on from where the machine stands now")))
