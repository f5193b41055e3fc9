"""Releases on the package index, read by people once: tests/data/index_plugins says what they contribute."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from packaging.version import Version
from plugins import plain

from tljh.discovery.fetch import fetch
from tljh.index_settings import IndexSettings
from tljh.inspection import preview_document, preview_schema
from tljh.reading import read
from tljh.runner import RecordingRunner

pytestmark = pytest.mark.network

FOLDER = Path(__file__).parents[2] / "data" / "index_plugins"
EVERY = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("path", EVERY, ids=[path.stem for path in EVERY])
async def test_release(path: Path, tmp_path: Path) -> None:
    expected: dict[str, Any] = json.loads(path.read_text())
    artifact = await fetch(
        f"{expected['name']}=={expected['version']}",
        settings=IndexSettings.load(os.environ),
        cache_dir=tmp_path,
        python=Version("3.11"),
        runner=RecordingRunner(),
    )
    found = await asyncio.to_thread(read, artifact)
    seen = {
        "name": found.name,
        "version": found.version,
        "status": found.status,
        "requires_python": found.requires_python,
        "entry_points": [[point.name, point.value] for point in found.entry_points],
        "hooks": [
            {
                "hook": hook.hook,
                "path": hook.path,
                "parameters": list(hook.parameters),
                "certainty": hook.certainty,
                "value": None if hook.value is None else list(hook.value),
                "effects": [plain(effect) for effect in hook.effects],
                "line": hook.line,
                "end_line": hook.end_line,
            }
            for hook in found.hooks
        ],
        "findings": [finding.code for finding in found.findings],
    }
    assert seen == expected
    jsonschema.Draft202012Validator(preview_schema()).validate(preview_document([found]))
