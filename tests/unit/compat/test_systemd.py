import stat
from pathlib import Path

import pytest

from tljh import jupyterhub_config, systemd
from tljh.layout import Layout
from tljh.runner import CommandFailed


def units(prefix="/opt/tljh"):
    return systemd.unit_texts(Layout(Path(prefix)))


def test_the_hub():
    lines = units()["jupyterhub.service"].splitlines()
    for line in (
        "Requires=traefik.service",
        "After=traefik.service",
        "WorkingDirectory=/opt/tljh/state",
        "Environment=TLJH_INSTALL_PREFIX=/opt/tljh",
        "Restart=always",
        "PrivateTmp=yes",
        "PrivateDevices=yes",
        "ProtectKernelTunables=yes",
        "ProtectKernelModules=yes",
    ):
        assert line in lines
    (start,) = [line for line in lines if line.startswith("ExecStart=")]
    assert start.startswith("ExecStart=/opt/tljh/hub/bin/python -m jupyterhub -f ")
    assert start.endswith(f"{jupyterhub_config.__file__} --upgrade-db")


def test_the_proxy():
    text = units()["traefik.service"]
    assert "ExecStart=/opt/tljh/hub/bin/traefik --configfile=/opt/tljh/state/traefik.toml\n" in text
    assert "Restart=always\n" in text
    assert "ReadWritePaths=/opt/tljh/state\n" in text


def test_nothing_is_left_to_fill_in_and_odd_paths_are_escaped():
    for text in units("/srv/my hub 100%").values():
        assert "@" not in text
        assert "/srv/my\\x20hub\\x20100%%/" in text


def test_units_are_written_only_when_they_change(tmp_path):
    folder = tmp_path / "system"
    assert systemd.install_unit("a.service", "[Unit]\n", str(folder)) is True
    path = folder / "a.service"
    before = path.stat()
    assert systemd.install_unit("a.service", "[Unit]\n", folder) is False
    assert path.stat().st_ino == before.st_ino
    assert stat.S_IMODE(before.st_mode) == 0o644
    assert systemd.install_unit("a.service", "[Unit]\n\n", folder) is True
    systemd.uninstall_unit("a.service", folder)
    systemd.uninstall_unit("a.service", folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("verb", ["start", "stop", "restart", "enable", "disable"])
def test_services(runner, verb):
    getattr(systemd, f"{verb}_service")("jupyterhub")
    assert runner.calls == [("systemctl", "--quiet", verb, "jupyterhub")]
    runner.answers = {("systemctl",): 1}
    with pytest.raises(CommandFailed, match=verb):
        getattr(systemd, f"{verb}_service")("jupyterhub")


def test_reload_daemon(runner):
    systemd.reload_daemon()
    assert runner.calls == [("systemctl", "--quiet", "daemon-reload")]


@pytest.mark.parametrize(("status", "answer"), [(0, True), (3, False)])
def test_questions(runner, status, answer):
    runner.answers = {("systemctl",): status}
    assert systemd.check_service_active("x") is answer
    assert systemd.check_service_enabled("x") is answer
    assert [call[1] for call in runner.calls] == ["is-active", "is-enabled"]
