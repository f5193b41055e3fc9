"""The conda package `python`, made from a CPython of this machine."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from .conda_package import PLACEHOLDER, CondaPackage

_LEFT_OUT = shutil.ignore_patterns(
    "site-packages", "dist-packages", "__pycache__", "test", "tests", "idlelib", "tkinter", "turtledemo",
    "_bundled", "lib2to3", "pydoc_data", "_tkinter*", "_test*", "_ctypes_test*", "xxlimited*", "*.a",
)  # fmt: skip
_ASK = (
    "import json, platform, sys, sysconfig as s; print(json.dumps({"
    "'prefix': sys.base_prefix, 'version': platform.python_version(), 'name': s.get_config_var('LDVERSION'),"
    " 'own_layout': s.get_default_scheme() in ('posix_prefix', 'venv')"
    " and 'deb_system' not in s.get_scheme_names()}))"
)


@dataclass(frozen=True, slots=True)
class CPython:
    """An interpreter with a prefix of its own, such as pyenv's or a container image's."""

    prefix: Path
    version: str
    library: str

    @property
    def minor(self) -> str:
        return ".".join(self.version.split(".")[:2])

    @property
    def executable(self) -> Path:
        return self.prefix / "bin" / f"python{self.minor}"


def find_cpython() -> CPython | None:
    """The running interpreter, or one on PATH; Debian's own has another layout and cannot be packed."""
    candidates = [sys.executable, *(shutil.which(name) or "" for name in ("python3", "python"))]
    for candidate in filter(None, candidates):
        asked = subprocess.run([candidate, "-c", _ASK], capture_output=True, text=True, check=False)
        if asked.returncode != 0:
            continue
        answer = json.loads(asked.stdout)
        if answer["own_layout"]:
            return CPython(Path(answer["prefix"]), answer["version"], f"python{answer['name']}")
    return None


def conda_platform() -> str:
    return {"x86_64": "linux-64", "aarch64": "linux-aarch64"}[platform.machine()]


def pack_cpython(cpython: CPython, channel: Path) -> Path:
    """Copy what a server needs of it, make it independent of its place, and pack it."""
    with TemporaryDirectory() as scratch:
        tree = Path(scratch)
        _copy(cpython, tree)
        _link_relatively(tree)
        relocated = frozenset(_replace_prefix(cpython, tree))
        package = CondaPackage(
            name="python",
            version=cpython.version,
            depends=("__glibc >=2.17",),
            platform=conda_platform(),
            relocated=relocated,
        )
        return package.write(tree, channel)


def _copy(cpython: CPython, tree: Path) -> None:
    library = f"python{cpython.minor}"
    shutil.copytree(cpython.prefix / "lib" / library, tree / "lib" / library, symlinks=True, ignore=_LEFT_OUT)
    shutil.copytree(cpython.prefix / "include" / library, tree / "include" / library)
    site = tree / "lib" / library / "site-packages"
    site.mkdir()
    (site / "README.txt").write_text("Packages of this environment.\n")
    for shared in (cpython.prefix / "lib").glob("libpython*.so*"):
        if shared.name == "libpython3.so" or cpython.minor in shared.name:
            shutil.copy2(shared, tree / "lib" / shared.name, follow_symlinks=False)
    programs = tree / "bin"
    programs.mkdir()
    shutil.copy2(cpython.executable, programs / library)
    for alias in ("python3", "python"):
        (programs / alias).symlink_to(library)


def _link_relatively(tree: Path) -> None:
    """Without this the copy would silently load the libpython that it was copied from."""
    places = {
        "bin/python?.*": "$ORIGIN/../lib",
        "lib/libpython*.so*": "$ORIGIN",
        "lib/python*/lib-dynload/*.so": "$ORIGIN/../..",
    }
    for pattern, library_path in places.items():
        binaries = [binary for binary in tree.glob(pattern) if not binary.is_symlink()]
        for binary in binaries:
            binary.chmod(binary.stat().st_mode | 0o200)
        if binaries:
            argv = ["patchelf", "--set-rpath", library_path, *map(str, binaries)]
            subprocess.run(argv, check=True, capture_output=True)


def _replace_prefix(cpython: CPython, tree: Path) -> list[str]:
    """Put the placeholder into the text files that name the prefix; their paths below the tree."""
    prefix = str(cpython.prefix).encode()
    changed = []
    for folder, _, names in os.walk(tree):
        for path in (Path(folder) / name for name in names):
            if path.is_symlink():
                continue
            content = path.read_bytes()
            if prefix in content and b"\0" not in content:
                path.write_bytes(content.replace(prefix, PLACEHOLDER.encode()))
                changed.append(str(path.relative_to(tree)))
    return changed
