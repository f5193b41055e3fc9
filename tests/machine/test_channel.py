"""The local conda channels give a real environment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .cpython_package import find_cpython
from .machine import Bind
from .wheel_package import _depends

pytestmark = pytest.mark.network

_INSTALL = """
import asyncio, json, os, sys
from rattler import Gateway, VirtualPackage, install, solve

async def main(prefix, channels, specs):
    gateway = Gateway(cache_dir=prefix + ".repodata")
    detected = VirtualPackage.detect()
    records = await solve(channels, specs, gateway=gateway, virtual_packages=detected)
    await install(records, prefix, cache_dir=prefix + ".packages", show_progress=False)
    print(json.dumps({record.name.normalized: str(record.version) for record in records}), flush=True)

asyncio.run(main(sys.argv[1], sys.argv[2].split(","), sys.argv[3:]))
os._exit(0)
"""
_LOOK = """
import bz2, ctypes, curses, json, lzma, readline, sqlite3, ssl, sys, sysconfig, zlib
import arrow, emoji, humanize
libraries = {line.rstrip().split(None, 5)[5] for line in open("/proc/self/maps") if "libpython" in line}
print(json.dumps([sys.prefix, sysconfig.get_config_var("prefix"), humanize.__version__, sorted(libraries)]))
"""


def test_an_environment_of_both_channels_is_its_own(channels: tuple[Bind, Bind], tmp_path: Path) -> None:
    prefix = tmp_path / "a folder" / "environment"
    prefix.parent.mkdir()
    specs = ["python", "pip", "humanize <4.10", "arrow", "cowsay", "emoji"]
    installed = json.loads(
        _run(sys.executable, "-c", _INSTALL, prefix, ",".join(str(bind.source) for bind in channels), *specs)
    )
    assert installed["humanize"] == "4.9.0"
    assert {"python-dateutil", "six", "types-python-dateutil"} <= installed.keys()

    own, configured, humanize, libraries = json.loads(_run(prefix / "bin/python", "-c", _LOOK))
    assert (own, configured, humanize) == (str(prefix), str(prefix), "4.9.0")
    assert [library for library in libraries if not library.startswith(str(prefix))] == []
    assert str(prefix) in _run(prefix / "bin/pip", "--version")
    assert "hello" in _run(prefix / "bin/cowsay", "-t", "hello")


def test_the_python_of_the_channel_is_the_one_found() -> None:
    cpython = find_cpython()
    assert cpython is not None
    assert cpython.executable.is_file()


def test_dependencies_of_a_wheel_become_match_specs() -> None:
    metadata = (
        "Name: sample\nRequires-Python: >=3.9, <4\nRequires-Dist: Six[x] (>=1.5)\n"
        "Requires-Dist: other; extra == 'all'\nRequires-Dist: old; python_version < '3'\n"
    )
    assert _depends(metadata) == ("python >=3.9,<4", "six >=1.5")


def _run(*argv: str | Path) -> str:
    finished = subprocess.run([str(word) for word in argv], capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout
