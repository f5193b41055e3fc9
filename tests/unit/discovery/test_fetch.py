from __future__ import annotations

import asyncio
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import httpx
import pytest

from tljh.discovery import folders
from tljh.discovery.errors import FileMissing, HashMismatch, TooLarge, UnknownPlugin
from tljh.discovery.fetch import FetchedArtifact, ensure_local, fetch
from tljh.discovery.http import Http
from tljh.discovery.index import Index
from tljh.discovery.remote_zip import AHEAD, TAIL
from tljh.errors import InvalidInput, NetworkError, UnusableArtifact
from tljh.index_settings import IndexSettings
from tljh.runner import RecordingRunner

BIG = {f"tljh_a/static/{n}.bin": 150_000 for n in range(4)}
NAME = "tljh_a-1.0-py3-none-any.whl"


@pytest.fixture
def get(index: Index, make: Any, tmp_path: Path) -> Callable[..., Any]:
    async def run(text: str, **options: Any) -> FetchedArtifact:
        return await fetch(
            text,
            settings=index.settings,
            cache_dir=tmp_path / "cache",
            python=make.python,
            runner=RecordingRunner(),
            index=index,
            **options,
        )

    return run


def big_wheel(make: Any) -> bytes:
    files = {path: make.noise(size) for path, size in BIG.items()}
    modules = {f"tljh_a/m{n}.py": make.noise(9_000) for n in range(6)}
    return make.wheel("tljh-a", "1.0", {**files, **modules, "tljh_a/z.bin": make.noise(90_000)})  # type: ignore[no-any-return]


def serve(web: Any, content: bytes, filename: str = NAME, **entry: Any) -> dict[str, Any]:
    served = web.put(filename, content, **{"upload-time": "2026-01-01T00:00:00Z", **entry})
    web.page("tljh-a", [served])
    return served  # type: ignore[no-any-return]


def read_members(stream: BinaryIO | Path, wanted: Callable[[str], bool]) -> tuple[dict[str, bytes], int]:
    with zipfile.ZipFile(stream) as archive:
        members = [member for member in archive.infolist() if wanted(member.filename)]
        return {m.filename: archive.read(m) for m in members}, sum(m.compress_size for m in members)


async def test_a_wheel_is_read_in_pieces(web: Any, get: Any, make: Any, tmp_path: Path) -> None:
    content = big_wheel(make)
    served = serve(web, content)
    artifact = await get("tljh-a")
    assert artifact.path is None
    assert (artifact.name, artifact.version, artifact.form, artifact.kind) == (
        "tljh-a",
        "1.0",
        "wheel",
        "index",
    )
    assert artifact.source.to_dict() == {
        "kind": "index",
        "location": f"{make.files_url}/{NAME}",
        "commit": None,
        "sha256": make.sha256(content),
    }
    stream = artifact.open()
    found, needed = await asyncio.to_thread(
        read_members, stream, lambda name: name.endswith((".py", "METADATA", ".txt"))
    )
    assert found["tljh_a/m3.py"] == make.noise(9_000)
    assert web.served - needed <= TAIL + AHEAD
    assert stream.bytes_fetched == web.served < len(content) / 4
    assert stream.requests <= 3

    place = await ensure_local(artifact, tmp_path / "plan")
    assert place == tmp_path / "plan" / served["hashes"]["sha256"] / NAME
    assert place.read_bytes() == content
    before = web.served
    assert await ensure_local(artifact, tmp_path / "plan") == place
    assert web.served == before


async def test_every_byte_of_a_remote_file_is_right(web: Any, get: Any, make: Any) -> None:
    content = big_wheel(make)
    serve(web, content)
    stream = (await get("tljh-a")).open()
    for start, length in ((0, 10), (5, 4000), (len(content) - 5, 50), (200_000, 100_000), (100, 1), (0, -1)):
        stream.seek(start)
        expected = content[start:] if length < 0 else content[start : start + length]
        assert await asyncio.to_thread(stream.read, length) == expected
    assert stream.seek(-3, 2) == len(content) - 3
    with pytest.raises(OSError):
        stream.seek(-1)
    stream.close()


async def test_a_small_wheel_comes_as_a_whole_and_is_checked(web: Any, get: Any, make: Any) -> None:
    content = make.wheel("tljh-a", "1.0")
    serve(web, content)
    artifact = await get("tljh-a==1.0")
    assert artifact.path.read_bytes() == content
    assert web.served == len(content)


@pytest.mark.parametrize("refusal", [200, 416, 501])
async def test_a_server_without_ranges(web: Any, get: Any, make: Any, refusal: int) -> None:
    content = big_wheel(make)
    served = serve(web, content)
    web.ranges = False

    def answer(request: httpx.Request) -> httpx.Response:
        if refusal != 200 and "range" in request.headers:
            return httpx.Response(refusal)
        return httpx.Response(200, content=content)

    web.router.get(served["url"]).mock(side_effect=answer)
    artifact = await get("tljh-a")
    assert artifact.path.read_bytes() == content


async def test_a_server_that_lies_about_ranges(web: Any, get: Any, make: Any) -> None:
    content = big_wheel(make)
    served = serve(web, content)

    def answer(request: httpx.Request) -> httpx.Response:
        if "range" in request.headers:
            return httpx.Response(206, content=b"x" * 10, headers={"content-range": "bytes 0-99/100"})
        return httpx.Response(200, content=content)

    web.router.get(served["url"]).mock(side_effect=answer)
    assert (await get("tljh-a")).path.read_bytes() == content


@pytest.mark.parametrize("how", ["shorter", "replaced", "gone", "down"])
async def test_a_file_that_changes_while_it_is_read(web: Any, get: Any, make: Any, how: str) -> None:
    served = serve(web, big_wheel(make))
    stream = (await get("tljh-a")).open()
    answers = {
        "shorter": httpx.Response(
            206, content=b"x", headers={"content-range": f"bytes 0-0/{served['size']}"}
        ),
        "replaced": httpx.Response(200, content=b"other"),
        "gone": httpx.Response(404),
        "down": httpx.ReadTimeout("slow"),
    }
    answer = answers[how]
    effect = {"side_effect": answer} if isinstance(answer, Exception) else {"return_value": answer}
    web.router.get(served["url"]).mock(**effect)
    with pytest.raises((NetworkError, UnusableArtifact)) as failed:
        await asyncio.to_thread(stream.read, 100)
    assert failed.value.hint


async def test_an_sdist_is_downloaded(web: Any, get: Any, make: Any) -> None:
    content = make.sdist("tljh-a", "1.0")
    serve(web, content, "tljh-a-1.0.tar.gz")
    artifact = await get("tljh-a")
    assert (artifact.form, artifact.path.read_bytes()) == ("sdist", content)


@pytest.mark.parametrize(
    ("content", "entry", "error", "says"),
    [
        (b"PK\x03\x04 not really", {}, UnusableArtifact, "no wheel, or is truncated"),
        (b"<html>log in</html>", {}, UnusableArtifact, "no wheel"),
        (b"short", {"hashes": {"sha256": "0" * 64}, "size": 4000}, HashMismatch, "cut short: 5 of 4000"),
        (b"other", {"hashes": {"sha256": "0" * 64}}, HashMismatch, "promised"),
    ],
)
async def test_bad_files(
    web: Any, get: Any, content: bytes, entry: Mapping[str, Any], error: type[Exception], says: str
) -> None:
    serve(web, content, **entry)
    web.ranges = False
    with pytest.raises(error, match=says):
        await get("tljh-a")


async def test_a_truncated_sdist(web: Any, get: Any, make: Any) -> None:
    serve(web, make.sdist("tljh-a", "1.0")[:10], "tljh-a-1.0.tar.gz")
    with pytest.raises(UnusableArtifact, match="truncated"):
        await get("tljh-a")


async def test_tampering_between_preview_and_plan(web: Any, get: Any, make: Any, tmp_path: Path) -> None:
    served = serve(web, big_wheel(make))
    artifact = await get("tljh-a")
    web.files[NAME] = make.wheel("tljh-a", "1.0")
    with pytest.raises(HashMismatch):
        await ensure_local(artifact, tmp_path / "plan")
    assert list((tmp_path / "plan").iterdir()) == []
    assert artifact.source.sha256 == served["hashes"]["sha256"]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_huge_file(
    web: Any, get: Any, make: Any, tmp_path: Path, announced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tljh.discovery.download.MAX_BYTES", 1)
    served = serve(web, b"x", "tljh-a-1.0.tar.gz", size=None if not announced else 5)

    async def endless() -> Any:
        while True:
            yield b"x" * (1 << 20)

    headers = {"content-length": str(600 << 20)} if announced else {}
    web.router.get(served["url"]).mock(
        side_effect=lambda request: httpx.Response(200, content=endless(), headers=headers)
    )
    from tljh.discovery.download import Wanted, download

    async with Http(IndexSettings()) as http:
        with pytest.raises(TooLarge) as refused:
            await download(Wanted(served["url"], "tljh-a-1.0.tar.gz"), tmp_path / "x", http, limit=3 << 20)
    assert refused.value.exit_status == 6
    assert list(tmp_path.glob("x/*")) == []


async def test_a_download_that_breaks_off_is_tried_again(web: Any, get: Any, make: Any) -> None:
    content = make.sdist("tljh-a", "1.0")
    served = serve(web, content, "tljh-a-1.0.tar.gz")
    route = web.router.get(served["url"])
    broken = httpx.RemoteProtocolError("peer closed connection")
    route.mock(side_effect=[broken, httpx.Response(503), httpx.Response(200, content=content)])
    assert (await get("tljh-a")).path.read_bytes() == content
    route.mock(side_effect=broken)
    with pytest.raises(NetworkError):
        await ensure_local(
            await get(f"{make.files_url}/tljh-a-1.0.tar.gz"), Path("/nonexistent")
        )  # not reached: the URL's hash is not known, so it is downloaded again


async def test_what_was_downloaded_is_used_again(web: Any, get: Any, make: Any) -> None:
    served = serve(web, make.sdist("tljh-a", "1.0"), "tljh-a-1.0.tar.gz")
    first = await get("tljh-a")
    web.router.get(served["url"]).mock(side_effect=httpx.ConnectTimeout("down"))
    assert await get("tljh-a") == first
    first.path.write_bytes(b"damaged")
    with pytest.raises(NetworkError):
        await get("tljh-a")


async def test_an_approved_hash(web: Any, get: Any, make: Any) -> None:
    content = make.wheel("tljh-a", "1.0")
    old = web.put("tljh-a-1.0.tar.gz", make.sdist("tljh-a", "1.0"))
    web.page("tljh-a", [web.put(NAME, content), old])
    web.router.get("https://index.test/pypi/tljh-a/json").respond(404)
    assert (await get("tljh-a", expected_sha256=make.sha256(content).upper())).version == "1.0"
    # the very file that was approved, though pip would take another one now
    assert (await get("tljh-a", expected_sha256=old["hashes"]["sha256"])).form == "sdist"
    with pytest.raises(HashMismatch, match="not the expected"):
        await get("tljh-a", expected_sha256="1" * 64)
    with pytest.raises(InvalidInput):
        await get(f"https://x.test/a-1.zip#sha256={'2' * 64}", expected_sha256="1" * 64)


async def test_a_url(web: Any, get: Any, make: Any) -> None:
    content = make.wheel("tljh-a", "1.0")
    web.put(NAME, content)
    artifact = await get(f"{make.files_url}/{NAME}")
    assert (artifact.kind, artifact.form, artifact.name, artifact.version) == (
        "url",
        "wheel",
        "tljh-a",
        "1.0",
    )
    assert artifact.source.sha256 == make.sha256(content)
    artifact = await get(f"other @ {make.files_url}/{NAME}#sha256={make.sha256(content)}")
    assert artifact.name == "other"
    web.router.get("https://files.test/none.zip").respond(404)
    with pytest.raises(NetworkError, match="HTTP 404"):
        await get("https://files.test/none.zip")


async def test_local_files(get: Any, make: Any, tmp_path: Path) -> None:
    wheel = tmp_path / NAME
    wheel.write_bytes(make.wheel("tljh-a", "1.0"))
    artifact = await get(str(wheel))
    assert (artifact.kind, artifact.form, artifact.name, artifact.version) == (
        "wheel",
        "wheel",
        "tljh-a",
        "1.0",
    )
    assert artifact.open() == wheel
    place = await ensure_local(artifact, tmp_path / "plan")
    assert place.parent.name == make.sha256(wheel.read_bytes())
    wheel.write_bytes(make.wheel("tljh-a", "1.0", {"evil.py": b""}))
    assert await ensure_local(artifact, tmp_path / "plan") == place
    with pytest.raises(HashMismatch, match="not the file that was inspected"):
        await ensure_local(artifact, tmp_path / "other")
    source = tmp_path / "tljh-new-user-0.1.tar.gz"
    source.write_bytes(make.sdist("tljh-new-user", "0.1"))
    artifact = await get(source.as_uri())
    assert (artifact.kind, artifact.form, artifact.name) == ("archive", "sdist", "tljh-new-user")
    wheel.write_bytes(wheel.read_bytes()[:100])
    with pytest.raises(UnusableArtifact, match="truncated"):
        await get(str(wheel))


async def test_missing_and_wrong_paths(get: Any, tmp_path: Path) -> None:
    for text in ("none-1.0.tar.gz", "none", "none-1-py3-none-any.whl"):
        with pytest.raises(FileMissing) as missing:
            await get(str(tmp_path / text))
        assert missing.value.exit_status == 3
    (tmp_path / "text").write_text("x")
    with pytest.raises(UnusableArtifact, match="neither a folder"):
        await get(str(tmp_path / "text"))
    (tmp_path / "dir.zip").mkdir()
    with pytest.raises(UnusableArtifact, match="not a file"):
        await get(str(tmp_path / "dir.zip"))


async def test_a_folder_is_kept_as_it_was(get: Any, tmp_path: Path) -> None:
    folder = tmp_path / "plugin"
    for path in ("setup.py", "sub/setup.py", ".git/config", "__pycache__/x.pyc", ".venv/bin/python"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    (folder / "out").symlink_to("/etc/passwd")
    (folder / "up").symlink_to("../plan")
    (folder / "in").symlink_to("sub/setup.py")
    artifact = await get(str(folder))
    assert (artifact.kind, artifact.form, artifact.open()) == ("directory", "directory", folder)
    place = await ensure_local(artifact, tmp_path / "plan")
    assert sorted(path.relative_to(place).as_posix() for path in place.rglob("*")) == [
        "in",
        "setup.py",
        "sub",
        "sub/setup.py",
    ]
    assert folders.tree_digest(place) == artifact.source.sha256
    inner = await get(f"n @ file://{folder}#subdirectory=sub")
    assert (await ensure_local(inner, tmp_path / "plan")).name == "sub"

    (folder / ".git/config").write_text("changed")
    assert (await get(str(folder))).source == artifact.source
    (folder / "setup.py").write_text("changed")
    with pytest.raises(HashMismatch, match="changed after it was inspected"):
        await ensure_local(artifact, tmp_path / "other")
    with pytest.raises(UnusableArtifact, match="no folder nope"):
        await get(f"n @ file://{folder}#subdirectory=nope")


async def test_a_folder_with_too_much_in_it(
    get: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "MAX_FILES", 2)
    for name in "abc":
        (tmp_path / name).write_text("")
    with pytest.raises(TooLarge):
        await get(str(tmp_path))


@pytest.mark.parametrize("pages", [True, False])
async def test_everything_works_with_an_index_on_disk(
    file_index: Callable[..., IndexSettings], make: Any, tmp_path: Path, pages: bool
) -> None:
    content = make.wheel("tljh-a", "1.0")
    settings = file_index({"tljh-a": {NAME: content, "tljh-a-0.9.tar.gz": b"x"}}, pages=pages)
    where = {
        "settings": settings,
        "cache_dir": tmp_path / "c",
        "python": make.python,
        "runner": RecordingRunner(),
    }
    artifact = await fetch("tljh-a", **where)
    assert artifact.source.sha256 == make.sha256(content)
    assert (await ensure_local(artifact, tmp_path / "plan")).read_bytes() == content
    with pytest.raises(UnusableArtifact):
        await fetch("tljh-a==0.9", **where)
    with pytest.raises(UnknownPlugin):
        await fetch("tljh-b", **where)
    artifact.path.write_bytes(make.wheel("tljh-a", "1.0", {"evil.py": b""}))
    if pages:
        with pytest.raises(HashMismatch, match="its index promises"):
            await fetch("tljh-a", **where)
