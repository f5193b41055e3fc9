"""`tljh-config`, as an administrator uses it."""

import multiprocessing
import os
import stat
import time

import pytest

from tljh import config
from tljh.settings import files


@pytest.fixture(autouse=True)
def _root(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def test_paths_follow_the_prefix(prefix):
    assert prefix.as_posix() == config.INSTALL_PREFIX
    assert f"{prefix}/config/config.yaml" == config.CONFIG_FILE
    assert tuple(f"{prefix}/{name}" for name in ("hub", "user", "state", "config")) == (
        config.HUB_ENV_PREFIX,
        config.USER_ENV_PREFIX,
        config.STATE_DIR,
        config.CONFIG_DIR,
    )


def test_without_a_subcommand_it_prints_its_help(prefix, capsys, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert config.main([]) == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: tljh-config")
    for word in (
        "show",
        "set",
        "unset",
        "add-item",
        "remove-item",
        "reload",
        "--config-path",
        "--no-validate",
    ):
        assert word in out


@pytest.mark.parametrize("command", [["show"], ["set", "a", "b"], ["reload"]])
def test_it_needs_root(prefix, capsys, monkeypatch, command):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert config.main(command) == 8
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "needs root" in captured.err
    assert "sudo" in captured.err


def test_a_session(config_file, capsys):
    for command in (
        ["set", "https.enabled", "TRUE"],
        ["set", "limits.memory", "1.5G"],
        ["set", "limits.cpu", "2"],
        ["add-item", "users.admin", "ada"],
        ["add-item", "users.admin", "bob"],
        ["remove-item", "users.admin", "ada"],
        ["set", "http.port", "8080"],
        ["unset", "http.port"],
    ):
        assert config.main(command) == 0, command
    assert config.get_current_config(config_file) == {
        "https": {"enabled": True},
        "limits": {"memory": "1.5G", "cpu": 2},
        "users": {"admin": ["bob"]},
    }
    assert config.main(["show"]) == 0
    assert "memory: 1.5G" in capsys.readouterr().out


def test_show_without_a_file_is_an_empty_mapping(prefix, capsys):
    assert config.main(["show"]) == 0
    assert capsys.readouterr().out == "{}\n"


def test_another_file(prefix, tmp_path):
    other = tmp_path / "other.yaml"
    assert config.main(["--config-path", str(other), "set", "limits.cpu", "1"]) == 0
    assert other.read_text() == "limits:\n  cpu: 1\n"
    assert not os.path.exists(config.CONFIG_FILE)


def test_what_is_invalid_is_refused_and_nothing_written(config_file, capsys):
    assert config.main(["set", "http.port", "99999"]) == 4
    assert "http.port: 99999 is not a port" in capsys.readouterr().err
    assert not config_file.exists()


def test_no_validate_only_warns(config_file, capsys):
    assert config.main(["--no-validate", "set", "limits.memory", "banana"]) == 0
    assert "Warning: limits.memory" in capsys.readouterr().err
    assert config.get_current_config(config_file) == {"limits": {"memory": "banana"}}


def test_unknown_keys_at_the_top_are_warned_about_and_kept(config_file, capsys):
    config_file.write_text("my_plugin: {level: 3}\n")
    assert config.main(["set", "limits.cpu", "1"]) == 0
    assert "my_plugin is not a key of TLJH's own" in capsys.readouterr().err
    assert config.get_current_config(config_file)["my_plugin"] == {"level": 3}


def test_a_name_of_digits_stays_a_name(config_file):
    assert config.main(["add-item", "users.admin", "20241234"]) == 0
    assert config.get_current_config(config_file) == {"users": {"admin": ["20241234"]}}
    assert config.main(["remove-item", "users.admin", "20241234"]) == 0


@pytest.mark.parametrize(
    "command", [["unset", "limits.cpu"], ["remove-item", "users.admin", "x"], ["set", "a..b", "1"]]
)
def test_errors_are_one_message(config_file, capsys, command):
    assert config.main(command) == 4
    error = capsys.readouterr().err
    assert error.startswith("tljh-config: ")
    assert "Traceback" not in error
    assert not config_file.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: 1\nb: [1\nc: 2\n", "line 3"),
        (b"a: 1\na: 2\n", "duplicate key"),
        (b"- a\n- b\n", "does not hold keys and values"),
        (b"a: \xff\n", "not UTF-8"),
        (b"a: 1\n\tb: 2\n", "line 2"),
    ],
)
def test_a_file_that_does_not_parse(config_file, capsys, content, words):
    config_file.write_bytes(content)
    for command in (["show"], ["set", "limits.cpu", "1"]):
        assert config.main(command) == 4
        error = capsys.readouterr().err
        assert words in error
        assert str(config_file) in error
        assert "Traceback" not in error
    assert config_file.read_bytes() == content


def test_files_are_private_and_earlier_versions_kept(config_file):
    config_file.write_text("# mine\nlimits: {cpu: 1}\n")
    assert config.main(["set", "limits.cpu", "2"]) == 0
    (kept,) = files.backups(config_file)
    assert kept.read_text() == "# mine\nlimits: {cpu: 1}\n"
    for path in (config_file, kept):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert config.main(["set", "limits.cpu", "2"]) == 0
    assert len(files.backups(config_file)) == 1


def test_only_the_newest_versions_are_kept(config_file):
    for number in range(files.KEPT_VERSIONS + 5):
        files.write(config_file, {"limits": {"cpu": number + 1}})
    kept = files.backups(config_file)
    assert len(kept) == files.KEPT_VERSIONS
    assert f"cpu: {files.KEPT_VERSIONS + 4}" in kept[-1].read_text()


def test_a_write_that_fails_leaves_the_file_and_nothing_else(config_file, capsys, monkeypatch):
    config_file.write_text("limits: {cpu: 1}\n")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert config.main(["set", "limits.cpu", "2"]) == 8
    assert "No space left on device" in capsys.readouterr().err
    assert config_file.read_text() == "limits: {cpu: 1}\n"
    assert [path.name for path in config_file.parent.glob(".*")] == []


def test_a_link_to_the_file_stays_a_link(config_file, tmp_path):
    real = tmp_path / "real.yaml"
    real.write_text("limits: {cpu: 1}\n")
    config_file.symlink_to(real)
    assert config.main(["set", "limits.cpu", "2"]) == 0
    assert config_file.is_symlink()
    assert "cpu: 2" in real.read_text()


def _hold(path, acquired, release):
    with files.locked(path):
        acquired.set()
        release.wait(30)


def test_writing_waits_for_the_lock(config_file):
    context = multiprocessing.get_context("spawn")
    acquired, release = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(config_file, acquired, release))
    other.start()
    try:
        assert acquired.wait(30)
        started = time.monotonic()
        with pytest.raises(files.Busy, match="Another process"), files.locked(config_file, seconds=0.2):
            pass
        assert time.monotonic() - started < 10
    finally:
        release.set()
        other.join(30)
    config.set_config_value(config_file, "limits.cpu", 1)
    assert config_file.with_name("config.yaml.lock").exists()


def test_the_functions_of_scripts(config_file):
    config.set_config_value(config_file, "limits.cpu", 1)
    config.add_config_value(config_file, "users.allowed", "ada")
    config.add_config_value(config_file, "users.allowed", "bob")
    config.remove_config_value(config_file, "users.allowed", "ada")
    config.unset_config_value(config_file, "limits.cpu")
    assert config.get_current_config(config_file) == {"users": {"allowed": ["bob"]}}
    config.set_config_value(config_file, "limits.memory", "banana", validate=False)
    with pytest.raises(ValueError, match="banana"):
        config.set_config_value(config_file, "limits.cpu", 1, validate=True)
