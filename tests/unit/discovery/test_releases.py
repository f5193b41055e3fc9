from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timezone
from typing import Any

import httpx
import pytest
from packaging.version import Version

from tljh.discovery.candidates import Candidate, PluginSource
from tljh.discovery.catalogue import find, load_catalogue
from tljh.discovery.errors import IncompatibleVersion, UnknownPlugin, UnknownVersion
from tljh.discovery.index import Index
from tljh.discovery.pages import IndexFile, identify
from tljh.discovery.releases import newest, releases, tag_version
from tljh.discovery.requirements import parse_requirement
from tljh.discovery.search import enrich, look_up
from tljh.discovery.selection import choose
from tljh.errors import NetworkError
from tljh.index_settings import IndexSettings
from tljh.runner import RecordingRunner, SystemRunner


def files(*names: str, **each: Any) -> list[IndexFile]:
    found = []
    for name in names:
        identity = identify(name, None)
        assert identity
        version, kind, tags = identity
        found.append(IndexFile(name, f"https://f.test/{name}", version, kind, tags=tags, **each))
    return found


def wheels(*versions: str, **each: Any) -> list[IndexFile]:
    return files(*(f"a-{version}-py3-none-any.whl" for version in versions), **each)


@pytest.mark.parametrize(
    ("there", "specifier", "prereleases", "chosen"),
    [
        (wheels("1.0", "1.10", "1.9"), "", False, "a-1.10-py3-none-any.whl"),
        (wheels("1.0", "1.10", "1.9"), "<1.10", False, "a-1.9-py3-none-any.whl"),
        (wheels("1.0", "2.0b1"), "", False, "a-1.0-py3-none-any.whl"),
        (wheels("1.0", "2.0b1"), "", True, "a-2.0b1-py3-none-any.whl"),
        (wheels("1.0", "2.0b1"), ">=2.0b1", False, "a-2.0b1-py3-none-any.whl"),
        (wheels("1.0a1", "2.0b1"), "", False, "a-2.0b1-py3-none-any.whl"),
        (wheels("1.0", "1.1.dev1"), "==1.1.dev1", False, "a-1.1.dev1-py3-none-any.whl"),
        (files("a-1.0.tar.gz", "a-1.0-py3-none-any.whl"), "", False, "a-1.0-py3-none-any.whl"),
        (files("a-1.1.zip", "a-1.1.tar.gz", "a-1.0-py3-none-any.whl"), "", False, "a-1.1.tar.gz"),
        (files("a-1.1-cp27-none-win32.whl", "a-1.0-py3-none-any.whl"), "", False, "a-1.0-py3-none-any.whl"),
        (
            [*files("a-1.0-py3-none-any.whl", requires_python=">=3.12"), *files("a-1.0.tar.gz")],
            "",
            False,
            "a-1.0.tar.gz",
        ),
        (files("a-1.0-py3-none-any.whl", "a-1.0-py311-none-any.whl"), "", False, "a-1.0-py311-none-any.whl"),
        ([*wheels("2.0", requires_python=">=3.12"), *wheels("1.0")], "", False, "a-1.0-py3-none-any.whl"),
        ([*wheels("2.0", requires_python="what?"), *wheels("1.0")], "", False, "a-2.0-py3-none-any.whl"),
        ([*wheels("2.0", yanked=True), *wheels("1.0")], "", False, "a-1.0-py3-none-any.whl"),
        ([*wheels("2.0", yanked=True), *wheels("1.0")], "==2.0", False, "a-2.0-py3-none-any.whl"),
    ],
)
def test_the_file_that_pip_would_take(
    make: Any, there: list[IndexFile], specifier: str, prereleases: bool, chosen: str
) -> None:
    found = choose("a", there, specifier, make.python, allow_prerelease=prereleases)
    assert found.filename == chosen


def test_a_version_that_does_not_exist(make: Any) -> None:
    versions = [f"1.{number}" for number in range(30)]
    with pytest.raises(UnknownVersion) as missing:
        choose("a", wheels(*versions), "==1.5.1", make.python)
    assert "1.6, 1.5" in missing.value.hint
    assert "1.29" in missing.value.hint
    assert "tljh versions a" in missing.value.hint
    assert missing.value.exit_status == 3


def test_a_version_that_needs_another_python(make: Any) -> None:
    with pytest.raises(IncompatibleVersion) as refused:
        choose("a", [*wheels("2.0", requires_python=">=3.12"), *wheels("1.0")], "==2.0", make.python)
    assert "needs Python >=3.12; the hub has 3.11" in refused.value.message
    assert "1.0" in refused.value.hint


def test_a_version_for_another_system(make: Any) -> None:
    with pytest.raises(IncompatibleVersion, match="for other systems"):
        choose("a", files("a-1.0-cp311-cp311-win_amd64.whl"), "", make.python)


def test_only_withdrawn_versions(make: Any) -> None:
    with pytest.raises(UnknownVersion, match="withdrawn") as refused:
        choose("a", wheels("1.0", yanked=True), ">=1", make.python)
    assert "a==1.0" in refused.value.hint


def page(web: Any, make: Any) -> None:
    def entry(version: str, day: int, **more: Any) -> dict[str, Any]:
        content = make.wheel("tljh-a", version)
        time = {"upload-time": f"2026-01-{day:02}T00:00:00Z"}
        return web.put(f"tljh_a-{version}-py3-none-any.whl", content, **time, **more)  # type: ignore[no-any-return]

    sdist = web.put("tljh-a-1.2.tar.gz", b"x", **{"upload-time": "2026-01-02T12:00:00Z"})
    web.page(
        "tljh-a",
        [
            entry("1.2", 3),
            sdist,
            entry("1.10", 4, yanked="bad"),
            entry("2.0", 5, **{"requires-python": ">=3.13"}),
            entry("2.1rc1", 6),
        ],
    )


async def test_releases_newest_first(web: Any, index: Index, make: Any) -> None:
    page(web, make)
    wanted = parse_requirement("tljh-a==1.2")
    found = await releases(wanted, index=index, runner=RecordingRunner(), python=make.python)
    assert [release.version for release in found] == ["2.1rc1", "2.0", "1.10", "1.2"]
    rc, two, yanked, old = found
    assert rc.prerelease
    assert two.incompatible == "needs Python >=3.13; the hub has 3.11"
    assert (yanked.yanked, yanked.yanked_reason) == (True, "bad")
    assert old.date == datetime(2026, 1, 2, 12, tzinfo=timezone.utc)
    assert (old.has_wheel, len(old.files), old.requirement) == (True, 2, "tljh-a==1.2")
    assert old.size is not None
    assert newest(found) == old
    assert old.to_dict()["date"] == "2026-01-02T12:00:00+00:00"


async def test_enrich_and_look_up(web: Any, index: Index, make: Any) -> None:
    page(web, make)
    web.router.get("https://index.test/pypi/tljh-a/json").respond(
        json={"info": {"summary": "S"}, "releases": {}}
    )
    known = Candidate("tljh-a", "A", (PluginSource("index", "tljh-a"),), provenance=("mine",))
    enriched = await enrich(known, index, python=make.python)
    assert (enriched.latest, enriched.last_activity, enriched.summary) == ("1.2", date(2026, 1, 2), "A")
    assert enriched.provenance == ("mine", make.index_url)
    found = await look_up("TLJH.a", index, python=make.python)
    assert found is not None
    assert (found.name, found.origin, found.summary, found.latest) == ("tljh-a", "index", "S", "1.2")
    in_git = find("tljh-pangeo", load_catalogue())
    assert in_git is not None
    assert await enrich(in_git, index, python=make.python) is in_git
    web.router.get(f"{make.index_url}/tljh-none/").respond(404)
    assert await look_up("tljh-none", index, python=make.python) is None


async def test_enriched_from_the_cache_is_marked_stale(
    web: Any, settings: IndexSettings, make: Any, tmp_path: Any
) -> None:
    page(web, make)
    days = iter([1, 9, 9, 9])
    known = Candidate("tljh-a", "A", (PluginSource("index", "tljh-a"),))
    async with Index(
        settings, tmp_path, now=lambda: datetime(2026, 5, next(days), tzinfo=timezone.utc)
    ) as index:
        await enrich(known, index, python=make.python)
        web.router.get(f"{make.index_url}/tljh-a/").mock(side_effect=httpx.ConnectTimeout("down"))
        stale = await enrich(known, index, python=make.python)
    assert (stale.stale, stale.stale_since) == (True, datetime(2026, 5, 1, tzinfo=timezone.utc))
    assert stale.latest == "1.2"


async def test_an_unknown_name_with_the_nearest(web: Any, index: Index, make: Any) -> None:
    web.router.get(f"{make.index_url}/tljh-repo2dokcer/").respond(404)
    with pytest.raises(UnknownPlugin) as unknown:
        await releases(
            parse_requirement("tljh-repo2dokcer"), index=index, runner=RecordingRunner(), python=make.python
        )
    assert unknown.value.nearest == ("tljh-repo2docker",)
    assert "tljh-repo2docker" in unknown.value.hint


async def test_a_known_plugin_that_this_index_has_not(web: Any, index: Index, make: Any) -> None:
    web.router.get(f"{make.index_url}/tljh-db/").respond(404)
    with pytest.raises(UnknownPlugin, match="index here has no project tljh-db") as unknown:
        await releases(
            parse_requirement("tljh-db"), index=index, runner=RecordingRunner(), python=make.python
        )
    assert unknown.value.nearest == ("git+https://github.com/sinzlab/tljh-db",)


async def test_without_network_the_name_is_not_called_unknown(web: Any, index: Index, make: Any) -> None:
    web.router.get(f"{make.index_url}/tljh-x/").mock(side_effect=httpx.ConnectError("down"))
    with pytest.raises(NetworkError):
        await releases(parse_requirement("tljh-x"), index=index, runner=RecordingRunner(), python=make.python)


async def test_tags_of_a_repository(repository: Any, index: Index, make: Any) -> None:
    wanted = parse_requirement(f"git+file://{repository}#subdirectory=plugin")
    found = await releases(wanted, index=index, runner=SystemRunner(), python=make.python)
    assert [(release.version, release.kind) for release in found] == [
        ("v1.10rc1", "tag"),
        ("v1.0", "tag"),
        ("trunk", "branch"),
        ("sometag", "tag"),
    ]
    assert found[0].prerelease
    assert found[1].requirement == f"git+file://{repository}@v1.0#subdirectory=plugin"
    assert all(release.commit and len(release.commit) == 40 for release in found)
    assert parse_requirement(found[1].requirement).ref == "v1.0"


@pytest.mark.parametrize(
    ("text", "versions"),
    [("https://h.test/a-1.0-py3-none-any.whl", ["1.0"]), ("./a-2.0.tar.gz", ["2.0"]), (".", [])],
)
async def test_files_and_folders_have_at_most_one(
    index: Index, make: Any, text: str, versions: list[str]
) -> None:
    found = await releases(parse_requirement(text), index=index, runner=RecordingRunner(), python=make.python)
    assert [release.version for release in found] == versions


async def test_releases_of_an_index_on_disk(file_index: Callable[..., IndexSettings], make: Any) -> None:
    settings = file_index({"tljh-a": {"tljh_a-1.0-py3-none-any.whl": make.wheel("tljh-a", "1.0")}})
    async with Index(settings) as index:
        found = await releases(
            parse_requirement("tljh-a"), index=index, runner=RecordingRunner(), python=make.python
        )
    assert [release.version for release in found] == ["1.0"]


@pytest.mark.parametrize(
    ("tag", "version"),
    [("1.0", "1.0"), ("v2.0rc1", "2.0rc1"), ("tljh-a-1.2", "1.2"), ("rel/3.1", "3.1"), ("nightly", None)],
)
def test_tags_that_are_versions(tag: str, version: str | None) -> None:
    assert tag_version(tag) == (Version(version) if version else None)
