"""A demonstration folder to measure in: the embedded index and channel, and a hub environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def build(folder: Path) -> None:
    """The embedded index, channel, catalogue and answers."""
    subprocess.run([sys.executable, "-m", "tljh.demo.build", str(folder)], check=True, capture_output=True)


def hub_environment(folder: Path) -> Path:
    """The hub environment of that folder, with this checkout in it; its `bin`."""
    from uv import find_uv_bin

    hub = folder / "opt" / "tljh" / "hub"
    subprocess.run([find_uv_bin(), "venv", "--quiet", "--seed", "--python", sys.executable, hub], check=True)
    install = [find_uv_bin(), "pip", "install", "--quiet", "--python", hub / "bin" / "python", REPOSITORY]
    subprocess.run(install, check=True)
    return hub / "bin"


def environment(folder: Path) -> dict[str, str]:
    """The variables that make commands use the folder."""
    return {
        **os.environ,
        "TLJH_INSTALL_PREFIX": str(folder / "opt" / "tljh"),
        "TLJH_CATALOGUE": str(folder / "catalogue.toml"),
        "TLJH_CACHE_DIR": str(folder / "cache"),
        "PIP_EXTRA_INDEX_URL": f"file://{folder}/simple",
    }
