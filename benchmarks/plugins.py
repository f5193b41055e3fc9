"""Reading a plugin, against installing it and asking it. The plugin is one of our own samples."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import samples
from benchmarks.measure import Comparison, call, command, compare

RUNS = 5
ASK = """
import importlib.metadata, sys
(entry,) = [e for e in importlib.metadata.entry_points(group="tljh") if e.name]
plugin = entry.load()
for name in dir(plugin):
    if name.startswith("tljh_extra"):
        print(name, getattr(plugin, name)())
"""


def preview(folder: Path) -> Iterator[Comparison]:
    from tljh.inspection import inspect
    from tljh.inspection.report import Source
    from tljh.inspection.tree import open_archive

    samples.build(folder)
    (wheel,) = (folder / "simple" / "tljh-tides").glob("tljh_tides-2.0.0*.whl")
    numbers = itertools.count()

    def read() -> float:
        source = Source("wheel", str(wheel))
        return call(lambda: inspect(open_archive(wheel), requirement=str(wheel), source=source))

    def install_and_ask() -> float:
        prefix = folder / f"venv{next(numbers)}"
        python = str(prefix / "bin" / "python")
        seconds = command([sys.executable, "-m", "venv", str(prefix)])
        # tljh itself is what a plugin imports; without its dependencies, which favours the other side.
        seconds += command([python, "-m", "pip", "install", "--quiet", "pluggy", str(wheel)])
        seconds += command([python, "-m", "pip", "install", "--quiet", "--no-deps", str(samples.REPOSITORY)])
        return seconds + command([python, "-c", ASK])

    yield compare(
        "preview of a plugin on disk, against pip install and calling its hooks",
        read,
        install_and_ask,
        runs=RUNS,
        goal=50,
        faster=True,
    )
    tljh = str(Path(sys.executable).with_name("tljh"))
    yield compare(
        "the same as a whole command, tljh preview",
        lambda: command([tljh, "preview", str(wheel), "--json"]),
        install_and_ask,
        runs=3,
        goal=1,
        faster=True,
    )
