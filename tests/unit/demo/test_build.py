"""The embedded index and channel: complete, the same each time, and usable by the real package managers."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
import tomlkit

from tljh import hooks, spec
from tljh.demo import build as demo

SOLVE = """
import asyncio, json, os, sys
from rattler import Gateway, VirtualPackage, install, solve

async def main(channel, cache, prefix, *specs):
    records = await solve(
        [channel], list(specs), gateway=Gateway(cache_dir=cache), virtual_packages=VirtualPackage.detect()
    )
    await install(records, prefix, cache_dir=cache, show_progress=False)
    print(json.dumps({r.name.source: str(r.version) for r in records}), flush=True)

asyncio.run(main(*sys.argv[1:]))
os._exit(0)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return demo.build(tmp_path_factory.mktemp("demo"))


def digests(path: Path) -> dict[str, str]:
    return {
        str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


def test_the_same_bytes_each_time(tmp_path):
    first = digests(demo.build(tmp_path).path)
    os.utime(tmp_path / "catalogue.toml", (0, 0))
    assert digests(demo.build(tmp_path).path) == first


def test_answers_that_are_there_stay(tmp_path):
    answers = demo.build(tmp_path).layout.spec_file
    assert spec.parse(answers.read_text()).scope == "folder"
    answers.write_text('scope = "folder"\nadmins = ["ada"]\n')
    demo.build(tmp_path)
    assert spec.parse(answers.read_text()).admins == ("ada",)


def test_between_them_the_plugins_use_every_hook():
    found = set()
    for release in demo.read_releases("file:///c"):
        for module in release.modules:
            found |= set(re.findall(r"^def (tljh_\w+)", release.sources[module], re.M))
    assert found == set(hooks.HOOKS)


def test_the_catalogue_lists_the_plugins_of_the_index(folder):
    names = {entry["index"] for entry in tomlkit.parse(folder.catalogue.read_text()).unwrap()["plugin"]}
    plugins = {path.name for path in folder.index.iterdir() if path.name.startswith("tljh-")}
    assert names == plugins


def test_pages_state_hashes_dates_and_withdrawn_releases(folder):
    page = json.loads((folder.index / "tljh-tides" / "index.json").read_text())
    assert page["versions"] == ["1.0.0", "1.1.0", "2.0.0"]
    assert [bool(file["yanked"]) for file in page["files"]] == [False, True, False]
    text = (folder.index / "tljh-tides" / "index.html").read_text()
    for file in page["files"]:
        content = (folder.index / "tljh-tides" / file["filename"]).read_bytes()
        assert file["hashes"]["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["size"] == len(content)
        assert f'href="{file["filename"]}#sha256={file["hashes"]["sha256"]}"' in text
        assert f'data-upload-time="{file["upload-time"]}"' in text
    assert text.count("data-yanked=") == 1


def test_plugins_name_the_channel_that_was_built(folder):
    (wheel,) = (folder.index / "tljh-tides").glob("*-2.0.0-*.whl")
    source = zipfile.ZipFile(wheel).read("tljh_tides.py").decode()
    assert f'CHANNEL = "{folder.channel.as_uri()}"' in source


def test_the_source_distribution_has_its_metadata_and_setup(folder):
    with tarfile.open(folder.index / "tljh-river-gauges" / "tljh_river_gauges-0.2.1.tar.gz") as archive:
        names = archive.getnames()
        stream = archive.extractfile("tljh_river_gauges-0.2.1/PKG-INFO")
        assert stream is not None
        metadata = stream.read().decode()
    assert "tljh_river_gauges-0.2.1/setup.py" in names
    assert "Name: tljh-river-gauges\nVersion: 0.2.1\n" in metadata


@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_sample_plugins_install_from_the_index_alone(folder, tmp_path, tool):
    target = tmp_path / "site"
    wanted = ["tljh-tides", "tljh-shared-folder", "tljh-classic-desk", "tljh-hub-banner", "tide-clock-sample"]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "XDG_"))
    }
    environment |= {"PIP_CONFIG_FILE": "/dev/null", "UV_NO_CONFIG": "1", "UV_CACHE_DIR": str(tmp_path / "c")}
    if tool == "uv":
        command = ["uv", "pip", "install", "--python", sys.executable, "--default-index"]
    else:
        venv.create(tmp_path / "venv", with_pip=True)
        command = [tmp_path / "venv/bin/python", "-m", "pip", "install", "--no-cache-dir", "--index-url"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(
        [*command, folder.index.as_uri(), "--target", target, *wanted],
        env={**environment, "PATH": path},
        check=True,
        capture_output=True,
    )
    installed = {path.name for path in target.glob("*.dist-info")}
    assert {"tljh_tides-2.0.0.dist-info", "tljh_hub_banner-0.3.0.dist-info"} <= installed
    entry_points = (target / "tljh_tides-2.0.0.dist-info" / "entry_points.txt").read_text()
    assert entry_points == "[tljh]\ntides = tljh_tides\n"


def test_the_channel_makes_an_environment_with_python_in_it(folder, tmp_path):
    specs = ["python", "tidal-harmonics >=2", "sea-levels", "coastline-lite", "river-gauges"]
    prefix = tmp_path / "user"
    finished = subprocess.run(
        [sys.executable, "-c", SOLVE, folder.channel.as_uri(), str(tmp_path / "cache"), str(prefix), *specs],
        check=True,
        capture_output=True,
        text=True,
    )
    versions = json.loads(finished.stdout)
    assert versions["tidal-harmonics"] == "2.3"
    assert versions["python"] == "{}.{}.{}".format(*sys.version_info)
    assert (prefix / "share/tides/levels.csv").exists()
    shown = subprocess.run(
        [prefix / "bin" / "python", "-c", "import sys; print(sys.prefix)"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert shown.stdout.strip() == str(prefix)
    package = ["uv", "pip", "install", "--python", prefix / "bin/python", "tide-clock-sample", "--offline"]
    uv = {**os.environ, "UV_DEFAULT_INDEX": folder.index.as_uri(), "UV_CACHE_DIR": str(tmp_path / "uv")}
    uv["PATH"] = f"{Path(sys.executable).parent}:{uv['PATH']}"
    subprocess.run(package, check=True, capture_output=True, env=uv)
    subprocess.run([prefix / "bin" / "python", "-c", "import tide_clock_sample"], check=True)
