"""apt-get's output as recorded on Debian 12, read by pure parsers; what is run, as a recording shows it."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tljh.errors import Busy, ConflictError, InvalidInput, NetworkError, NotFound, Refused
from tljh.packages import apt
from tljh.packages.types import PackageChange
from tljh.runner import RecordingRunner, Result, SystemRunner

INSTALL = """\
Reading package lists...
Building dependency tree...
Reading state information...
The following additional packages will be installed:
  fortunes-min librecode0
Suggested packages:
  fortunes bsdmainutils
The following NEW packages will be installed:
  fortune-mod fortunes-min librecode0 sl
0 upgraded, 4 newly installed, 0 to remove and 128 not upgraded.
Inst librecode0 (3.6-25 Debian:12.15/oldstable [amd64])
Inst fortune-mod (1:1.99.1-7.3 Debian:12.15/oldstable [amd64])
Inst fortunes-min (1:1.99.1-7.3 Debian:12.15/oldstable [all])
Inst sl (5.02-1+b1 Debian:12.15/oldstable [amd64])
Conf librecode0 (3.6-25 Debian:12.15/oldstable [amd64])
Conf sl (5.02-1+b1 Debian:12.15/oldstable [amd64])
"""
UPGRADE = """\
The following packages will be upgraded:
  curl libcurl4
Remv libcurl3-nss [7.88.1-10+deb12u14]
Inst curl [7.88.1-10+deb12u14] (7.88.1-10+deb12u15 Debian:12.15/oldstable [amd64]) []
Inst libcurl4 [7.88.1-10+deb12u14] (7.88.1-10+deb12u15 Debian:12.15/oldstable [amd64])
"""
DOWNGRADE = """\
The following packages will be DOWNGRADED:
  curl
0 upgraded, 0 newly installed, 1 downgraded, 0 to remove and 128 not upgraded.
Inst curl [7.88.1-10+deb12u14] (7.88.1-10+deb12u5 Debian-Security:12/stable [amd64])
"""
URIS = """\
'http://mirror/pool/main/s/sl/sl_5.02-1%2bb1_amd64.deb' sl_5.02-1+b1_amd64.deb 13172 MD5Sum:8457
'http://mirror/pool/fortune-mod_1.99.1-7.3_amd64.deb' fortune-mod_1%3a1.99.1-7.3_amd64.deb 50484 MD5Sum:84
"""
UNMET = """\
Some packages could not be installed. This may mean that you have
requested an impossible situation or if you are using the unstable
distribution that some required packages have not yet been created
or been moved out of Incoming.
The following information may help to resolve the situation:

The following packages have unmet dependencies:
 exim4-config : Conflicts: postfix but 3.7.11-0+deb12u1 is to be installed
 postfix : Conflicts: mail-transport-agent
"""
LOCKED = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 23937 (apt-get)\n"


def test_new_packages_with_sizes() -> None:
    assert apt.parse_simulation(INSTALL, apt.parse_uris(URIS)) == (
        PackageChange("fortune-mod", "install", "1:1.99.1-7.3", download_size=50484),
        PackageChange("fortunes-min", "install", "1:1.99.1-7.3"),
        PackageChange("librecode0", "install", "3.6-25"),
        PackageChange("sl", "install", "5.02-1+b1", download_size=13172),
    )


def test_upgrades_removals_and_downgrades() -> None:
    assert apt.parse_simulation(UPGRADE) == (
        PackageChange("curl", "upgrade", "7.88.1-10+deb12u15", "7.88.1-10+deb12u14"),
        PackageChange("libcurl3-nss", "remove", None, "7.88.1-10+deb12u14"),
        PackageChange("libcurl4", "upgrade", "7.88.1-10+deb12u15", "7.88.1-10+deb12u14"),
    )
    assert [change.kind for change in apt.parse_simulation(DOWNGRADE)] == ["downgrade"]
    assert apt.parse_simulation("0 upgraded, 0 newly installed") == ()


def test_installed_counts_provided_packages_and_versions() -> None:
    listing = (
        "bash\tamd64\tinstalled\t5.2.15-2+b8\t\n"
        "exim4\tall\tinstalled\t4.96\tmail-transport-agent, xx (= 1)\n"
        "gone\tamd64\tconfig-files\t1\t\n"
    )
    runner = RecordingRunner({("dpkg-query",): listing})
    asked = ["bash", "bash:arm64", "exim4=4.97", "mail-transport-agent", "gone", "xx/sid", "Bad Name"]
    assert apt.installed(asked, runner) == {"bash", "mail-transport-agent", "xx"}
    assert apt.installed(["bash=5.2.15-2+b8", "exim4:all"], runner) == {"bash", "exim4"}
    assert apt.installed([], RecordingRunner({("dpkg-query",): 1})) == frozenset()


@pytest.mark.parametrize(
    "name",
    [
        "-o=Dpkg::Pre-Invoke::=x",
        "--yes",
        "sl-",
        "sl^",
        "SL",
        "a b",
        "lib*",
        "/etc/passwd",
        "s",
        "a;b",
        "a\nb",
    ],
)
def test_nothing_can_be_taken_for_an_option_or_a_removal(name: str) -> None:
    runner = RecordingRunner()
    with pytest.raises(InvalidInput):
        apt.install([name], runner)
    with pytest.raises(InvalidInput):
        apt.simulate([name], runner)
    assert runner.calls == []


def test_spellings_that_apt_knows() -> None:
    names = (
        "g++",
        "libc6:amd64",
        "sl=5.02-1+b1",
        "curl/bookworm-backports",
        "fortune-mod=1:1.99.1-7.3",
        "7zip",
    )
    assert apt.checked_names([*names, " 7zip "]) == names


@dataclass
class Answering(RecordingRunner):
    """Answers one call after the other, and keeps the environment it was given."""

    results: list[Result] = field(default_factory=list)
    environments: list[dict[str, str]] = field(default_factory=list)

    def run(self, argv: Any, **options: Any) -> Result:
        self.calls.append(tuple(argv))
        self.environments.append(dict(options.get("env") or {}))
        result = self.results.pop(0) if self.results else Result(tuple(argv), 0)
        if options.get("on_line"):
            for line in result.output.splitlines():
                options["on_line"](line)
        return result


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    (tmp_path / "partial").mkdir()
    (tmp_path / "mirror_main_binary-amd64_Packages.lz4").touch()
    return tmp_path


def test_install_asks_nothing_and_waits_for_the_lock(lists: Path) -> None:
    runner, lines = Answering(results=[Result(("apt-get",), 0, "Setting up sl\n")]), list[str]()
    apt.install(["sl", "curl=7"], runner, lines.append, lists=lists)
    (call,) = runner.calls
    assert call[:4] == ("apt-get", "-o", "DPkg::Lock::Timeout=600", "install")
    assert call[-3:] == ("--", "sl", "curl=7")
    assert {
        "-y",
        "--allow-downgrades",
        "Dpkg::Options::=--force-confdef",
        "Dpkg::Options::=--force-confold",
    } <= set(call)
    assert runner.environments[0]["DEBIAN_FRONTEND"] == "noninteractive"
    assert runner.environments[0]["NEEDRESTART_MODE"] == "a"
    assert lines == ["Setting up sl"]


def test_missing_or_old_lists_are_fetched_first(lists: Path) -> None:
    old = time.time() - 3 * apt.LISTS_MAX_AGE
    for folder in (lists, lists / "partial"):
        os.utime(folder, (old, old))
    runner = Answering()
    apt.install(["sl"], runner, lists=lists)
    assert [call[3] for call in runner.calls] == ["update", "install"]
    assert apt.update(Answering(), lists=lists / "partial")
    assert not apt.update(Answering(), lists=lists, max_age=10 * apt.LISTS_MAX_AGE)


def test_the_lists_lock_is_waited_for_and_said(lists: Path) -> None:
    waits: list[float] = []
    lines: list[str] = []
    locked = Result(("apt-get",), 100, "", LOCKED)
    apt.update(Answering(results=[locked, locked]), lines.append, max_age=0, lists=lists, sleep=waits.append)
    assert waits == [5, 5]
    assert any("Waiting for another package manager" in line for line in lines)
    with pytest.raises(Busy):
        apt.update(Answering(results=[locked] * 500), max_age=0, lists=lists, sleep=waits.append)
    assert sum(waits) == apt.LOCK_TIMEOUT + 10


@pytest.mark.parametrize(
    ("output", "error", "words"),
    [
        ("E: Unable to locate package nosuchpkgzz\n", NotFound, "nosuchpkgzz"),
        ("E: Version '9' for 'sl' was not found\n", NotFound, "Version '9' for 'sl'"),
        ("E: Release 'sid' for 'sl' was not found\n", NotFound, "Release 'sid'"),
        ("E: Package 'x' has no installation candidate\n", NotFound, "'x'"),
        (UNMET + "E: Unable to correct problems, you have held broken packages.\n", ConflictError, "postfix"),
        (LOCKED, Busy, "23937"),
        ("E: You don't have enough free space in /var/cache/apt/archives/.\n", Refused, "free space"),
        ("E: dpkg was interrupted, you must manually run 'dpkg --configure -a'\n", Refused, "dpkg"),
        ("E: Failed to fetch http://u:hunter2@m/sl.deb  Could not resolve 'm'\n", NetworkError, "sl.deb"),
    ],
)  # fmt: skip
def test_failures_keep_apts_words(output: str, error: type[Exception], words: str) -> None:
    runner = Answering(results=[Result(("apt-get",), 100, "Reading package lists...\n", output)])
    with pytest.raises(error) as caught:
        apt.simulate(["sl"], runner)
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="no apt-get here")
def test_the_real_programs_are_understood() -> None:
    runner = SystemRunner()
    assert apt.installed(["dpkg", "no-such-package-zz"], runner) == {"dpkg"}
    assert (
        apt.simulate(["dpkg=" + runner.run(["dpkg-query", "-W", "-f=${Version}", "dpkg"]).output], runner)
        == ()
    )
    with pytest.raises(NotFound, match="no-such-package-zz"):
        apt.simulate(["no-such-package-zz"], runner)
