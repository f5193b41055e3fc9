"""The real uv, on wheels and indexes that the tests write."""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tljh.errors import (
    ConflictError,
    InvalidInput,
    NetworkError,
    NotFound,
    Refused,
    TljhError,
    UnusableArtifact,
)
from tljh.index_settings import IndexSettings
from tljh.packages import pip
from tljh.packages.types import PackageChange
from tljh.runner import Result, SystemRunner

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass
class WatchingRunner(SystemRunner):
    """Runs for real, and keeps argument lists and the files that they name."""

    seen: list[tuple[str, ...]] = field(default_factory=list)
    modes: list[int] = field(default_factory=list)

    def run(self, argv: Sequence[str], **options: Any) -> Result:
        self.seen.append(tuple(argv))
        self.modes += [
            Path(word).stat().st_mode & 0o777 for word in argv if word.endswith("requirements.txt")
        ]
        return super().run(argv, **options)


@dataclass
class Bench:
    """An environment, and a folder of wheels that everything comes from."""

    wheels: Path
    prefix: Path
    cache: Path
    runner: WatchingRunner = field(default_factory=WatchingRunner)

    @property
    def settings(self) -> IndexSettings:
        return IndexSettings(index_urls=(), find_links=(str(self.wheels),))

    def dry_run(self, *arguments: str, **options: Any) -> tuple[PackageChange, ...]:
        options = {"settings": self.settings, **options}
        python = self.prefix / "bin" / "python"
        return pip.dry_run(python, arguments, cache_dir=self.cache, runner=self.runner, **options)

    def install(self, *arguments: str, **options: Any) -> None:
        options = {"settings": self.settings, "compile_bytecode": False, **options}
        pip.install(self.prefix, arguments, cache_dir=self.cache, runner=self.runner, **options)

    def versions(self) -> dict[str, str]:
        return {
            name: package.version for name, package in pip.installed(self.prefix).items() if name != "pip"
        }


@pytest.fixture
def bench(tmp_path: Path, wheel: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name in ("UV_INDEX_STRATEGY", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "UV_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    wheels = tmp_path / "wheels"
    wheel(wheels, "pip", "99.0")
    for version in ("1.0", "2.0"):
        wheel(wheels, "lib", version)
    wheel(wheels, "tljh-app", "1.0", ["lib>=1"])
    wheel(wheels, "needs-old", "1.0", ["lib<2"])
    wheel(wheels, "needs-new", "1.0", ["lib>=2"])
    made = Bench(wheels, tmp_path / "env", tmp_path / "cache")
    pip.create_venv(
        made.prefix, sys.executable, runner=made.runner, settings=made.settings, cache_dir=made.cache
    )
    return made


def index(folder: Path, *wheels: Path) -> str:
    """A PEP 503 index of the wheels; its `file://` URL."""
    for wheel in wheels:
        project = folder / wheel.name.split("-")[0].replace("_", "-")
        project.mkdir(parents=True, exist_ok=True)
        (project / wheel.name).write_bytes(wheel.read_bytes())
        links = "".join(f'<a href="{file.name}">{file.name}</a>' for file in project.glob("*.whl"))
        (project / "index.html").write_text(f"<html><body>{links}</body></html>")
    return folder.as_uri()


def sdist(folder: Path, name: str, marker: Path) -> Path:
    """A source distribution without static metadata, whose setup.py leaves a mark when it runs."""
    setup = (
        f"open({str(marker)!r}, 'w').close()\nimport setuptools as s\ns.setup(name={name!r}, version='1')\n"
    )
    path = folder / f"{name}-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        for file, text in (("setup.py", setup), ("PKG-INFO", metadata)):
            entry = tarfile.TarInfo(f"{name}-1.0/{file}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


def test_a_new_environment_has_pip_and_its_interpreter_runs(bench: Bench) -> None:
    assert pip.installed(bench.prefix)["pip"].version == "99.0"
    assert SystemRunner().run([str(bench.prefix / "bin" / "python"), "-c", "pass"]).ok


def test_making_an_environment_again_keeps_what_is_in_it(bench: Bench) -> None:
    bench.install("lib")
    pip.create_venv(
        bench.prefix, sys.executable, runner=bench.runner, settings=bench.settings, cache_dir=bench.cache
    )
    assert bench.versions() == {"lib": "2.0"}


def test_a_conda_environment_is_not_overwritten(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "conda" / "conda-meta").mkdir(parents=True)
    with pytest.raises(Refused, match="conda environment"):
        pip.create_venv(tmp_path / "conda", sys.executable, runner=bench.runner, settings=bench.settings)


def test_an_interpreter_that_is_not_there_is_refused_and_not_downloaded(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"3\.99"):
        pip.create_venv(tmp_path / "other", "3.99", runner=bench.runner, settings=bench.settings)


def test_dry_run_tells_installs_upgrades_downgrades_and_changes_nothing(bench: Bench) -> None:
    assert bench.dry_run("tljh-app") == (
        PackageChange("lib", "install", "2.0"),
        PackageChange("tljh-app", "install", "1.0"),
    )
    assert bench.versions() == {}
    bench.install("lib==1.0")
    assert bench.dry_run("lib") == ()
    assert bench.dry_run("lib", upgrade=True) == (PackageChange("lib", "upgrade", "2.0", "1.0"),)
    bench.install("lib==2.0")
    assert bench.dry_run("needs-old")[0] == PackageChange("lib", "downgrade", "1.0", "2.0")
    assert bench.dry_run("--force-reinstall", "lib==2.0") == (
        PackageChange("lib", "reinstall", "2.0", "2.0"),
    )


def test_dry_run_of_an_inspected_wheel_gives_its_version(bench: Bench) -> None:
    path = bench.wheels / "tljh_app-1.0-py3-none-any.whl"
    changes = bench.dry_run(f"tljh-app @ {path.as_uri()}", constraints=["lib==1.0"])
    assert [(change.name, change.version) for change in changes] == [("lib", "1.0"), ("tljh-app", "1.0")]


def test_planning_never_builds(bench: Bench, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    path = sdist(tmp_path, "legacy", marker)
    expected = (PackageChange("legacy", "install", "1.0"), PackageChange("lib", "install", "2.0"))
    assert bench.dry_run(f"legacy @ {path.as_uri()}", "lib") == expected
    assert bench.dry_run(str(path), "lib") == expected
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path / "folder")
    assert [c.name for c in bench.dry_run(str(tmp_path / "folder" / "legacy-1.0"))] == ["legacy"]
    assert not marker.exists()
    pins = pip.compile(
        [str(path), "lib"], python_version=PYTHON, runner=bench.runner, settings=bench.settings
    )
    assert pins == ("legacy==1.0", "lib==2.0")
    assert not marker.exists()


def test_a_dependency_that_must_be_built_has_no_version_yet(
    bench: Bench, wheel: Callable[..., Path], tmp_path: Path
) -> None:
    sdist(bench.wheels, "legacy", tmp_path / "ran")
    wheel(bench.wheels, "wants-legacy", "1.0", ["legacy"])
    assert bench.dry_run("wants-legacy") == (
        PackageChange("legacy", "install"),
        PackageChange("wants-legacy", "install", "1.0"),
    )
    assert pip.compile(
        ["wants-legacy"], python_version=PYTHON, runner=bench.runner, settings=bench.settings
    ) == ("legacy", "wants-legacy==1.0")
    assert not (tmp_path / "ran").exists()


def test_compile_pins_everything_for_another_python(bench: Bench, wheel: Callable[..., Path]) -> None:
    wheel(bench.wheels, "only-old-python", "1.0", ['lib; python_version < "3.12"'])
    found = pip.compile(
        ["only-old-python", "needs-old"], python_version="3.12", runner=bench.runner, settings=bench.settings
    )
    assert found == ("lib==1.0", "needs-old==1.0", "only-old-python==1.0")
    path = bench.wheels / "tljh_app-1.0-py3-none-any.whl"
    found = pip.compile(
        [f"tljh-app @ {path.as_uri()}"], python_version="3.12", constraints=["lib<2"],
        runner=bench.runner, settings=bench.settings,
    )  # fmt: skip
    assert found == ("lib==1.0", "tljh-app==1.0")


def test_install_takes_files_options_and_constraints_in_order(bench: Bench, tmp_path: Path) -> None:
    listed = tmp_path / "listed.txt"
    listed.write_text("needs-old\n")
    lines: list[str] = []
    bench.install("-r", str(listed), "--find-links", str(bench.wheels), "--no-index", on_line=lines.append)
    assert bench.versions() == {"lib": "1.0", "needs-old": "1.0"}
    assert any("lib==1.0" in line for line in lines)
    bench.install("lib", "--upgrade", constraints=["lib<2"])
    assert bench.versions()["lib"] == "1.0"


def test_install_compiles_bytecode_unless_told(bench: Bench) -> None:
    bench.install("lib")
    assert not list(bench.prefix.rglob("lib.*.pyc"))
    bench.install("tljh-app", compile_bytecode=True)
    assert list(bench.prefix.rglob("tljh_app.*.pyc"))


def test_uninstall_passes_over_what_is_not_there(bench: Bench) -> None:
    bench.install("tljh-app")
    pip.uninstall(bench.prefix, ["Tljh_App", "never-there"], runner=bench.runner)
    assert bench.versions() == {"lib": "2.0"}
    with pytest.raises(InvalidInput, match="-x"):
        pip.uninstall(bench.prefix, ["-x"], runner=bench.runner)


def test_several_indexes_count_as_one_as_with_pip(
    bench: Bench, wheel: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = index(tmp_path / "main", *bench.wheels.glob("lib-*"), *bench.wheels.glob("tljh_app*"))
    extra = index(tmp_path / "extra", wheel(tmp_path / "old", "lib", "0.1"), wheel(tmp_path / "old", "own"))
    settings = IndexSettings(index_urls=(main,))
    found = bench.dry_run("--extra-index-url", extra, "tljh-app", "own", settings=settings)
    assert [(c.name, c.version) for c in found] == [("lib", "2.0"), ("own", "1.0"), ("tljh-app", "1.0")]
    assert bench.dry_run(f"--index-url={extra}", "lib", settings=settings)[0].version == "0.1"
    monkeypatch.setenv("UV_INDEX_STRATEGY", "first-index")
    with pytest.raises(ConflictError):
        bench.dry_run("--extra-index-url", extra, "tljh-app", settings=settings)


def test_a_conflict_gives_uvs_explanation(bench: Bench) -> None:
    with pytest.raises(ConflictError) as caught:
        bench.dry_run("needs-old", "needs-new")
    assert "needs-old" in caught.value.message
    assert "lib" in caught.value.message
    assert "\x1b" not in caught.value.message
    assert "cause:" not in caught.value.message
    with pytest.raises(ConflictError, match="lib"):
        bench.dry_run("needs-old", constraints=["lib==2.0"])


def test_an_unknown_package_and_version_are_named(bench: Bench) -> None:
    with pytest.raises(NotFound, match="nosuchpackage"):
        bench.dry_run("nosuchpackage")
    with pytest.raises(ConflictError, match=r"lib==9"):
        bench.install("lib==9")


@pytest.mark.parametrize("bad", ["lib lib2 x", "lib>=>1", "--no-such-option", "lib\nevil"])
def test_what_does_not_parse_is_named(bench: Bench, bad: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        bench.dry_run(bad)
    assert bad.splitlines()[0].split(" ")[0] in caught.value.message


def test_a_path_that_is_not_there(bench: Bench) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        bench.install("/nowhere/tljh_x-1.0-py3-none-any.whl")


def test_an_unreachable_index_is_a_network_error_without_the_password(bench: Bench) -> None:
    settings = IndexSettings(index_urls=("http://ada:hunter2@127.0.0.1:9/simple",))
    with pytest.raises(NetworkError) as caught:
        bench.dry_run("lib", "--extra-index-url", "http://eve:opensesame@127.0.0.1:9/more", settings=settings)
    told = caught.value.message + caught.value.hint
    assert "127.0.0.1:9" in told
    commands = " ".join(word for command in bench.runner.seen for word in command)
    for secret in ("hunter2", "opensesame"):
        assert secret not in told + commands
    assert set(bench.runner.modes) == {0o600}


def test_an_artifact_with_another_hash_is_refused(bench: Bench) -> None:
    path = bench.wheels / "lib-1.0-py3-none-any.whl"
    with pytest.raises(UnusableArtifact):
        bench.install(f"lib @ {path.as_uri()} --hash=sha256:{'0' * 64}", require_hashes=True)
    assert bench.versions() == {}


def test_a_damaged_wheel_is_named(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "lib-7.0-py3-none-any.whl"
    path.write_bytes((bench.wheels / "lib-1.0-py3-none-any.whl").read_bytes()[:200])
    with pytest.raises(TljhError, match=r"lib-7\.0|lib"):
        bench.install(str(path))
    assert bench.versions() == {}


def test_git_requirements_and_projects_of_the_current_folder(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `pyproject.toml` or `uv.toml` where the command happens to be run has no say."""
    (tmp_path / "uv.toml").write_text('[pip]\nno-index = false\nconstraints = ["lib<2"]\nbroken')
    monkeypatch.chdir(tmp_path)
    assert bench.dry_run("lib")[0].version == "2.0"
    with pytest.raises(TljhError, match="git"):
        bench.dry_run("git+file:///nowhere/repository")
