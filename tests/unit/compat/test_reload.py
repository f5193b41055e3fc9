"""`tljh-config reload`: checked, and taken back if the hub or the proxy does not come up."""

import os

import pytest

from tljh import config, systemd
from tljh.errors import InvalidInput, StepFailed, UsageError
from tljh.settings import reloading


class Machine:
    """Services that run as long as `works` says that the configuration is good."""

    def __init__(self, config_file):
        self.config_file, self.restarts, self.journal = config_file, [], "Traceback\ntraitlets: no such trait"

    def works(self):
        return not self.config_file.exists() or "bad" not in self.config_file.read_text()

    def restart(self, name):
        self.restarts.append(name)


@pytest.fixture
def machine(config_file, monkeypatch):
    made = Machine(config_file)
    monkeypatch.setattr(systemd, "restart_service", made.restart)
    monkeypatch.setattr(systemd, "check_service_active", lambda name: made.works())
    monkeypatch.setattr(systemd, "last_lines", lambda name: f"{name}: {made.journal}")
    monkeypatch.setattr(config, "check_hub_ready", lambda: made.works())
    monkeypatch.setattr(reloading, "PROXY_SECONDS", 0.0)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return made


def test_the_hub_is_restarted_and_the_configuration_remembered(machine, prefix, config_file):
    config_file.write_text("limits: {cpu: 1}\n")
    config.reload_component("hub")
    assert machine.restarts == ["jupyterhub"]
    remembered = prefix / "state" / "last-good-config" / "config.yaml"
    assert remembered.read_text() == "limits: {cpu: 1}\n"
    assert remembered.stat().st_mode & 0o077 == 0


def test_the_proxy_is_configured_and_restarted(machine, prefix):
    config.reload_component("proxy")
    assert machine.restarts == ["traefik"]
    assert (prefix / "state" / "traefik.toml").exists()


def test_what_worked_is_put_back_and_the_reason_told(machine, prefix, config_file, capsys):
    config_file.write_text("limits: {cpu: 1}\n")
    config.reload_component("hub")
    config_file.write_text("limits: {cpu: 1}\nbad: 1\n")
    assert config.main(["reload"]) == 11
    error = capsys.readouterr().err
    assert "jupyterhub: Traceback\ntraitlets: no such trait" in error
    assert "Put back as they were: config.yaml" in error
    assert "It is running with that again" in error
    assert config_file.read_text() == "limits: {cpu: 1}\n"
    assert machine.restarts == ["jupyterhub"] * 3
    (rejected,) = (prefix / "config" / "rejected").rglob("config.yaml")
    assert rejected.read_text() == "limits: {cpu: 1}\nbad: 1\n"
    assert str(rejected.parent) in error


def test_files_of_jupyterhub_config_d_are_put_back_too(machine, prefix, config_file, monkeypatch):
    folder = prefix / "config" / "jupyterhub_config.d"
    folder.mkdir()
    (folder / "kept.py").write_text("c.A.b = 1\n")
    config.reload_component("hub")
    (folder / "kept.py").write_text("c.A.b = 2\n")
    (folder / "new.py").write_text("c.A.c = 3\n")
    monkeypatch.setattr(machine, "works", lambda: not (folder / "new.py").exists())
    with pytest.raises(StepFailed, match="stopped right after"):
        config.reload_component("hub")
    assert (folder / "kept.py").read_text() == "c.A.b = 1\n"
    assert not (folder / "new.py").exists()
    assert {path.name for path in (prefix / "config" / "rejected").rglob("*.py")} == {"kept.py", "new.py"}


def test_without_a_memory_the_version_before_the_last_change_comes_back(machine, config_file):
    config.set_config_value(config_file, "limits.cpu", 1)
    config.set_config_value(config_file, "bad", 1)
    with pytest.raises(StepFailed, match="Put back"):
        config.reload_component("hub")
    assert config_file.read_text() == "limits:\n  cpu: 1\n"


def test_a_failure_that_the_configuration_did_not_cause(machine, config_file, monkeypatch):
    config.reload_component("hub")
    config_file.write_text("limits: {cpu: 1}\n")
    config.reload_component("hub")
    monkeypatch.setattr(machine, "works", lambda: False)
    with pytest.raises(StepFailed, match="nothing was put back"):
        config.reload_component("hub")
    assert config_file.read_text() == "limits: {cpu: 1}\n"


def test_a_hub_that_never_answers(machine, prefix, monkeypatch):
    paths = reloading.Paths(prefix / "config", prefix / "state")
    with pytest.raises(StepFailed, match="did not answer within 0 seconds"):
        reloading.reload_component("hub", paths, lambda: False, seconds=0, sleep=lambda _: None)


def test_a_slow_hub_is_waited_for(machine, prefix):
    answers = iter([False, False, True])
    paths = reloading.Paths(prefix / "config", prefix / "state")
    reloading.reload_component("hub", paths, lambda: next(answers), sleep=lambda _: None)
    assert list(answers) == []


def test_a_proxy_that_stops_is_taken_back(machine, prefix, config_file):
    config_file.write_text("http: {port: 81}\n")
    config.reload_component("hub")
    config_file.write_text("http: {port: 82}\nbad: 1\n")
    with pytest.raises(StepFailed, match="traefik: Traceback"):
        config.reload_component("proxy")
    assert machine.restarts == ["jupyterhub", "traefik", "traefik"]
    assert '":81"' in (prefix / "state" / "traefik.toml").read_text()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("config.yaml", "a: [\n", "not valid YAML"),
        ("jupyterhub_config.d/a.py", "c.X.y = (\n", r"a\.py is not valid Python: line 1"),
        ("traefik_config.d/a.toml", "[a\n", r"a\.toml is not valid TOML"),
    ],
)
def test_files_that_do_not_parse_restart_nothing(machine, prefix, name, content, words):
    path = prefix / "config" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    with pytest.raises(InvalidInput, match=words):
        config.reload_component("hub")
    assert machine.restarts == []
    assert path.read_text() == content


def test_half_a_certificate_restarts_nothing(machine, config_file):
    config_file.write_text("https: {enabled: true, tls: {cert: /a}}\n")
    for component in ("hub", "proxy"):
        with pytest.raises(InvalidInput, match=r"tls\.key"):
            config.reload_component(component)
    assert machine.restarts == []


def test_no_such_component(machine):
    with pytest.raises(UsageError, match="nosuch"):
        config.reload_component("nosuch")
