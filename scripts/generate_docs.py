"""Writes the reference files that are made from the code: `python scripts/generate_docs.py`."""

from __future__ import annotations

import json
from pathlib import Path

from tljh.cli import build_parser
from tljh.inspection.preview import preview_schema
from tljh.spec import json_schema

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"


def generated() -> dict[str, str]:
    """The text of each generated file, by its name below docs/reference."""
    return {
        "preview.schema.json": json.dumps(preview_schema(), indent=2) + "\n",
        "answers-file.schema.json": json.dumps(json_schema(), indent=2) + "\n",
        "commands.md": commands(),
    }


def commands() -> str:
    """The help of each command, as its page."""
    import os

    os.environ["COLUMNS"] = "100"
    parser = build_parser()
    groups = [action for action in parser._actions if action.choices and action.dest == "command"]
    pages = {"tljh": parser, **{f"tljh {name}": p for name, p in dict(groups[0].choices or {}).items()}}
    parts = ["# Commands\n\nMade from the code by `python scripts/generate_docs.py`.\n"]
    for name, page in pages.items():
        parts.append(f"## {name}\n\n```\n{page.format_help().rstrip()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    for name, text in generated().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
