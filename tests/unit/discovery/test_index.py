from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

from tljh.discovery.errors import TooLarge
from tljh.discovery.http import Http
from tljh.discovery.index import Index
from tljh.discovery.pages import GarbledPage, identify, parse_time
from tljh.errors import InvalidInput, NetworkError
from tljh.index_settings import IndexSettings


async def test_a_json_page_with_everything(web: Any, index: Index, make: Any) -> None:
    entry = web.put(
        "tljh_a-1.0-py3-none-any.whl",
        make.wheel("tljh-a", "1.0"),
        **{
            "upload-time": "2026-01-02T03:04:05.678901Z",
            "requires-python": ">=3.9",
            "yanked": "broken",
            "core-metadata": True,
        },
    )
    web.page("tljh-a", [entry, {"filename": "tljh_a-1.0.egg", "url": "x.egg"}, "nonsense", {}])
    project = await index.project("TLJH_a")
    assert project is not None
    (file,) = project.files
    assert (file.kind, str(file.version), file.requires_python) == ("wheel", "1.0", ">=3.9")
    assert (file.yanked, file.yanked_reason, file.metadata) == (True, "broken", True)
    assert file.uploaded == datetime(2026, 1, 2, 3, 4, 5, 678901, timezone.utc)
    assert project.indexes == (make.index_url,)


async def test_an_html_page(web: Any, index: Index, make: Any) -> None:
    digest = "a" * 64
    web.router.get(f"{make.index_url}/tljh-a/").respond(
        html=f"""<html><head><base href="/files/"></head>
        <a href="tljh_a-1.0-py3-none-any.whl#sha256={digest}" data-requires-python="&gt;=3.9"
           data-yanked="" data-dist-info-metadata="sha256={digest}">x</a>
        <a href="tljh-a-0.9.tar.gz#md5=1" data-upload-time="2026-01-02T03:04:05Z">y</a>
        <a href="tljh-a-b-1.0.tar.gz">other</a> <a href="javascript:tljh-a-3.tar.gz">bad</a>"""
    )
    web.router.get("https://index.test/pypi/tljh-a/json").respond(404)
    project = await index.project("tljh-a")
    assert project is not None
    wheel, sdist = project.files if project.files[0].kind == "wheel" else project.files[::-1]
    assert wheel.url == "https://index.test/files/tljh_a-1.0-py3-none-any.whl"
    assert (wheel.sha256, wheel.requires_python, wheel.yanked, wheel.yanked_reason) == (
        digest,
        ">=3.9",
        True,
        None,
    )
    assert wheel.metadata_sha256 == digest
    assert (str(sdist.version), sdist.sha256, sdist.uploaded is not None) == ("0.9", None, True)


async def test_dates_come_from_the_history_where_the_page_has_none(web: Any, index: Index, make: Any) -> None:
    good = web.put("tljh_a-1.0-py3-none-any.whl", make.wheel("tljh-a", "1.0"))
    web.page("tljh-a", [{**good, "size": None}])
    web.router.get("https://index.test/pypi/tljh-a/json").respond(
        json={
            "info": {"summary": "Says  what."},
            "releases": {
                "1.0": [
                    {
                        "filename": "tljh_a-1.0-py3-none-any.whl",
                        "upload_time_iso_8601": "2026-01-02T03:04:05Z",
                        "size": 77,
                        "yanked": True,
                        "yanked_reason": "old",
                        "digests": {"sha256": good["hashes"]["sha256"]},
                    }
                ]
            },
        }
    )
    project = await index.project("tljh-a")
    assert project is not None
    file = project.files[0]
    assert (file.size, file.yanked, file.yanked_reason) == (77, True, "old")
    assert file.uploaded is not None
    assert project.summary == "Says what."


@pytest.mark.parametrize(
    "answer", [{"json": [1]}, {"text": "oops"}, {"status_code": 500}, {"json": {"info": {}}}]
)
async def test_a_useless_history_is_left_alone(web: Any, index: Index, make: Any, answer: Any) -> None:
    web.page("tljh-a", [web.put("tljh_a-1.0-py3-none-any.whl", make.wheel("tljh-a", "1.0"))])
    web.router.get("https://index.test/pypi/tljh-a/json").respond(**answer)
    project = await index.project("tljh-a")
    assert project is not None
    assert project.files[0].uploaded is None


async def test_metadata_beside_a_file_gives_the_summary(web: Any, index: Index, make: Any) -> None:
    text = b"Metadata-Version: 2.1\nName: tljh-a\nVersion: 1.0\nSummary: One line\n"
    entry = web.put(
        "tljh_a-1.0-py3-none-any.whl",
        make.wheel("tljh-a", "1.0"),
        **{"core-metadata": {"sha256": make.sha256(text)}, "upload-time": "2026-01-01T00:00:00Z"},
    )
    web.page("tljh-a", [entry])
    web.router.get(f"{entry['url']}.metadata").respond(content=text)
    project = await index.project("tljh-a")
    assert project is not None
    assert await index.summary(project, "1.0") == "One line"


async def test_metadata_of_another_hash_is_not_used(web: Any, index: Index, make: Any) -> None:
    entry = web.put(
        "tljh_a-1.0-py3-none-any.whl",
        make.wheel("tljh-a", "1.0"),
        **{"core-metadata": {"sha256": "0" * 64}, "upload-time": "2026-01-01T00:00:00Z"},
    )
    web.page("tljh-a", [entry])
    web.router.get(f"{entry['url']}.metadata").respond(content=b"Summary: no\n")
    project = await index.project("tljh-a")
    assert project is not None
    assert await index.metadata(project.files[0]) is None


async def test_unknown_project(web: Any, index: Index, make: Any) -> None:
    web.router.get(f"{make.index_url}/tljh-none/").respond(404)
    assert await index.project("tljh-none") is None


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"status_code": 500}, "HTTP 500"),
        ({"status_code": 403}, "HTTP 403"),
        ({"status_code": 401}, "HTTP 401"),
        ({"text": "{", "headers": {"content-type": "application/json"}}, "does not parse"),
        ({"json": {"files": 3}}, "no list of files"),
        ({"json": {"files": [], "meta": {"api-version": "2.0"}}}, "unknown version 2.0"),
        ({"content": b"\x89PNG", "headers": {"content-type": "image/png"}}, "image/png"),
        ({"text": "It works!", "headers": {"content-type": "text/html"}}, "no HTML"),
    ],
)
async def test_answers_that_are_no_page(web: Any, index: Index, make: Any, answer: Any, says: str) -> None:
    web.router.get(f"{make.index_url}/tljh-a/").respond(**answer)
    with pytest.raises(NetworkError, match=says) as failed:
        await index.project("tljh-a")
    assert "index.test" in failed.value.message
    assert failed.value.hint
    assert failed.value.exit_status == 5


@pytest.mark.parametrize(
    ("error", "says", "asked"),
    [
        (httpx.ConnectError("name not known"), "index.test could not be reached", 3),
        (httpx.ReadError("reset"), "index.test could not be reached", 3),
        (httpx.ConnectTimeout("slow"), "did not answer within 2 s", 1),
        (httpx.ReadTimeout("slow"), "did not answer within 2 s", 1),
        (httpx.ConnectError("certificate verify failed"), "certificate of index.test is not trusted", 1),
        (httpx.ProxyError("403 Forbidden"), "proxy refused", 1),
        (httpx.TooManyRedirects("round and round"), "could not be reached", 1),
        (httpx.DecodingError("not gzip"), "could not be reached", 1),
        (httpx.UnsupportedProtocol("what"), "not a URL", 1),
    ],
)
async def test_no_network(web: Any, index: Index, make: Any, error: Exception, says: str, asked: int) -> None:
    route = web.router.get(f"{make.index_url}/tljh-a/").mock(side_effect=error)
    with pytest.raises(NetworkError, match=says) as failed:
        await index.project("tljh-a")
    assert failed.value.hint
    assert route.call_count == asked


async def test_a_hiccup_is_tried_again(web: Any, index: Index, make: Any) -> None:
    entry = web.put(
        "tljh_a-1.0-py3-none-any.whl", make.wheel("tljh-a", "1.0"), **{"upload-time": "2026-01-01"}
    )
    page = httpx.Response(200, json={"files": [entry]})
    route = web.router.get(f"{make.index_url}/tljh-a/")
    route.mock(side_effect=[httpx.Response(503), httpx.ConnectError("reset"), page])
    assert await index.project("tljh-a")
    assert route.call_count == 3


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 5, 1, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now


async def test_cached_revalidated_and_stale(
    web: Any, settings: IndexSettings, make: Any, tmp_path: Path
) -> None:
    clock = Clock()
    entry = web.put(
        "tljh_a-1.0-py3-none-any.whl", make.wheel("tljh-a", "1.0"), **{"upload-time": "2026-01-01"}
    )
    route = web.page("tljh-a", [entry], etag='"7"', **{"cache-control": "max-age=300, public"})

    async def ask() -> Any:
        async with Index(settings, tmp_path, http=Http(settings, pause=0), now=clock) as index:
            return await index.project("tljh-a")

    first = await ask()
    clock.now += timedelta(seconds=299)
    assert await ask() == first
    assert route.call_count == 1

    clock.now += timedelta(seconds=2)
    route.respond(304, headers={"cache-control": "max-age=300"})
    assert await ask() == first
    assert route.calls.last.request.headers["if-none-match"] == '"7"'
    revalidated = clock.now

    clock.now += timedelta(days=3)
    route.mock(side_effect=httpx.ConnectError("down"))
    offline = await ask()
    assert offline.files == first.files
    assert offline.stale_since == revalidated
    assert "could not be reached" in offline.problems[0]

    for broken in (b"", b"{", b'{"format": 1}', b"[]", b"\xff"):
        for page in (tmp_path / "pages").glob("*.json"):
            page.write_bytes(broken)
        with pytest.raises(NetworkError):
            await ask()


async def test_a_cached_page_whose_content_was_damaged_is_not_used(
    web: Any, settings: IndexSettings, make: Any, tmp_path: Path
) -> None:
    web.page("tljh-a", [web.put("tljh_a-1.0-py3-none-any.whl", b"x", **{"upload-time": "2026-01-01"})])
    async with Index(settings, tmp_path) as index:
        await index.project("tljh-a")
        (page,) = (tmp_path / "pages").glob("*.json")
        entry = json.loads(page.read_text())
        page.write_text(json.dumps({**entry, "content": entry["content"][::-1]}))
        web.router.get(f"{make.index_url}/tljh-a/").mock(side_effect=httpx.ConnectTimeout("down"))
        with pytest.raises(NetworkError):
            await index.project("tljh-a")


async def test_a_cache_that_cannot_be_written_is_no_failure(
    web: Any, settings: IndexSettings, make: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    web.page("tljh-a", [web.put("tljh_a-1.0-py3-none-any.whl", b"x", **{"upload-time": "2026-01-01"})])
    async with Index(settings, tmp_path / "file") as index:
        assert await index.project("tljh-a")


async def test_indexes_are_merged_and_one_may_fail(web: Any, make: Any, tmp_path: Path) -> None:
    settings = IndexSettings(
        index_urls=(make.index_url, "https://down.test/simple", "file:///nonexistent/simple"), timeout=2
    )
    web.page("tljh-a", [web.put("tljh_a-1.0-py3-none-any.whl", b"x", **{"upload-time": "2026-01-01"})])
    web.router.get("https://down.test/simple/tljh-a/").mock(side_effect=httpx.ConnectError("down"))
    async with Index(settings, None, http=Http(settings, pause=0)) as index:
        project = await index.project("tljh-a")
    assert project is not None
    assert project.indexes == (make.index_url,)
    assert "down.test" in project.problems[0]


async def test_credentials_go_to_their_host_only_and_are_not_shown(
    web: Any, make: Any, tmp_path: Path
) -> None:
    settings = IndexSettings(index_urls=("https://ada:pw@index.test/simple",), timeout=2)
    route = web.page("tljh-a", [])
    async with Index(settings, tmp_path, http=Http(settings, pause=0)) as index:
        assert await index.project("tljh-a") is None
        assert route.calls.last.request.headers["authorization"].startswith("Basic ")
        route.respond(500)
        with pytest.raises(NetworkError) as failed:
            await index.http.get("https://ada:pw@index.test/simple/tljh-a/")
        other = web.router.get("https://other.test/").respond(200)
        await index.http.get("https://other.test/")
    assert "pw" not in failed.value.message
    assert "authorization" not in other.calls.last.request.headers
    assert not any("pw@" in page.read_text() for page in (tmp_path / "pages").iterdir())


@pytest.mark.parametrize("pages", [True, False])
async def test_an_index_on_disk(file_index: Callable[..., IndexSettings], make: Any, pages: bool) -> None:
    settings = file_index(
        {"tljh-a": {"tljh_a-1.0-py3-none-any.whl": make.wheel("tljh-a", "1.0"), "tljh-a-0.9.tar.gz": b"x"}},
        pages=pages,
    )
    async with Index(settings) as index:
        project = await index.project("tljh-a")
        assert await index.project("tljh-none") is None
    assert project is not None
    assert {(str(file.version), file.kind) for file in project.files} == {("1.0", "wheel"), ("0.9", "sdist")}
    assert all(file.size for file in project.files)


async def test_find_links(web: Any, make: Any, tmp_path: Path) -> None:
    (tmp_path / "tljh_a-2.0-py3-none-any.whl").write_bytes(b"x")
    web.router.get("https://links.test/").respond(html='<a href="tljh_a-3.0-py3-none-any.whl">x</a>')
    settings = IndexSettings(index_urls=(), find_links=(str(tmp_path), "/nonexistent", "https://links.test/"))
    async with Index(settings) as index:
        project = await index.project("tljh-a")
    assert project is not None
    assert {str(file.version) for file in project.files} == {"2.0", "3.0"}


@pytest.mark.parametrize(
    "settings",
    [
        IndexSettings(cert="/nonexistent.pem"),
        IndexSettings(client_cert="/nonexistent.pem"),
        IndexSettings(proxy="what://x"),
    ],
)
async def test_settings_that_cannot_be_used(settings: IndexSettings) -> None:
    async with Http(settings) as http:
        with pytest.raises(InvalidInput) as refused:
            await http.get("https://index.test/")
    assert refused.value.hint


async def test_a_page_without_end(web: Any, index: Index) -> None:
    web.router.get("https://index.test/").respond(content=b"x" * 2000)
    with pytest.raises(TooLarge, match="larger than"):
        await index.http.get("https://index.test/", limit=1000)


@pytest.mark.parametrize(
    ("filename", "project", "version"),
    [
        ("tljh-new-user-0.1.1.tar.gz", "tljh-new-user", "0.1.1"),
        ("tljh_new_user-0.1.1.zip", "tljh-new-user", "0.1.1"),
        ("tljh-new-user-0.1.1-1.tar.gz", "tljh-new-user", "0.1.1.post1"),
        ("tljh-new-user-0.1.1.tar.gz", "tljh", None),
        ("tljh_a-1.0-py3-none-any.whl", "tljh-b", None),
        ("tljh_a-1.0.whl", "tljh-a", None),
        ("tljh_a-1.0-py3-none-any.whl.asc", "tljh-a", None),
        ("tljh-a-one.tar.gz", "tljh-a", None),
    ],
)
def test_file_names(filename: str, project: str, version: str | None) -> None:
    found = identify(filename, project)
    assert (str(found[0]) if found else None) == version


def test_times() -> None:
    assert parse_time("2026-01-02T03:04:05.1Z") == datetime(2026, 1, 2, 3, 4, 5, 100000, timezone.utc)
    assert parse_time("2026-01-02T03:04:05+02:00") == datetime(2026, 1, 2, 1, 4, 5, tzinfo=timezone.utc)
    assert parse_time("yesterday") is None
    assert issubclass(GarbledPage, NetworkError)
