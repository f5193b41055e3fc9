"""What is asked of the machine before a plan."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tljh.planning import probe
from tljh.planning.probe import Listener
from tljh.runner import RecordingRunner
from tljh.spec import InstallSpec

LISTING = """\
LISTEN 0 128          0.0.0.0:22    0.0.0.0:* users:(("sshd",pid=71,fd=3))
LISTEN 0 5            0.0.0.0:80    0.0.0.0:* users:(("python3",pid=812,fd=3),("python3",pid=811,fd=3))
LISTEN 0 4096 [::ffff:127.0.0.1]:8099 *:*
"""


def test_listeners_have_a_port_and_where_it_is_seen_a_program() -> None:
    assert list(probe.parse_listeners(LISTING)) == [
        Listener(22, "sshd", 71),
        Listener(80, "python3", 812),
        Listener(8099),
    ]


def test_a_port_that_tljh_itself_has_is_not_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = RecordingRunner({("ss",): LISTING})
    assert probe.busy_ports((80, 8099, 15001), runner) == {80: "python3", 8099: "another program"}
    monkeypatch.setattr(probe, "is_own", lambda pid: pid == 812)
    assert probe.busy_ports((80, 15001), runner) == {}


def test_a_process_of_another_service_is_not_our_own() -> None:
    assert not probe.is_own(os.getpid())
    assert not probe.is_own(None)


@pytest.mark.parametrize(
    ("settings", "config", "ports"),
    [
        ({}, {}, {80, 8099, 15001}),
        ({"http": {"port": 8080}}, {"http": {"port": 81}}, {8080, 8099, 15001}),
        ({}, {"https": {"enabled": True}}, {80, 443, 8099, 15001}),
    ],
)
def test_the_ports_that_are_needed_follow_the_settings(
    settings: dict[str, object], config: dict[str, object], ports: set[int]
) -> None:
    assert set(probe.needed_ports(InstallSpec(settings=settings), config)) == ports


def test_both_services_have_to_be_active(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_dir", lambda _path: True)
    for said, active in (("active\nactive\n", True), ("active\nfailed\n", False), ("", False)):
        assert probe._services_active(RecordingRunner({("systemctl",): said})) is active
