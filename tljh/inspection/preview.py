"""The preview as one JSON document, and the JSON Schema of that document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from tljh.inspection.conflicts import Conflict, conflicts
from tljh.inspection.contributions import Contributions, merge
from tljh.inspection.plain import JSON, schema_of, to_plain
from tljh.inspection.report import PluginReport

SCHEMA: Literal["tljh.preview/1"] = "tljh.preview/1"


@dataclass(frozen=True, slots=True)
class Preview:
    """What the chosen plugins contribute: each alone, all together, and what does not fit."""

    schema: Literal["tljh.preview/1"]
    plugins: tuple[PluginReport, ...]
    contributions: Contributions
    conflicts: tuple[Conflict, ...]


def preview_document(reports: Sequence[PluginReport]) -> dict[str, JSON]:
    """The document that `tljh preview --json` prints."""
    contributions = merge(reports)
    preview = Preview(SCHEMA, tuple(reports), contributions, conflicts(reports, contributions))
    return cast("dict[str, JSON]", to_plain(preview))


def preview_schema() -> dict[str, JSON]:
    """The JSON Schema of `preview_document`, made from the dataclasses."""
    definitions: dict[str, JSON] = {}
    reference = schema_of(Preview, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What plugins of The Littlest JupyterHub contribute",
        **cast("dict[str, JSON]", reference),
        "$defs": definitions,
    }
