"""A demonstration in a folder: the real engine, the embedded index and channel, its own hub environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Demo:
    """The folder, and the commands as a person would run them in it."""

    folder: Path

    @property
    def prefix(self) -> Path:
        return self.folder / "opt" / "tljh"

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "TLJH_INSTALL_PREFIX": str(self.prefix),
            "TLJH_CATALOGUE": str(self.folder / "catalogue.toml"),
            "TLJH_CACHE_DIR": str(self.folder / "cache"),
            "PIP_EXTRA_INDEX_URL": f"file://{self.folder}/simple",
        }
        return {**os.environ, **own}

    def tljh(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `tljh`; nothing is checked but that no traceback is shown."""
        command = [str(self.prefix / "hub" / "bin" / "tljh"), *words]
        done = subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=300,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        return done

    def json(self, *words: str, status: int = 0) -> dict[str, Any]:
        """The document that `tljh ... --json` prints."""
        done = self.tljh(*words, "--json")
        assert done.returncode == status, done.stdout + done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document


def make_demo(folder: Path) -> Demo:
    """The embedded index and channel, and an empty hub environment with this checkout in it."""
    subprocess.run([sys.executable, "-m", "tljh.demo.build", str(folder)], check=True, cwd=REPOSITORY)
    demo = Demo(folder)
    uv, hub = find_uv_bin(), str(demo.prefix / "hub")
    subprocess.run([uv, "venv", "--quiet", "--seed", "--python", sys.executable, hub], check=True)
    install = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        f"{hub}/bin/python",
        "--editable",
        str(REPOSITORY),
    ]
    subprocess.run(install, check=True)
    return demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return make_demo(tmp_path_factory.mktemp("demo"))
