import json
import os
import platform
import stat
from pathlib import Path

import pytest

from tljh import apt, conda
from tljh.errors import InvalidInput
from tljh.packages import apt as packages_apt
from tljh.packages import conda as packages_conda
from tljh.packages import pip as packages_pip

ARMOURED = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nabc\n-----END PGP PUBLIC KEY BLOCK-----\n"


@pytest.fixture
def apt_folder(tmp_path, monkeypatch, runner) -> Path:
    monkeypatch.setattr(apt, "APT_FOLDER", tmp_path)
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"VERSION_CODENAME": "bookworm"})
    return tmp_path


@pytest.mark.parametrize(
    ("key", "suffix"), [(ARMOURED, ".asc"), (ARMOURED.encode(), ".asc"), (b"\x99\x01", ".gpg")]
)
def test_keys_are_trusted_once(apt_folder, key, suffix):
    apt.trust_gpg_key(key)
    apt.trust_gpg_key(key)
    (path,) = (apt_folder / "trusted.gpg.d").iterdir()
    assert path.suffix == suffix
    assert path.read_bytes() == (key if isinstance(key, bytes) else key.encode())
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_sources_are_added_once_and_the_lists_read(apt_folder, runner):
    apt.add_source("docker", "https://apt.example.org/debian", "stable")
    apt.add_source("docker", "https://apt.example.org/debian", "stable")
    path = apt_folder / "sources.list.d" / "docker.list"
    assert path.read_text() == "deb https://apt.example.org/debian bookworm stable\n"
    assert [call[0] for call in runner.calls] == ["apt-get"]
    assert "update" in runner.calls[0]


def test_a_source_without_a_proper_name(apt_folder):
    with pytest.raises(InvalidInput, match="cannot name"):
        apt.add_source("../evil", "https://apt.example.org", "main")


def test_a_system_without_a_codename(apt_folder, monkeypatch):
    monkeypatch.setattr(platform, "freedesktop_os_release", dict)
    with pytest.raises(InvalidInput, match="VERSION_CODENAME"):
        apt.add_source("x", "https://apt.example.org", "main")


def test_packages_are_handed_on(runner, monkeypatch):
    calls = []
    monkeypatch.setattr(
        packages_apt, "install", lambda packages, runner, on_line: calls.append((packages, runner))
    )
    apt.install_packages(("sl", "cowsay"))
    assert calls == [(["sl", "cowsay"], runner)]


def test_apt_opens_no_dialog_and_waits_for_the_lock():
    assert packages_apt.ENVIRONMENT["DEBIAN_FRONTEND"] == "noninteractive"
    assert packages_apt.ENVIRONMENT["NEEDRESTART_MODE"] == "a"


@pytest.fixture
def installs(monkeypatch):
    calls = []

    def pip(prefix, requirements, **options):
        calls.append(("pip", prefix, list(requirements), options["upgrade"], options["cache_dir"]))

    def solver(prefix, specs, channels, **options):
        calls.append(("conda", prefix, specs, channels, options["cache_dir"]))

    monkeypatch.setattr(packages_pip, "install", pip)
    monkeypatch.setattr(packages_conda, "install", solver)
    return calls


@pytest.fixture
def environment(tmp_path) -> Path:
    python = tmp_path / "user" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    return tmp_path / "user"


def test_conda_packages_are_handed_on(environment, installs, tmp_path):
    conda.ensure_conda_packages(str(environment), ["numpy>=2", "scipy"])
    conda.ensure_conda_packages(environment, ["x"], channels=("a", "b"))
    conda.ensure_conda_packages(environment, [])
    cache = tmp_path / "cache" / "conda"
    assert installs == [
        ("conda", environment, ["numpy>=2", "scipy"], ["conda-forge"], cache),
        ("conda", environment, ["x"], ["a", "b"], cache),
    ]


@pytest.mark.parametrize("fails", [False, True])
def test_forced_packages_count_as_missing(environment, monkeypatch, fails):
    meta = environment / "conda-meta"
    meta.mkdir()
    for name in ("x-1.0-py_0", "x-y-1.0-py_0"):
        (meta / f"{name}.json").write_text("{}")

    def solver(*_, **__):
        assert [path.name for path in meta.glob("*.json")] == ["x-y-1.0-py_0.json"]
        if fails:
            raise RuntimeError

    monkeypatch.setattr(packages_conda, "install", solver)
    if fails:
        with pytest.raises(RuntimeError):
            conda.ensure_conda_packages(environment, ["x=1.0"], force_reinstall=True)
    else:
        conda.ensure_conda_packages(environment, ["x=1.0"], force_reinstall=True)
    left = {path.name for path in meta.iterdir()}
    assert left == ({"x-y-1.0-py_0.json", "x-1.0-py_0.json"} if fails else {"x-y-1.0-py_0.json"})


def test_pip_packages_are_handed_on(environment, installs, tmp_path):
    conda.ensure_pip_packages(str(environment), ["a", "--extra-index-url", "https://x.example"], upgrade=True)
    conda.ensure_pip_requirements(environment, "/tmp/r.txt")
    conda.ensure_pip_packages(environment, [])
    cache = tmp_path / "cache" / "uv"
    assert installs == [
        ("pip", environment, ["a", "--extra-index-url", "https://x.example"], True, cache),
        ("pip", environment, ["--requirement", "/tmp/r.txt"], False, cache),
    ]


def test_pip_without_an_environment(tmp_path, installs):
    with pytest.raises(InvalidInput, match="no Python environment"):
        conda.ensure_pip_packages(tmp_path, ["a"])


def test_versions_of_conda_packages(environment):
    meta = environment / "conda-meta"
    meta.mkdir()
    for name, version in (("numpy", "2.1"), ("python", "3.12.4")):
        record = {
            "name": name,
            "version": version,
            "build": "0",
            "build_number": 0,
            "channel": "c",
            "files": [],
        }
        (meta / f"{name}-{version}-0.json").write_text(json.dumps(record))
    assert conda.get_conda_package_versions(environment) == {"numpy": "2.1", "python": "3.12.4"}


def test_permissions(environment, tmp_path):
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o666)
    (environment / "link").symlink_to(outside)
    (environment / "bin" / "python").chmod(0o777)
    environment.chmod(0o777)
    if os.geteuid() == 0:
        os.chown(environment / "bin", 12345, 12345)
    conda.fix_permissions(str(environment))
    for path in (environment, environment / "bin", environment / "bin" / "python"):
        found = path.stat()
        assert (found.st_uid, found.st_gid) == (os.geteuid(), os.getegid())
        assert stat.S_IMODE(found.st_mode) & 0o022 == 0
    assert stat.S_IMODE((environment / "bin" / "python").stat().st_mode) == 0o755
    assert stat.S_IMODE(outside.stat().st_mode) == 0o666


def test_sha256(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"")
    assert conda.sha256_file(path) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
