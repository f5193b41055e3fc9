"""Code that is kept inside a folder: what it writes elsewhere does not happen."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tljh import confinement
from tljh.runner import SystemRunner

RUNNER = SystemRunner()
pytestmark = pytest.mark.skipif(not confinement.works(RUNNER), reason="bubblewrap does not work here")


def attempt(folder: Path, code: str) -> str:
    words = [*confinement.inside(folder), sys.executable, "-c", code]
    return RUNNER.run(words, check=False).output.strip()


def test_it_writes_inside_and_nowhere_else(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    assert attempt(inside, f"open({str(inside / 'f')!r}, 'w').write('x'); print('written')") == "written"
    assert (inside / "f").read_text() == "x"
    assert attempt(inside, f"open({str(outside / 'f')!r}, 'w'); print('written')") != "written"
    assert attempt(inside, "open('/etc/tljh-test', 'w'); print('written')") != "written"
    assert not (outside / "f").exists()
    assert not Path("/etc/tljh-test").exists()


def test_this_package_is_there_wherever_it_is_installed(tmp_path: Path) -> None:
    assert attempt(tmp_path, "import tljh.layout; print('there')") == "there"


def test_temporary_files_are_its_own(tmp_path: Path) -> None:
    code = "import os; open('/tmp/tljh-test', 'w'); print(os.path.exists('/tmp/tljh-test'))"
    assert attempt(tmp_path, code) == "True"
    assert not Path("/tmp/tljh-test").exists()
