"""How bootstrap makes, repairs and links the hub environment."""

import io
import os
import stat

import pytest

LOCKED = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)\n"


def installs(shell):
    return [call for call in shell.calls if "install" in call]


def test_a_first_time_makes_the_environment_and_installs(bootstrap, make_shell, tmp_path):
    hub = str(tmp_path / "hub")
    shell = make_shell((["-V"], "no such file"))
    bootstrap.make_hub(hub, "/srv/checkout", shell)
    assert [bootstrap.base_python(), "-m", "venv", "--clear", hub] in shell.calls
    uv, wizard = installs(shell)
    assert "uv>=0.13,<0.14" in uv
    assert wizard[0] == f"{hub}/bin/uv"
    assert wizard[-1] == "/srv/checkout"
    assert not os.path.exists(hub + ".incomplete")


def test_a_second_time_only_installs(bootstrap, make_shell, tmp_path):
    uv = tmp_path / "hub" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.touch()
    shell = make_shell()
    bootstrap.make_hub(str(tmp_path / "hub"), "tljh-wizard", shell)
    (command,) = installs(shell)
    assert command[0] == str(uv)
    assert command[-3:] == ["--upgrade-package", "tljh-wizard", "tljh-wizard"]
    assert not any("venv" in call for call in shell.calls)


@pytest.mark.parametrize(
    ("stage", "venv", "reinstall"), [("environment", True, True), ("packages", False, True)]
)
def test_what_was_cut_off_is_made_again(bootstrap, make_shell, tmp_path, stage, venv, reinstall):
    (tmp_path / "hub.incomplete").write_text(stage)
    shell = make_shell()
    bootstrap.make_hub(str(tmp_path / "hub"), "/srv/checkout", shell)
    assert any("venv" in call for call in shell.calls) == venv
    assert ("--reinstall" in installs(shell)[-1]) == reinstall
    assert not (tmp_path / "hub.incomplete").exists()


def test_a_wizard_that_does_not_start_is_installed_anew(bootstrap, make_shell, tmp_path):
    shell = make_shell((["--version"], "ModuleNotFoundError"))
    bootstrap.make_hub(str(tmp_path / "hub"), "/srv/checkout", shell)
    assert "--reinstall" in installs(shell)[-1]


def test_a_failed_installation_is_remembered(bootstrap, make_shell, tmp_path):
    shell = make_shell((["uv>=0.13,<0.14"], "no network"), (["--upgrade"], "no network"))
    with pytest.raises(bootstrap.CommandFailed):
        bootstrap.make_hub(str(tmp_path / "hub"), "/srv/checkout", shell)
    assert (tmp_path / "hub.incomplete").read_text() == "packages"


def test_pip_does_what_uv_cannot(bootstrap, make_shell, tmp_path):
    shell = make_shell((["--compile-bytecode"], "unknown setting"))
    bootstrap.install_distribution(str(tmp_path / "hub"), "/srv/checkout", shell)
    assert installs(shell)[-1][1:3] == ["-m", "pip"]


def test_pip_settings_are_read_and_handed_to_uv(bootstrap, tmp_path):
    listing = f"""\
global.index-url='https://index.example/simple'
global.extra-index-url='https://a.example/simple\\nfile:///srv/simple'
install.index-url='https://user:pw@other.example/simple'
global.find-links='{tmp_path} /not/there'
:env:.trusted-host='other.example'
freeze.timeout='1'
not a setting
"""
    settings = bootstrap.pip_settings(listing)
    values = bootstrap.uv_settings(settings, {"UV_HTTP_TIMEOUT": "9"}, "/opt/tljh/hub")
    assert values["UV_DEFAULT_INDEX"] == "https://user:pw@other.example/simple"
    assert values["UV_INDEX"] == "https://a.example/simple file:///srv/simple"
    assert values["UV_FIND_LINKS"] == str(tmp_path)
    assert values["UV_INSECURE_HOST"] == "other.example"
    assert values["UV_CACHE_DIR"] == "/opt/tljh/cache/uv"
    assert "UV_HTTP_TIMEOUT" not in values


def test_variables_that_lead_elsewhere_are_left_out(bootstrap, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    monkeypatch.setenv("https_proxy", "http://proxy.example")
    environment = bootstrap.clean_environment()
    assert {"PYTHONPATH", "PIP_TARGET"}.isdisjoint(environment)
    assert environment["https_proxy"] == "http://proxy.example"


def test_links_are_made_once_and_others_files_stay(bootstrap, tmp_path):
    hub, folder = str(tmp_path / "hub"), tmp_path / "bin"
    folder.mkdir()
    (folder / "tljh").write_text("mine")
    (folder / "tljh-config").symlink_to("/somewhere/else")
    for _ in range(2):
        told = bootstrap.link_commands(hub, str(folder))
        assert os.readlink(folder / "tljh-wizard") == f"{hub}/bin/tljh-wizard"
        assert (folder / "tljh").read_text() == "mine"
        assert os.readlink(folder / "tljh-config") == "/somewhere/else"
        assert len(told) == 2
        assert f"use {hub}/bin/tljh" in told[0]


def test_apt_says_that_it_waits_for_the_lock_and_goes_on(bootstrap, make_shell):
    screen, pauses = io.StringIO(), []
    shell = make_shell((["install"], LOCKED), (["install"], LOCKED), screen=screen)
    bootstrap.apt(["apt-get", "install", "git"], shell, pauses.append)
    assert len(pauses) == 2
    assert screen.getvalue() == "  Waiting for process 812 (unattended-upgr) to release the package lock\n"


def test_apt_lists_are_fetched_only_if_needed(bootstrap, make_shell):
    shell = make_shell()
    bootstrap.install_packages(["git"], shell)
    assert len(shell.calls) == 1
    shell = make_shell((["install"], "E: Unable to locate package git"))
    bootstrap.install_packages(["git"], shell)
    assert [next(w for w in call if w in ("install", "update")) for call in shell.calls] == [
        "install", "update", "install",
    ]  # fmt: skip


def test_an_interrupted_dpkg_is_mended(bootstrap, make_shell):
    shell = make_shell((["install"], "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'"))
    bootstrap.install_packages(["git"], shell)
    assert any("--configure" in call for call in shell.calls)


def test_packages_beside_are_waited_for_when_the_body_fails(bootstrap, make_shell, monkeypatch):
    done = []
    monkeypatch.setattr(bootstrap, "install_packages", lambda packages, shell: done.append(packages))
    shell = make_shell()
    shell.folder = "/"
    with pytest.raises(KeyError), bootstrap.installing_beside(["git"], shell):
        raise KeyError
    assert done == [["git"]]
    assert shell.journal.changed == ["Debian packages: git"]


def test_the_log_is_for_root_only_and_for_one_at_a_time(bootstrap, tmp_path):
    prefix = str(tmp_path / "tljh")
    with bootstrap.opened_log(prefix) as log:
        log.write("output\n")
        with pytest.raises(bootstrap.Stop) as stopped, bootstrap.opened_log(prefix):
            pass
    assert stopped.value.status == 9
    path = tmp_path / "tljh" / "installer.log"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "output" in path.read_text()


def test_a_run_in_progress_is_not_disturbed(bootstrap, tmp_path):
    import filelock

    lock = tmp_path / "runs" / "lock"
    lock.parent.mkdir()
    with (
        filelock.FileLock(lock),
        pytest.raises(bootstrap.Stop) as stopped,
        bootstrap.no_run_in_progress(str(tmp_path)),
    ):
        pass
    assert stopped.value.status == 9
    with bootstrap.no_run_in_progress(str(tmp_path)):
        pass


def test_a_failure_tells_its_last_lines_what_changed_and_what_to_do(bootstrap, tmp_path):
    output = "".join(f"line {number}\n" for number in range(30)) + "OSError: No space left on device\n"
    with (
        pytest.raises(bootstrap.Stop) as stopped,
        bootstrap.reported(str(tmp_path)) as journal,
        journal.doing("install the wizard"),
    ):
        raise bootstrap.CommandFailed(["pip"], 1, output)
    text = "\n".join(stopped.value.lines)
    assert stopped.value.status == 11
    assert "Could not install the wizard" in text
    assert "line 29" in text
    assert "line 3\n" not in text
    assert f"files below {tmp_path} only" in text
    assert "free some space" in text
    assert "run the same command again" in text


def test_a_place_that_cannot_be_written_is_refused(bootstrap, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(bootstrap.Stop) as stopped, bootstrap.reported(str(tmp_path / "file" / "tljh")):
        pass
    assert stopped.value.status == 8


def test_the_shell_keeps_the_whole_output(bootstrap, tmp_path):
    log = io.StringIO()
    shell = bootstrap.Shell(bootstrap.Journal(log, io.StringIO()), dict(os.environ), str(tmp_path))
    assert shell.run(["sh", "-c", "echo out; echo err >&2"]) == "out\nerr\n"
    with pytest.raises(bootstrap.CommandFailed) as failed:
        shell.run(["sh", "-c", "echo why; exit 3"])
    assert (failed.value.status, failed.value.output) == (3, "why\n")
    assert not shell.works(["/not/there"])
    assert "$ sh -c 'echo why; exit 3'\nwhy\n" in log.getvalue()
