"""`python -m benchmarks [NAME ...]`: prints the table of the figures that the project promises.

Ratios are measured side by side in one run; see docs/reference/benchmarks.md. Needs the package index.
Everything happens in a temporary folder (`--folder`; a tmpfs gives the steadiest figures).
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks import environments, memory, plugins, startup
from benchmarks.measure import Comparison

HEADER = ("What", "Ours", "Other", "Ratio", "Goal", "Reached")
GROUPS: dict[str, Callable[[Path], Iterable[Comparison]]] = {
    "preview": plugins.preview,
    "hub": environments.hub,
    "user": environments.user,
    "startup": startup.startup,
    "memory": memory.memory,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(GROUPS)}")
    default = "/dev/shm" if Path("/dev/shm").is_dir() else tempfile.gettempdir()
    parser.add_argument("--folder", default=default, help="where to work")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(GROUPS)
    if unknown:
        parser.error(f"no benchmark named {', '.join(sorted(unknown))}")
    rows: list[tuple[str, ...]] = [HEADER]
    for name in arguments.names or GROUPS:
        folder = Path(tempfile.mkdtemp(prefix="tljh-benchmark-", dir=arguments.folder))
        try:
            rows += [comparison.row() for comparison in GROUPS[name](folder)]
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(f"{name}: done", file=sys.stderr)
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0 if all(row[-1] == "yes" for row in rows[1:]) else 1


if __name__ == "__main__":
    sys.exit(main())
