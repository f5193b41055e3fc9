"""What a conda environment was asked to hold: match specs, as conda, mamba and this project keep them."""

from __future__ import annotations

import ast
import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tljh.packages.conda_records import installed

PENDING = "tljh-pending"
"""In `conda-meta`: what an installation that has not ended was asked for."""


def requested(prefix: Path) -> tuple[str, ...]:
    """Match specs that were asked for explicitly, of packages that are there.

    conda and mamba keep them in `conda-meta/history`, newer ones and this project in the records too. An
    installation that was cut short left a note beside them of what was asked for before it.
    """
    present = installed(prefix)
    if (pending := _read_pending(prefix)) is not None:
        before, new = pending
        return merged_specs([spec for spec in new if spec_name(spec) in present], before)
    history = _history_specs(prefix)
    specs: list[str] = []
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        name = path.stem.rsplit("-", 2)[0]
        if name in present:
            specs += history[name] if name in history else _recorded_specs(path)
    return tuple(dict.fromkeys(specs))


def _read_pending(prefix: Path) -> tuple[list[str], list[str]] | None:
    """What was asked for before the interrupted installation, and by it; None if there is none."""
    try:
        before, new = json.loads((prefix / "conda-meta" / PENDING).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return None
    return [str(spec) for spec in before], [str(spec) for spec in new]


def spec_name(spec: str) -> str:
    """The package that a match spec names, as written with or without a channel."""
    bare = re.sub(r"^\S*::", "", spec.strip())
    return re.split(r"[\s=<>!~\[;@]", bare, maxsplit=1)[0].lower()


def merged_specs(before: Iterable[str], new: Sequence[str], remove: Iterable[str] = ()) -> tuple[str, ...]:
    """What the environment is asked to hold: the new specs, and those of before that they do not replace."""
    gone = {spec_name(spec) for spec in new} | {name.lower() for name in remove}
    kept = [spec for spec in before if spec_name(spec) not in gone]
    return tuple(dict.fromkeys([*kept, *(spec.strip() for spec in new if spec.strip())]))


def _recorded_specs(path: Path) -> list[str]:
    """The `requested_specs` (or conda's `requested_spec`) of one record."""
    try:
        text = path.read_text(encoding="utf-8")
        if '"requested_spec' not in text or re.search(r'"requested_specs": *\[ *\]', text):
            return []
        document: Mapping[str, Any] = json.loads(text)
    except (OSError, ValueError):
        return []
    specs = document.get("requested_specs") or [document.get("requested_spec")]
    return [spec for spec in specs if isinstance(spec, str) and spec not in {"", "None"}]


def _history_specs(prefix: Path) -> dict[str, list[str]]:
    """The latest specs by package name, from conda's own history; none for what is no longer asked for."""
    try:
        text = (prefix / "conda-meta" / "history").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    found: dict[str, list[str]] = {}
    for verb, listing in re.findall(r"^# (\w*) ?specs: *(.*)$", text, re.MULTILINE):
        specs = _listed(listing)
        found |= {spec_name(spec): [] for spec in specs}
        if verb in {"update", "install", "create", ""}:
            for spec in specs:
                found[spec_name(spec)].append(spec)
    return found


def _listed(text: str) -> list[str]:
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        value = text.split(",")
    return [item.strip() for item in value if isinstance(item, str) and item.strip()]


def write_pending(prefix: Path, before: Sequence[str], specs: Sequence[str]) -> None:
    """Note what was and what is being asked for, before anything is changed."""
    folder = prefix / "conda-meta"
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{PENDING}.new"
    partial.write_text(json.dumps([list(before), list(specs)]), encoding="utf-8")
    partial.replace(folder / PENDING)


def record_request(prefix: Path, before: Iterable[str], specs: Sequence[str]) -> None:
    """Add what was asked for to conda's history, where conda and mamba look for it too."""
    names = {spec_name(spec) for spec in specs}
    removed = [spec for spec in before if spec_name(spec) not in names]
    lines = [f"==> {time.strftime('%Y-%m-%d %H:%M:%S')} <==", "# cmd: tljh"]
    lines += [f"# remove specs: {removed!r}"] if removed else []
    lines += [f"# update specs: {list(specs)!r}"]
    with (prefix / "conda-meta" / "history").open("a", encoding="utf-8") as history:
        history.write("\n".join(lines) + "\n")
    (prefix / "conda-meta" / PENDING).unlink(missing_ok=True)
