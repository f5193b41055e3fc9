"""The real conda library in its worker, on channels that the tests build."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import tljh
from tljh.errors import (
    ConflictError,
    InvalidInput,
    NetworkError,
    NotFound,
    PlanChanged,
    Refused,
    StepFailed,
    UnusableArtifact,
)
from tljh.packages import conda
from tljh.packages.conda_errors import installation_failed
from tljh.packages.condarc import CondaSettings
from tljh.packages.types import Progress
from tljh.runner import Result, SystemRunner

SCRIPT = "#!/bin/sh\necho '{}' said by the script\n"


@dataclass
class Bench:
    """A prefix and a channel."""

    channel: Path
    prefix: Path
    cache: Path
    url: str = ""
    progress: list[Progress] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def apply(self, *specs: str, channels: Sequence[str] = (), **options: Any) -> conda.Solution:
        options = {"settings": CondaSettings(), "runner": SystemRunner(), **options}
        return conda.apply(
            self.prefix,
            specs,
            channels or [self.url],
            cache_dir=self.cache,
            on_progress=self.progress.append,
            on_line=self.lines.append,
            **options,
        )

    def solve(self, *specs: str, channels: Sequence[str] = (), **options: Any) -> conda.Solution:
        options = {"settings": CondaSettings(), **options}
        return conda.solve(
            self.prefix, specs, channels or [self.url], cache_dir=self.cache, runner=SystemRunner(), **options
        )

    def versions(self) -> dict[str, str]:
        return {name: package.version for name, package in conda.installed(self.prefix).items()}


@pytest.fixture
def bench(tmp_path: Path, conda_package: Callable[..., Path], publish: Callable[[Path], str]) -> Bench:
    channel = tmp_path / "channel"
    conda_package(channel, "b", "1.0")
    conda_package(channel, "b", "2.0")
    conda_package(channel, "a", "1.0", ["b >=1"])
    conda_package(channel, "needs-old-b", "1.0", ["b <2"])
    conda_package(channel, "needs-new-b", "1.0", ["b >=2"])
    return Bench(channel, tmp_path / "env", tmp_path / "cache", publish(channel))


def kinds(solution: conda.Solution) -> dict[str, tuple[str, str | None, str | None]]:
    return {change.name: (change.kind, change.previous, change.version) for change in solution.changes}


def test_install_then_nothing_to_do(bench: Bench) -> None:
    planned = bench.solve("a")
    assert kinds(planned) == {"a": ("install", None, "1.0"), "b": ("install", None, "2.0")}
    assert planned.changes[0].channel == f"{bench.url}/"
    assert (planned.changes[0].download_size or 0) > 0
    assert not bench.prefix.exists()
    done = bench.apply("a", expected=planned.changes)
    assert done.changes == planned.changes
    assert (bench.prefix / "share" / "b.txt").read_text() == "b 2.0\n"
    assert (bench.prefix / "conda-meta" / "a-1.0-0_0.json").stat().st_mode & 0o777 == 0o644
    again = bench.solve("a")
    assert again.changes == ()
    assert again.requested == ("a",)
    assert bench.apply("a").changes == ()
    assert 0 < done.peak_memory < 400 * 1024**2
    assert {p.text for p in bench.progress} >= {"Solving", "Linking a", "Linking b"}


def test_adding_keeps_what_was_asked_for_and_moves_only_what_must(bench: Bench) -> None:
    bench.apply("b=1.0")
    assert kinds(bench.apply("a")) == {"a": ("install", None, "1.0")}
    assert bench.versions() == {"a": "1.0", "b": "1.0"}
    assert sorted(conda.requested(bench.prefix)) == ["a", "b=1.0"]


def test_downgrade_upgrade_and_removal(bench: Bench) -> None:
    bench.apply("a")
    changed = bench.apply("needs-old-b")
    assert kinds(changed) == {"b": ("downgrade", "2.0", "1.0"), "needs-old-b": ("install", None, "1.0")}
    assert kinds(bench.apply(remove=["needs-old-b"])) == {"needs-old-b": ("remove", "1.0", None)}
    assert kinds(bench.apply("b 2.0")) == {"b": ("upgrade", "1.0", "2.0")}
    assert conda.requested(bench.prefix) == ("a", "b 2.0")
    assert kinds(bench.apply(remove=["a", "b"])) == {
        "a": ("remove", "1.0", None),
        "b": ("remove", "2.0", None),
    }
    assert not (bench.prefix / "share" / "a.txt").exists()


def test_a_new_build_of_the_same_version(
    bench: Bench, conda_package: Callable[..., Path], publish: Callable[[Path], str]
) -> None:
    bench.apply("b=1.0")
    conda_package(bench.channel, "b", "1.0", build_number=3)
    publish(bench.channel)
    assert kinds(bench.apply("b=1.0=0_3")) == {"b": ("upgrade", "1.0", "1.0")}


@pytest.mark.parametrize(
    ("spec", "version"),
    [
        ("b 1.0", "1.0"), ("b=1", "1.0"), ("b==1.0", "1.0"), ("b >=1", "2.0"), ("B>=2", "2.0"),
        (" b ", "2.0"), ("b = 1.0", "1.0"), ("b[version='<2']", "1.0"), ("b 1.*", "1.0"), ("b # c", "2.0"),
    ],
)  # fmt: skip
def test_specs_as_plugins_write_them(bench: Bench, spec: str, version: str) -> None:
    assert kinds(bench.solve(spec)) == {"b": ("install", None, version)}


@pytest.mark.parametrize("spec", ["??", "b >=>1", "--flag", "b ==", "=1"])
def test_a_bad_spec_is_named(bench: Bench, spec: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        bench.solve("a", spec)
    assert repr(spec) in caught.value.message


def test_a_spec_may_name_its_channel(
    bench: Bench, tmp_path: Path, conda_package: Callable[..., Path], publish: Callable[[Path], str]
) -> None:
    conda_package(tmp_path / "other", "special", "1.0")
    other = publish(tmp_path / "other")
    settings = CondaSettings(custom_channels={"other": tmp_path.as_uri()})
    found = bench.apply("other::special", "a", settings=settings)
    assert {record.name: record.channel for record in found.records}["special"] == f"{other}/"
    assert bench.apply("a", settings=settings).changes == ()


def test_channels_in_priority_order(
    bench: Bench, tmp_path: Path, conda_package: Callable[..., Path], publish: Callable[[Path], str]
) -> None:
    conda_package(tmp_path / "first", "b", "0.5")
    first = publish(tmp_path / "first")
    assert kinds(bench.solve("b", channels=[first, bench.url]))["b"][2] == "0.5"
    assert kinds(bench.solve("b", channels=[bench.url, first]))["b"][2] == "2.0"
    settings = CondaSettings(channel_priority="disabled")
    assert kinds(bench.solve("b", channels=[first, bench.url], settings=settings))["b"][2] == "2.0"
    assert kinds(bench.solve("b", channels=[str(tmp_path / "first")]))["b"][2] == "0.5"


def test_an_unknown_package_is_named_with_the_nearest(bench: Bench) -> None:
    with pytest.raises(NotFound, match="needs-odl-b") as caught:
        bench.solve("a", "needs-odl-b")
    assert "needs-old-b" in caught.value.hint


def test_a_version_that_does_not_exist(bench: Bench) -> None:
    with pytest.raises(ConflictError, match=r"b >7.*2\.0, 1\.0"):
        bench.solve("b>7")


def test_a_conflict_keeps_the_solvers_tree(bench: Bench) -> None:
    with pytest.raises(ConflictError) as caught:
        bench.apply("needs-old-b", "needs-new-b")
    assert "└─ needs-" in caught.value.message
    assert "b <2" in caught.value.message
    assert not (bench.prefix / "conda-meta").exists()


@pytest.mark.parametrize("channel", ["file:///no/such/channel", "http://127.0.0.1:9/channel"])
def test_an_unreachable_channel_says_what_to_do(bench: Bench, channel: str) -> None:
    with pytest.raises(NetworkError) as caught:
        bench.solve("a", channels=[bench.url, channel])
    assert channel in caught.value.message.splitlines()[0]
    assert bench.url not in caught.value.message.splitlines()[0]
    assert 'manager = "uv"' in caught.value.hint


def test_passwords_of_channels_do_not_show(bench: Bench) -> None:
    with pytest.raises(NetworkError) as caught:
        bench.solve("a", channels=["http://ada:hunter2@127.0.0.1:9/t/tk-secret/channel"])
    assert "hunter2" not in caught.value.message
    assert "tk-secret" not in caught.value.message


def test_over_http_with_bytes(
    bench: Bench,
    serve: Callable[[Path], str],
    conda_package: Callable[..., Path],
    publish: Callable[[Path], str],
) -> None:
    conda_package(bench.channel, "big", "1.0", ["a"], size=3_000_000)
    publish(bench.channel)
    solution = bench.apply("big", channels=[serve(bench.channel)])
    assert set(kinds(solution)) == {"a", "b", "big"}
    fetched = [progress for progress in bench.progress if progress.unit == "bytes"]
    assert fetched[-1].done == fetched[-1].total == sum(c.download_size or 0 for c in solution.changes)
    assert [progress.done for progress in fetched] == sorted(progress.done for progress in fetched)
    assert max(p.done for p in bench.progress if p.unit == "packages") == 3


def test_a_mirror_takes_the_place_of_its_channel(bench: Bench, serve: Callable[[Path], str]) -> None:
    dead, alive = "http://127.0.0.1:9/main", serve(bench.channel)
    settings = CondaSettings(mirrored_channels={"main": (dead, alive)})
    assert set(kinds(bench.apply("a", channels=["main"], settings=settings))) == {"a", "b"}


def test_a_plan_that_no_longer_holds_stops_before_anything_is_installed(
    bench: Bench, conda_package: Callable[..., Path], publish: Callable[[Path], str]
) -> None:
    bench.apply("b=1.0")
    planned = bench.solve("a", "b>=2")
    conda_package(bench.channel, "b", "3.0")
    publish(bench.channel)
    with pytest.raises(PlanChanged, match=r"b: 3\.0 0_0 instead of 2\.0 0_0"):
        bench.apply("a", "b>=2", expected=planned.changes)
    assert bench.versions() == {"b": "1.0"}
    assert conda.requested(bench.prefix) == ("b=1.0",)


def test_a_virtual_environment_is_not_touched(bench: Bench) -> None:
    bench.prefix.mkdir()
    (bench.prefix / "pyvenv.cfg").touch()
    with pytest.raises(Refused, match="virtual environment"):
        bench.apply("a")


def test_clobbered_files_are_noticed(
    bench: Bench, conda_package: Callable[..., Path], publish: Callable[[Path], str]
) -> None:
    conda_package(bench.channel, "impostor", files={"share/b.txt": "not b\n"})
    publish(bench.channel)
    (warning,) = bench.apply("b", "impostor").warnings
    assert "share/b.txt" in warning


def test_link_scripts_run_and_their_words_are_no_protocol(
    bench: Bench, conda_package: Callable[..., Path], publish: Callable[[Path], str]
) -> None:
    script = SCRIPT + 'echo made > "$PREFIX/made-by-script"\n'
    conda_package(bench.channel, "scripted", files={"bin/.scripted-post-link.sh": script})
    publish(bench.channel)
    bench.apply("scripted")
    assert (bench.prefix / "made-by-script").read_text() == "made\n"
    assert "running the script of scripted" in bench.lines


def test_a_failing_link_script_is_an_error_and_the_package_counts_as_missing(
    bench: Bench, conda_package: Callable[..., Path], publish: Callable[[Path], str]
) -> None:
    conda_package(bench.channel, "scripted", files={"bin/.scripted-post-link.sh": "#!/bin/sh\nexit 3\n"})
    publish(bench.channel)
    for _ in range(2):
        with pytest.raises(StepFailed, match="scripted"):
            bench.apply("a", "scripted")
        assert bench.versions() == {"a": "1.0", "b": "2.0"}
    assert conda.requested(bench.prefix) == ("a",)
    assert bench.apply("a").changes == ()


def test_noarch_python_is_linked_into_site_packages(
    bench: Bench, conda_package: Callable[..., Path], publish: Callable[[Path], str]
) -> None:
    for version in ("3.11.9", "3.12.4"):
        conda_package(bench.channel, "python", version, files={"bin/python": "#!/bin/sh\n"})
    module = {"site-packages/mod.py": "x = 1\n"}
    conda_package(bench.channel, "mod", "1.0", ["python >=3.10"], files=module, noarch="python")
    publish(bench.channel)
    assert bench.apply("python=3.11", "mod").python_version == "3.11.9"
    assert (bench.prefix / "lib/python3.11/site-packages/mod.py").exists()
    moved = bench.apply("python=3.12", expected=bench.solve("python=3.12").changes)
    assert kinds(moved) == {"python": ("upgrade", "3.11.9", "3.12.4"), "mod": ("reinstall", "1.0", "1.0")}
    assert (bench.prefix / "lib/python3.12/site-packages/mod.py").exists()
    assert not (bench.prefix / "lib/python3.11/site-packages/mod.py").exists()


def test_a_damaged_package_is_not_installed(bench: Bench) -> None:
    (package,) = (bench.channel / "noarch").glob("a-1.0*")
    content = bytearray(package.read_bytes())
    content[len(content) // 2] ^= 1
    package.write_bytes(bytes(content))
    with pytest.raises(UnusableArtifact, match=r"a-1\.0"):
        bench.apply("a")
    assert "a" not in bench.versions()


def test_pinned_by_the_administrator(bench: Bench) -> None:
    bench.apply("b=1.0")
    (bench.prefix / "conda-meta" / "pinned").write_text("# mine\nb <2\n")
    with pytest.raises(ConflictError):
        bench.solve("b=2")
    assert bench.solve("a", constraints=["a ==1.0"]).requested == ("b=1.0", "a")


def test_an_environment_without_a_history_loses_nothing(bench: Bench) -> None:
    bench.apply("a", "needs-new-b")
    (bench.prefix / "conda-meta" / "history").write_text("")
    for path in (bench.prefix / "conda-meta").glob("*.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "requested_specs": []}))
    assert kinds(bench.solve("b")) == {}
    assert set(bench.solve("b").requested) == {"a", "needs-new-b", "b"}


class _Killing(SystemRunner):
    """Kills the worker as a crash would, at the n-th line that it writes."""

    def __init__(self, after: int) -> None:
        self.after = after

    def run(self, argv: Sequence[str], **options: Any) -> Result:
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            cwd=options["cwd"],
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(options["input"])
        process.stdin.close()
        for number, line in enumerate(process.stdout):
            options["on_line"](line.rstrip("\n"))
            if number == self.after:
                process.kill()
                break
        process.stdout.close()
        return Result(tuple(argv), process.wait())


@pytest.mark.parametrize("after", [1, 4, 9])
def test_killed_in_the_middle_then_repaired(
    bench: Bench, conda_package: Callable[..., Path], publish: Callable[[Path], str], after: int
) -> None:
    for number in range(12):
        conda_package(bench.channel, f"part{number}", "1.0", size=200_000)
    conda_package(bench.channel, "whole", "1.0", [f"part{number}" for number in range(12)])
    publish(bench.channel)
    bench.apply("b=1.0")
    planned = bench.solve("whole", "b=2.0")
    with pytest.raises(StepFailed, match="ended early"):
        bench.apply("whole", "b=2.0", expected=planned.changes, runner=_Killing(after))
    bench.apply("whole", "b=2.0", expected=planned.changes)
    assert bench.versions() == {"whole": "1.0", "b": "2.0", **{f"part{n}": "1.0" for n in range(12)}}
    for name in bench.versions():
        assert (bench.prefix / "share" / f"{name}.txt").exists()
    assert sorted(conda.requested(bench.prefix)) == ["b=2.0", "whole"]
    assert bench.solve("whole").changes == ()


def test_a_record_cut_short_by_a_crash_is_made_again(bench: Bench) -> None:
    bench.apply("a")
    record = bench.prefix / "conda-meta" / "a-1.0-0_0.json"
    record.write_text(record.read_text()[:100])
    done = bench.apply("a")
    assert kinds(done) == {"a": ("install", None, "1.0")}
    assert any("a-1.0-0_0.json" in warning for warning in done.warnings)
    assert conda.requested(bench.prefix) == ("a",)


def test_an_exception_of_the_listener_is_handed_on(bench: Bench) -> None:
    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        conda.apply(
            bench.prefix, ["a"], [bench.url], cache_dir=bench.cache, runner=SystemRunner(), on_progress=stop,
            settings=CondaSettings(),
        )  # fmt: skip


def test_the_worker_does_not_outlive_whoever_started_it(tmp_path: Path) -> None:
    """Else a resumed run would share the prefix with the installation of the killed one."""
    code = (
        "import sys; from pathlib import Path\n"
        "from tljh.packages import conda; from tljh.runner import SystemRunner\n"
        "folder = Path(sys.argv[1])\n"
        "conda.apply(folder / 'e', ['a'], [sys.argv[2]], cache_dir=folder / 'c', runner=SystemRunner())"
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        root = Path(tljh.__file__).parent.parent
        process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), url], cwd=root)
        connection, _ = silent.accept()
        connection.settimeout(30)
        with connection:
            assert connection.recv(4096)
            process.kill()
            process.wait()
            try:
                assert connection.recv(65536) == b""
            except ConnectionResetError:
                pass


def test_a_worker_that_dies_is_reported(bench: Bench) -> None:
    class Dying(SystemRunner):
        def run(self, argv: Sequence[str], **options: Any) -> Result:
            return super().run([sys.executable, "-c", "print('Killed'); raise SystemExit(9)"], **options)

    with pytest.raises(StepFailed, match=r"exit status 9\).\nKilled"):
        bench.apply("a", runner=Dying())


def test_a_full_disk_is_refused() -> None:
    text = "failed to fetch big\nCaused by: No space left on device (os error 28)"
    assert installation_failed(text, []).code == "refused"
    assert (
        installation_failed("failed to link x\nCaused by: Permission denied (os error 13)", []).code
        == "refused"
    )


def test_simple_install_tells_lines(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "json.py").write_text("raise SystemExit('a file of the current folder was imported')")
    lines: list[str] = []
    conda.install(
        bench.prefix, ["a"], [bench.url], cache_dir=bench.cache, runner=SystemRunner(), on_event=lines.append
    )
    assert "Linking a" in lines


def test_the_front_end_does_not_import_the_library() -> None:
    code = "import sys, tljh.packages.conda; raise SystemExit('rattler' in sys.modules)"
    root = Path(tljh.__file__).parent.parent
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
