"""What bootstrap refuses, and what it tells to do."""

import ast
import os
import subprocess
import sys

import pytest

from .conftest import SCRIPT


def test_it_parses_on_python_3_8():
    ast.parse(SCRIPT.read_text(), feature_version=(3, 8))


def test_it_imports_the_standard_library_only():
    tree = ast.parse(SCRIPT.read_text())
    names = {
        name.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    } | {node.module.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= sys.stdlib_module_names


def test_a_small_server_will_do(bootstrap, good):
    assert bootstrap.refusals(good) == []


@pytest.mark.parametrize(
    ("system", "version", "accepted"),
    [
        ("debian", "11", False),
        ("debian", "12", True),
        ("debian", "13", True),
        ("debian", "", True),
        ("ubuntu", "20.04", False),
        ("ubuntu", "21.10", False),
        ("ubuntu", "22.04", True),
        ("ubuntu", "24.10", True),
        ("ubuntu", "", False),
        ("fedora", "44", False),
        ("", "", False),
    ],
)
def test_systems(bootstrap, good, system, version, accepted):
    facts = good._replace(system=system, system_version=version, system_name=f"{system} {version}")
    reasons = bootstrap.refusals(facts)
    assert reasons == [] if accepted else "Debian 12 or newer" in reasons[0]


@pytest.mark.parametrize(
    ("changes", "wrong", "to_do"),
    [
        ({"architecture": "riscv64"}, "This processor is riscv64", "use another server"),
        ({"systemd": False}, "systemd does not run here", "--demo"),
        ({"root": False}, "This is not root", "with sudo"),
        ({"python": (3, 9, 2)}, "This is Python 3.9.2", "run this with a newer one"),
        (
            {"can_make_venv": False, "executable": "/usr/local/bin/python3"},
            "has no venv and ensurepip",
            "run this with /usr/bin/python3",
        ),
        ({"free_memory": 399_000_000}, "Only 399 MB of memory", "add swap"),
        ({"free_disk": 1_900_000_000}, "Only 1.9 GB of disk", "free some space"),
        ({"other_tljh": True}, "the-littlest-jupyterhub", "TLJH_INSTALL_PREFIX"),
    ],
)
def test_each_refusal_is_one_line_that_says_what_to_do(bootstrap, good, changes, wrong, to_do):
    (reason,) = bootstrap.refusals(good._replace(**changes))
    assert wrong in reason
    assert to_do in reason
    assert "\n" not in reason


def test_all_reasons_are_told_together(bootstrap, good):
    facts = good._replace(systemd=False, root=False, free_disk=0, free_memory=0, architecture="s390x")
    assert len(bootstrap.refusals(facts)) == 5


def test_to_run_it_again_needs_less_disk(bootstrap, good):
    facts = good._replace(free_disk=600_000_000)
    assert bootstrap.refusals(facts)
    assert bootstrap.refusals(facts._replace(prepared=True)) == []


def test_the_python_of_debian_without_venv_gets_it_from_apt(bootstrap, good, monkeypatch):
    facts = good._replace(can_make_venv=False)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    monkeypatch.setattr(bootstrap, "CERTIFICATES", "/nonexistent")
    assert bootstrap.refusals(facts) == []
    assert bootstrap.missing_packages(facts) == ["python3-venv", "git", "ca-certificates"]


def test_the_demonstration_needs_neither_root_nor_systemd(bootstrap, good):
    facts = good._replace(root=False, systemd=False, system="fedora", architecture="riscv64", free_memory=1)
    assert bootstrap.demo_refusals(facts) == []
    (reason,) = bootstrap.demo_refusals(facts._replace(can_make_venv=False))
    assert "apt install python3-venv" in reason


def test_the_facts_of_this_machine(bootstrap, tmp_path):
    site = tmp_path / "hub" / "lib" / "python3.11" / "site-packages" / "the_littlest_jupyterhub-2.0.dist-info"
    site.mkdir(parents=True)
    facts = bootstrap.read_facts(str(tmp_path))
    assert facts.python == sys.version_info[:3]
    assert facts.free_disk > 0
    assert facts.other_tljh
    assert not facts.prepared
    assert not bootstrap.read_facts(str(tmp_path / "not" / "there")).other_tljh


@pytest.mark.skipif(os.path.isdir("/run/systemd/system"), reason="systemd runs here")
def test_a_refused_run_changes_nothing_and_ends_with_8(tmp_path):
    prefix = tmp_path / "tljh"
    finished = subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={**os.environ, "TLJH_INSTALL_PREFIX": str(prefix)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 8
    assert finished.stderr.startswith("Nothing was changed")
    assert "systemd does not run here" in finished.stderr
    assert not prefix.exists()
