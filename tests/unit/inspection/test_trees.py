"""Archives that are truncated, huge or hostile end with one clear message; nothing is written anywhere."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tljh.errors import UnusableArtifact
from tljh.inspection import tree
from tljh.inspection.tree import DirectoryTree, WheelTree, open_archive

FILES = {"tljh-case-1.0/setup.py": b"x = 1\n", "tljh-case-1.0/pkg/data.txt": b"data"}


def tar(path: Path, change: Callable[[tarfile.TarFile], None] | None = None, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        if change:
            change(archive)
    return path


def a_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> Callable[[tarfile.TarFile], None]:
    def add(archive: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        archive.addfile(member)

    return add


def a_file(name: str) -> Callable[[tarfile.TarFile], None]:
    return lambda archive: archive.addfile(tarfile.TarInfo(name))


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz", "w"])
def test_source_archives_are_read_without_their_top_folder(tmp_path: Path, mode: str) -> None:
    opened = open_archive(tar(tmp_path / "tljh-case-1.0.tar.gz", mode=mode))
    assert list(opened.names()) == ["pkg/data.txt", "setup.py"]
    assert opened.read("pkg/data.txt") == b"data"
    assert opened.kind == "source"


def test_a_zip_of_sources_and_a_wheel(tmp_path: Path) -> None:
    sources = open_archive(a_zip(tmp_path / "case.zip", FILES))
    assert list(sources.names()) == ["pkg/data.txt", "setup.py"]
    wheel = open_archive(a_zip(tmp_path / "case-1-py3-none-any.whl", {"case.py": b"x", "d/METADATA": b""}))
    assert (wheel.kind, list(wheel.names()), wheel.read("case.py")) == (
        "wheel",
        ["case.py", "d/METADATA"],
        b"x",
    )


def test_a_link_inside_is_what_it_points_to(tmp_path: Path) -> None:
    opened = open_archive(tar(tmp_path / "x.tar.gz", link("tljh-case-1.0/pkg/l.txt", "data.txt")))
    assert opened.read("pkg/l.txt") == b"data"


def _device(archive: tarfile.TarFile) -> None:
    member = tarfile.TarInfo("tljh-case-1.0/null")
    member.type = tarfile.CHRTYPE
    archive.addfile(member)


HOSTILE = {
    "parent": a_file("tljh-case-1.0/../../etc/passwd"),
    "absolute": a_file("/etc/passwd"),
    "backslash": a_file("tljh-case-1.0\\..\\x"),
    "drive": a_file("C:/x"),
    "control": a_file("tljh-case-1.0/\x1b[2Jx"),
    "long": a_file("x" * 2000),
    "twice": a_file("tljh-case-1.0/setup.py"),
    "link out": link("tljh-case-1.0/l", "../../etc/passwd"),
    "absolute link": link("tljh-case-1.0/l", "/etc/passwd"),
    "hard link out": link("tljh-case-1.0/l", "../etc/passwd", tarfile.LNKTYPE),
    "device": _device,
    "fifo": link("tljh-case-1.0/f", "", tarfile.FIFOTYPE),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_hostile_tar(tmp_path: Path, change: Callable[[tarfile.TarFile], None]) -> None:
    with pytest.raises(UnusableArtifact) as caught:
        open_archive(tar(tmp_path / "x.tar.gz", change))
    assert caught.value.hint
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "a\\..\\x", "C:x", "a\nb"])
def test_hostile_zip_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnusableArtifact):
        open_archive(a_zip(tmp_path / "x-1-py3-none-any.whl", {name: b""}))


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(UnusableArtifact, match="link"):
        open_archive(path)


@pytest.mark.parametrize("cut", [10, 100, -5])
@pytest.mark.parametrize("form", ["x.tar.gz", "x-1-py3-none-any.whl", "x.zip"])
def test_truncated(tmp_path: Path, form: str, cut: int) -> None:
    path = tmp_path / form
    if form.endswith("gz"):
        tar(path)
    else:
        a_zip(path, FILES)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(UnusableArtifact):
        _read_all(path)


def _read_all(path: Path) -> None:
    opened = open_archive(path)
    for name in opened.names():
        opened.read(name)


def test_not_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "x.tar.gz"
    path.write_bytes(b"<html>404</html>")
    with pytest.raises(UnusableArtifact):
        open_archive(path)
    with pytest.raises(UnusableArtifact):
        open_archive(tmp_path / "nothing.whl")


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = a_zip(tmp_path / "x-1-py3-none-any.whl", {"a": b"0" * 50_000})
    source = tar(tmp_path / "x.tar.gz")
    monkeypatch.setattr(tree, "MAX_FILES", 1)
    for path in (source, a_zip(tmp_path / "y.zip", FILES)):
        with pytest.raises(UnusableArtifact, match="files"):
            open_archive(path)
    monkeypatch.undo()
    monkeypatch.setattr(tree, "MAX_TOTAL_BYTES", 1000)
    for path in (bomb, source):
        with pytest.raises(UnusableArtifact, match="unpacks to more"):
            open_archive(path)


def test_one_file_is_read_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MAX_FILE_BYTES", 3)
    for path in (tar(tmp_path / "x.tar.gz"), a_zip(tmp_path / "x.zip", FILES)):
        with pytest.raises(UnusableArtifact, match="larger"):
            open_archive(path).read("setup.py")


def test_a_folder_hands_out_only_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("secret")
    folder = tmp_path / "plugin"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text("x")
    (folder / "setup.py").write_text("x = 1")
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "round").symlink_to("round")
    os.mkfifo(folder / "fifo")
    opened = DirectoryTree(folder)
    assert list(opened.names()) == ["setup.py"]
    for name in ("link", "../outside", "fifo", "/etc/passwd"):
        with pytest.raises(KeyError):
            opened.read(name)


class Counting(io.BytesIO):
    """A file that counts what is read of it."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        self.count += len(content)
        return content


def test_of_a_wheel_only_the_members_asked_for_are_read(tmp_path: Path) -> None:
    path = a_zip(tmp_path / "x-1-py3-none-any.whl", {"big.bin": os.urandom(500_000), "x.py": b"x = 1"})
    stream = Counting(path.read_bytes())
    assert WheelTree(stream).read("x.py") == b"x = 1"
    assert stream.count < 80_000
