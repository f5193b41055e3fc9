"""The whole job through `tljh`, in a folder: search, versions, preview, plan, install, and once more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Demo

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("flow")]


def test_1_the_catalogue_and_the_index_know_the_samples(demo: Demo) -> None:
    found = demo.json("search", "tides")["candidates"]
    assert (found[0]["name"], found[0]["latest"]) == ("tljh-tides", "2.0.0")
    versions = demo.json("versions", "tljh-tides")["versions"]
    assert [(v["version"], v["yanked"]) for v in versions] == [
        ("2.0.0", False),
        ("1.1.0", True),
        ("1.0.0", False),
    ]


def test_2_the_preview_reads_without_installing(demo: Demo) -> None:
    document = demo.json("preview", "tljh-tides", "tljh-river-gauges")
    tides, gauges = document["plugins"]
    assert (tides["status"], gauges["status"]) == ("ok", "ok")
    assert {hook["certainty"] for hook in tides["hooks"]} == {"certain"}
    assert "partial" in {hook["certainty"] for hook in gauges["hooks"]}
    assert not list((demo.prefix / "hub").rglob("tljh_tides*"))


def test_3_planning_changes_nothing_and_says_what_is_withheld(demo: Demo) -> None:
    before = sorted((demo.prefix / "hub").rglob("*.dist-info"))
    plan = demo.json("plan", "tljh-tides")
    kinds = [action["kind"] for action in plan["actions"]]
    assert kinds[:3] == ["hub", "plugins", "check"]
    assert {"conda", "config"} <= set(kinds)
    assert "Server packages" in [withheld["title"] for withheld in plan["withheld"]]
    assert sorted((demo.prefix / "hub").rglob("*.dist-info")) == before
    assert demo.json("plan", "tljh-tides")["digest"] == plan["digest"]


def test_4_a_plan_that_was_not_approved_is_not_applied(demo: Demo) -> None:
    assert demo.tljh("install", "tljh-tides").returncode == 8
    refused = demo.tljh("install", "tljh-tides", "--approve", "0" * 12)
    assert refused.returncode == 10
    assert "approve the new one" in refused.stderr
    assert demo.json("list")["runs"] == []


def test_5_installing_does_what_was_planned(demo: Demo) -> None:
    digest = demo.json("plan", "tljh-tides")["digest"]
    result = demo.json("install", "tljh-tides", "--approve", digest[:12])
    assert (result["status"], result["digest"]) == ("done", digest)
    (plugin,) = demo.json("list")["plugins"]
    assert (plugin["name"], plugin["version"]) == ("tljh-tides", "2.0.0")
    records = {path.name.rpartition("-")[0] for path in (demo.prefix / "user/conda-meta").glob("*.json")}
    assert any(record.startswith("tidal-harmonics-2") for record in records)
    assert list((demo.prefix / "hub").rglob("jupyterhub/__init__.py"))
    assert "sha256" in (demo.prefix / "config/tljh.toml").read_text()


def test_6_installing_again_plans_nothing(demo: Demo) -> None:
    runs = demo.json("list")["runs"]
    result = demo.json("install", "tljh-tides", "--yes")
    assert (result["status"], result["actions"]) == ("nothing-to-do", 0)
    assert demo.json("install", "--yes")["status"] == "nothing-to-do"
    assert demo.json("list")["runs"] == runs


def test_7_another_version_takes_the_place_of_the_first(demo: Demo) -> None:
    result = demo.json("install", "tljh-tides==1.0.0", "tljh-river-gauges", "--yes")
    assert result["status"] == "done"
    versions = {plugin["name"]: plugin["version"] for plugin in demo.json("list")["plugins"]}
    assert versions == {"tljh-tides": "1.0.0", "tljh-river-gauges": "0.2.1"}
    assert demo.json("install", "--yes")["status"] == "nothing-to-do"


def test_8_an_artifact_that_was_changed_after_its_inspection_stops_the_run(demo: Demo) -> None:
    assert demo.json("plan", "tljh-shared-folder")["actions"]
    (wheel,) = (demo.prefix / "cache/artifacts").glob("*/tljh_shared_folder-*.whl")
    original = wheel.read_bytes()
    spec = demo.folder / "tampered.toml"
    text = (demo.prefix / "config/tljh.toml").read_text()
    sha256 = wheel.parent.name
    spec.write_text(f'{text}\n[[plugins]]\nrequirement = "tljh-shared-folder"\nsha256 = "{sha256}"\n')
    try:
        wheel.chmod(0o644)
        wheel.write_bytes(original + b"\0")
        done = demo.tljh("install", "--spec", str(spec), "--yes")
    finally:
        wheel.write_bytes(original)
    assert done.returncode == 10, done.stdout + done.stderr
    assert "sha256" in done.stderr
    assert not list((demo.prefix / "hub").rglob("tljh_shared_folder.py"))


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["preview", "tljh-tide"], 3, "tljh-tides"),
        (["preview", "tljh-tides==9"], 3, "2.0.0"),
        (["preview", "not a requirement!"], 4, "not a requirement"),
        (["preview", "hub-banner-sample"], 6, "plugin"),
        (["preview", "./no-such-folder"], 3, "no-such-folder"),
        (["install", "--spec", "missing.toml"], 8, "missing.toml"),
        (["frobnicate"], 2, "--help"),
        ([], 2, ""),
    ],
)
def test_wrong_input_has_one_message_and_its_exit_status(
    demo: Demo, words: list[str], status: int, expected: str
) -> None:
    done = demo.tljh(*words)
    assert done.returncode == status, done.stdout + done.stderr
    assert expected in done.stderr


def test_a_broken_config_is_named_with_its_line_and_stays(demo: Demo, tmp_path: Path) -> None:
    path = demo.prefix / "config" / "config.yaml"
    before = path.read_text() if path.exists() else None
    path.write_text("limits:\n  memory: [1G\n")
    try:
        done = demo.tljh("plan")
        assert path.read_text() == "limits:\n  memory: [1G\n"
    finally:
        path.unlink() if before is None else path.write_text(before)
    assert done.returncode == 4
    assert "line" in done.stderr


def test_json_errors_are_documents(demo: Demo) -> None:
    done = demo.tljh("versions", "tljh-nothing-like-this", "--json")
    error = json.loads(done.stdout)["error"]
    assert (error["code"], error["exit_status"]) == ("not-found", done.returncode)
    assert error["hint"]
