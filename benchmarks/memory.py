"""The peak memory of any process of an installation, measured on the sample plugins in a folder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import samples
from benchmarks.measure import Comparison

LIMIT_MB = 400
RUN = """
import json, resource, sys
from pathlib import Path
from tljh.applying import runs
from tljh.layout import Layout
from tljh.planning.types import Plan
layout = Layout(Path(sys.argv[1]))
run = runs.create(layout, Plan.from_dict(json.load(sys.stdin)), {})
sys.argv = ["run", sys.argv[1], run.id]
from tljh.applying.main import main
status = main()
peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print("peak", status, max(peaks))
"""


def memory(folder: Path) -> Iterator[Comparison]:
    """Planning and applying `tljh-tides` with JupyterLab for everyone; as a share of the limit."""
    samples.build(folder)
    bin_folder = samples.hub_environment(folder)
    environment = samples.environment(folder)
    spec = folder / "opt/tljh/config/tljh.toml"
    spec.write_text('scope = "folder"\n\n[user_environment]\nmanager = "uv"\n')
    words = [str(bin_folder / "python"), "-c", _measured(["plan", "tljh-hub-banner", "--json"])]
    planned = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    plan_peak = int(_peak(planned.stderr))
    applied = subprocess.run(
        [str(bin_folder / "python"), "-c", RUN, environment["TLJH_INSTALL_PREFIX"]],
        env=environment,
        input=json.dumps(json.loads(planned.stdout)),
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"^peak 0 (\d+)$", applied.stdout, re.MULTILINE)
    if found is None:
        sys.exit(f"the run failed:\n{applied.stdout}{applied.stderr}")
    peak_mb = max(plan_peak, int(found[1])) / 1024
    yield Comparison(
        "peak memory of any process of an installation, against the limit",
        (peak_mb,),
        (LIMIT_MB,),
        1,
        faster=False,
        unit="MB",
    )


def _measured(words: list[str]) -> str:
    return (
        "import resource, sys\nfrom tljh.cli import main\n"
        f"main({words!r})\n"
        "whos = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)\n"
        "print('peak', max(resource.getrusage(who).ru_maxrss for who in whos), file=sys.stderr)\n"
    )


def _peak(text: str) -> str:
    found = re.search(r"^peak (\d+)$", text, re.MULTILINE)
    if found is None:
        sys.exit(f"planning failed:\n{text}")
    return found[1]
