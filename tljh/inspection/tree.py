"""The files of an artifact, to read only: a folder, a wheel (lazily) or a source archive, within limits."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Literal, Protocol, cast

from tljh.errors import UnusableArtifact

MAX_FILES = 20_000
"""Files in an artifact; the largest real plugin has a few hundred."""
MAX_FILE_BYTES = 8 * 1024 * 1024
"""Bytes of one file that are read; anything larger is no source code."""
MAX_TOTAL_BYTES = 256 * 1024 * 1024
"""Bytes that a source archive may unpack to."""
MAX_ARCHIVE_BYTES = 256 * 1024 * 1024
"""Bytes of an archive before it is unpacked."""
MAX_NAME = 1024
"""Characters of a path in an archive."""

SKIPPED_FOLDERS = frozenset({".git", ".hg", ".tox", ".venv", "node_modules", "__pycache__"})
HINT = "Choose another version or source of the plugin, or download it again."

Kind = Literal["wheel", "source"]


class SourceTree(Protocol):
    """The files of an artifact; names are relative POSIX paths."""

    @property
    def kind(self) -> Kind:
        """A wheel, or sources."""

    def names(self) -> Sequence[str]:
        """Every file, sorted."""

    def read(self, name: str) -> bytes:
        """The content of a file. Raises KeyError if there is none, UnusableArtifact if it cannot be read."""


class DirectoryTree:
    """A folder of sources; links that lead out of it are not followed."""

    kind: Kind = "source"

    def __init__(self, path: Path | str) -> None:
        self._root = Path(path).resolve()
        if not self._root.is_dir():
            raise UnusableArtifact(f"{path} is not a folder.", "Name the folder that holds the plugin.")
        self._names: tuple[str, ...] | None = None

    def names(self) -> Sequence[str]:
        if self._names is None:
            self._names = tuple(sorted(self._walk()))
        return self._names

    def _walk(self) -> list[str]:
        found: list[str] = []
        for folder, folders, files in os.walk(self._root, followlinks=False):
            folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
            relative = Path(folder).relative_to(self._root)
            found.extend(
                (relative / name).as_posix() for name in files if self._is_inside(Path(folder) / name)
            )
            if len(found) > MAX_FILES:
                raise UnusableArtifact(
                    f"{self._root} holds more than {MAX_FILES:,} files.",
                    "Name the folder of the plugin itself.",
                )
        return found

    def _is_inside(self, path: Path) -> bool:
        try:
            real = path.resolve(strict=True)
            return real.is_relative_to(self._root) and stat.S_ISREG(real.stat().st_mode)
        except (OSError, RuntimeError):
            return False

    def read(self, name: str) -> bytes:
        if name not in self.names() or not self._is_inside(self._root / name):
            raise KeyError(name)
        try:
            with (self._root / name).open("rb") as stream:
                content = stream.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise UnusableArtifact(f"Could not read {name}: {error.strerror}.", HINT) from None
        return _bounded(name, content)


class WheelTree:
    """A wheel (or another zip file), of which only the members asked for are read."""

    def __init__(self, file: IO[bytes] | Path | str, *, kind: Kind = "wheel") -> None:
        self.kind: Kind = kind
        try:
            self._zip = zipfile.ZipFile(file)
            infos = self._zip.infolist()
        except _ZIP_ERRORS as error:
            raise UnusableArtifact(f"The archive cannot be read: {error}.", HINT) from None
        if len(infos) > MAX_FILES:
            raise UnusableArtifact(f"The archive holds more than {MAX_FILES:,} files.", HINT)
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            name = safe_name(info.orig_filename)
            mode = info.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise UnusableArtifact(f"The archive holds a link or device: {printable(name)}.", HINT)
            if info.is_dir():
                continue
            if name in self._members:
                raise UnusableArtifact(f"The archive holds {printable(name)} twice.", HINT)
            self._members[name] = info
        _check_total(sum(info.file_size for info in infos))
        self._strip = "" if kind == "wheel" else _common_folder(self._members)

    def names(self) -> Sequence[str]:
        return sorted(name[len(self._strip) :] for name in self._members)

    def read(self, name: str) -> bytes:
        info = self._members[self._strip + name]
        try:
            with self._zip.open(info) as stream:
                return _bounded(name, stream.read(MAX_FILE_BYTES + 1))
        except _ZIP_ERRORS as error:
            raise UnusableArtifact(f"Could not read {name} in the archive: {error}.", HINT) from None


class SdistTree:
    """A source archive (`.tar.gz` and the like, or `.zip`), read into memory, without its top folder."""

    kind: Kind = "source"

    def __init__(self, path: Path | str) -> None:
        self._files: dict[str, bytes] = {}
        self._zip: WheelTree | None = None
        path = Path(path)
        try:
            if path.stat().st_size > MAX_ARCHIVE_BYTES:
                raise UnusableArtifact(f"{path.name} is larger than {MAX_ARCHIVE_BYTES >> 20} MiB.", HINT)
            if zipfile.is_zipfile(path):
                self._zip = WheelTree(path, kind="source")
                return
            with path.open("rb") as stream:
                files = _read_tar(stream)
        except OSError as error:
            raise UnusableArtifact(f"Could not read {path.name}: {error.strerror or error}.", HINT) from None
        strip = _common_folder(files)
        self._files = {name[len(strip) :]: content for name, content in files.items()}

    def names(self) -> Sequence[str]:
        return self._zip.names() if self._zip else sorted(self._files)

    def read(self, name: str) -> bytes:
        return self._zip.read(name) if self._zip else _bounded(name, self._files[name])


def open_archive(path: Path | str) -> SourceTree:
    """The tree of a folder, wheel or source archive, decided by name and content.

    Raises UnusableArtifact if it is truncated, too large, hostile, or none of these.
    """
    path = Path(path)
    if path.is_dir():
        return DirectoryTree(path)
    if not path.is_file():
        raise UnusableArtifact(f"There is no file {path}.", "Check the path.")
    if path.suffix == ".whl":
        return WheelTree(path)
    return SdistTree(path)


def safe_name(name: str) -> str:
    """The name of a member, normalised. Raises UnusableArtifact if it leaves the archive's folder."""
    parts = name.split("/")
    bad = (
        not name
        or len(name) > MAX_NAME
        or name.startswith("/")
        or "\\" in name
        or "\0" in name
        or ".." in parts
        or (len(name) > 1 and name[1] == ":")
        or any(ord(letter) < 32 for letter in name)
    )
    if bad:
        raise UnusableArtifact(f"The archive holds a file with an unsafe name: {printable(name)}.", HINT)
    return "/".join(part for part in parts if part not in ("", "."))


def printable(name: str) -> str:
    """A name from outside, safe to show and not longer than a line."""
    return ascii(name[:80])[1:-1]


def _bounded(name: str, content: bytes) -> bytes:
    if len(content) > MAX_FILE_BYTES:
        raise UnusableArtifact(f"{printable(name)} is larger than {MAX_FILE_BYTES >> 20} MiB.", HINT)
    return content


def _check_total(size: int) -> None:
    if size > MAX_TOTAL_BYTES:
        raise UnusableArtifact(f"The archive unpacks to more than {MAX_TOTAL_BYTES >> 20} MiB.", HINT)


def _read_tar(stream: IO[bytes]) -> dict[str, bytes]:
    """Files of a tar archive; a link inside it is what it points to, one that leads out is refused."""
    files: dict[str, bytes] = {}
    links: dict[str, str] = {}
    try:
        unpacked = _Limited(_decompressed(stream))
        with tarfile.open(fileobj=unpacked, mode="r|") as archive:  # type: ignore[call-overload]
            for count, member in enumerate(archive):
                if count >= MAX_FILES:
                    raise UnusableArtifact(f"The archive holds more than {MAX_FILES:,} files.", HINT)
                _take_member(archive, member, files, links)
        while unpacked.read(1 << 20):
            pass
    except _TAR_ERRORS as error:
        raise UnusableArtifact(f"The archive cannot be read: {error}.", HINT) from None
    for name, target in links.items():
        if target in files:
            files.setdefault(name, files[target])
    return files


def _take_member(
    archive: tarfile.TarFile, member: tarfile.TarInfo, files: dict[str, bytes], links: dict[str, str]
) -> None:
    name = safe_name(member.name)
    if member.issym() or member.islnk():
        links[name] = _link_target(name, member)
    elif member.isfile():
        _check_total(member.size)
        content = archive.extractfile(member)
        if name in files:
            raise UnusableArtifact(f"The archive holds {printable(name)} twice.", HINT)
        if content is not None:
            files[name] = content.read(MAX_FILE_BYTES + 1)
    elif not member.isdir():
        raise UnusableArtifact(f"The archive holds a device: {printable(name)}.", HINT)


class _Limited:
    """What a stream unpacks to, up to the limit."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._total = 0

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        self._total += len(content)
        _check_total(self._total)
        return content


def _decompressed(stream: IO[bytes]) -> IO[bytes]:
    """The content of a stream that may be compressed, as its first bytes tell; its checksum is checked."""
    magic = stream.read(6)
    stream.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.GzipFile(fileobj=stream))
    if magic.startswith(b"BZh"):
        return cast(IO[bytes], bz2.BZ2File(stream))
    if magic.startswith(b"\xfd7zXZ"):
        return cast(IO[bytes], lzma.LZMAFile(stream))
    return stream


def _link_target(name: str, member: tarfile.TarInfo) -> str:
    target = member.linkname
    if member.issym():
        target = os.path.join(os.path.dirname(name), target)
    target = os.path.normpath(target)
    if target.startswith(("/", "..")):
        raise UnusableArtifact(f"The archive holds a link that leads out of it: {printable(name)}.", HINT)
    return target


def _common_folder(names: Sequence[str] | dict[str, bytes] | dict[str, zipfile.ZipInfo]) -> str:
    """The single top folder of all names with a slash, or nothing."""
    tops = {name.split("/", 1)[0] if "/" in name else "" for name in names}
    return f"{tops.pop()}/" if len(tops) == 1 and "" not in tops else ""


_TAR_ERRORS = (
    tarfile.TarError,
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
    ValueError,
    OverflowError,
)
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    EOFError,
    zlib.error,
    OSError,
)


class MemoryTree:
    """Files in memory, for what was fetched in pieces and for tests."""

    def __init__(self, files: dict[str, bytes], kind: Kind = "source") -> None:
        self.kind: Kind = kind
        self._files = dict(files)

    def names(self) -> Sequence[str]:
        return sorted(self._files)

    def read(self, name: str) -> bytes:
        return _bounded(name, self._files[name])
