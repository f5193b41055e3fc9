"""Two local conda channels with a Python and a few small real packages; none of it is in the repository."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from .cache import cached
from .cpython_package import CPython, find_cpython, pack_cpython
from .wheel_package import download_wheels, pack_wheel

# `humanize` twice, so that a version can be chosen, replaced and disagreed about.
PACKAGES = (
    "pip==25.3",
    "setuptools==80.9.0",
    "wheel==0.45.1",
    "humanize==4.9.0",
    "humanize==4.12.3",
    "tabulate==0.9.0",
    "cowsay==6.1",
    "python-dateutil==2.9.0.post0",
    "six==1.17.0",
    "arrow==1.3.0",
    "types-python-dateutil==2.9.0.20250516",
)
EXTRA_PACKAGES = ("emoji==2.14.1",)
HOST_PROGRAMS = ("patchelf", "zstd")
_INDEX = (
    "import asyncio, os, sys, rattler.index\n"
    "asyncio.run(rattler.index.index_fs(sys.argv[1]))\n"
    # An interpreter that exits by itself right after rattler has run crashes at times.
    "os._exit(0)\n"
)
_RECIPE_FILES = ("channel.py", "conda_package.py", "cpython_package.py", "wheel_package.py")


def why_not() -> str | None:
    """Why no channel can be built here, or None where one can."""
    missing = [program for program in HOST_PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"missing Debian packages: {' '.join(missing)}"
    if find_cpython() is None:
        return "no CPython but Debian's own, which has another layout"
    return None


def local_channel() -> Path:
    """The channel with `python` and all of PACKAGES."""
    return _channels() / "main"


def extra_channel() -> Path:
    """A second channel, with EXTRA_PACKAGES alone: what a plugin's own channel is like."""
    return _channels() / "extra"


def _channels() -> Path:
    cpython = find_cpython()
    if cpython is None:
        raise RuntimeError(why_not())
    here = Path(__file__).parent
    recipe = {
        "python": [str(cpython.prefix), cpython.version],
        "builder": [(here / name).read_text() for name in _RECIPE_FILES],
    }
    return cached("channels", recipe, lambda folder: _build(cpython, folder))


def _build(cpython: CPython, folder: Path) -> None:
    main, extra = folder / "main", folder / "extra"
    pack_cpython(cpython, main)
    for channel, requirements in ((main, PACKAGES), (extra, EXTRA_PACKAGES)):
        with TemporaryDirectory() as scratch:
            for wheel in download_wheels(requirements, Path(scratch)):
                pack_wheel(wheel, channel)
        (channel / "noarch").mkdir(exist_ok=True)
        subprocess.run([sys.executable, "-c", _INDEX, str(channel)], check=True, capture_output=True)
