"""Flags, the piped form, the terminal, passwords, the progress page and the demonstration."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from .conftest import SCRIPT


def test_its_own_flags_are_taken_and_the_rest_is_handed_on(bootstrap):
    options, rest = bootstrap.parse(
        ["--admin", "ada:se:cret", "bob", "--plugin", "a", "b", "--version", "1.2.3", "--show-progress-page",
         "--user-requirements-txt-url", "https://example.org/r.txt", "--admin", "cleo"]
    )  # fmt: skip
    assert options.version == "1.2.3"
    assert options.show_progress_page
    assert rest == ["--plugin", "a", "b", "--user-requirements-txt-url", "https://example.org/r.txt"]
    assert bootstrap.installer_flags(options, rest) == [
        "--admin", "ada", "--admin", "bob", "--admin", "cleo", *rest,
    ]  # fmt: skip
    assert bootstrap.passwords_of(options.admin) == {"ada": "se:cret"}


def test_the_demonstration_takes_no_flags_of_the_installer(bootstrap):
    with pytest.raises(SystemExit) as ended:
        bootstrap.parse(["--demo", "--plugin", "x"])
    assert ended.value.code == 2
    assert bootstrap.parse(["--demo-folder", "/tmp/x"])[0].demo


@pytest.mark.parametrize(
    ("version", "checkout", "source"),
    [
        (None, "/srv/checkout", "/srv/checkout"),
        (None, None, "tljh-wizard"),
        ("latest", "/srv/checkout", "tljh-wizard"),
        ("0.2.0", "/srv/checkout", "tljh-wizard==0.2.0"),
        ("0.2", None, "tljh-wizard==0.2.*"),
        ("1", None, "tljh-wizard==1.*"),
        ("0.3rc1", None, "tljh-wizard==0.3rc1"),
    ],
)
def test_what_is_installed(bootstrap, version, checkout, source):
    assert bootstrap.source_to_install(version, checkout) == source


def test_a_checkout_is_known_by_its_files(bootstrap, tmp_path):
    assert bootstrap.checkout_of(str(SCRIPT)) == str(SCRIPT.parent)
    assert bootstrap.checkout_of(str(tmp_path / "bootstrap.py")) is None
    assert bootstrap.checkout_of(None) is None


def test_piped_it_has_no_file():
    code = SCRIPT.read_text().replace(
        'if __name__ == "__main__":\n    sys.exit(main())', "print(this_script())"
    )
    finished = subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True, check=True)
    assert finished.stdout == "None\n"


def test_piped_help_works():
    finished = subprocess.run(
        [sys.executable, "-", "--help"], input=SCRIPT.read_text(), capture_output=True, text=True, check=True
    )
    assert "--demo" in finished.stdout


def test_without_a_terminal_nothing_is_opened(bootstrap, monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert not bootstrap.take_terminal(None)


def test_piped_in_a_terminal_it_is_taken_from_dev_tty(tmp_path):
    code = SCRIPT.read_text().replace(
        'if __name__ == "__main__":\n    sys.exit(main())',
        "print('taken', take_terminal(this_script()), sys.stdin.isatty())",
    )
    script = tmp_path / "piped.py"
    script.write_text(code)
    import pty

    # A child with a controlling terminal of its own, fed by a pipe.
    child, terminal = pty.fork()
    if child == 0:
        os.execvp("sh", ["sh", "-c", f"cat {script} | {sys.executable} -"])
    shown = b""
    while True:
        try:
            chunk = os.read(terminal, 1000)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    os.close(terminal)
    os.waitpid(child, 0)
    assert b"taken True True" in shown


def test_passwords_leave_the_process_list(bootstrap, monkeypatch):
    started = []
    monkeypatch.setattr(bootstrap.os, "execv", lambda program, argv: started.append(argv))
    monkeypatch.setattr(bootstrap.os, "environ", {})
    words = ["--admin", "ada:se:cret", "bob", "--admin=cleo:x", "--plugin", "p"]
    options, _ = bootstrap.parse(words)
    bootstrap.hide_passwords("/srv/bootstrap.py", words, options)
    assert started[0][1:] == [
        "/srv/bootstrap.py", "--admin", "ada", "bob", "--admin=cleo", "--plugin", "p",
    ]  # fmt: skip
    with os.fdopen(int(bootstrap.os.environ["TLJH_PASSWORDS_FD"])) as stream:
        stream.seek(0)
        assert json.load(stream) == {"ada": "se:cret", "cleo": "x"}


@pytest.mark.parametrize(
    ("flags", "page", "interactive", "command"),
    [
        ([], None, True, ["/h/bin/tljh-wizard"]),
        ([], None, False, ["/h/bin/python", "-m", "tljh.installer"]),
        (["--admin", "ada"], 42, False,
         ["/h/bin/python", "-m", "tljh.installer", "--admin", "ada", "--progress-page-server-pid", "42"]),
    ],
)  # fmt: skip
def test_how_it_goes_on(bootstrap, monkeypatch, flags, page, interactive, command):
    started = []
    monkeypatch.setattr(bootstrap.os, "execv", lambda program, argv: started.append(argv))
    monkeypatch.setattr(bootstrap.os, "chdir", lambda folder: None)
    bootstrap.go_on("/h", flags, page, interactive)
    assert started == [command]


def test_the_progress_page_leaks_nothing_and_ends_when_asked(bootstrap):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    page = bootstrap.start_progress_page(port)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            text = answer.read().decode()
            assert answer.headers["X-TLJH-Installing"] == "yes"
            assert "Python" not in answer.headers["Server"]
        assert "is being installed" in text
        for private in (socket.gethostname(), sys.executable, os.getcwd()):
            assert private not in text
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/opt/tljh/installer.log", timeout=10)
        assert refused.value.code == 503
        refused.value.close()
    finally:
        os.kill(page, signal.SIGINT)
        _, status = os.waitpid(page, 0)
    assert os.WIFSIGNALED(status)


@pytest.mark.parametrize(
    ("names", "accepted"),
    [([], True), (["opt"], True), ([".tljh-wizard-demo", "x"], True), (["thesis"], False)],
)
def test_the_demonstration_leaves_other_folders_alone(bootstrap, tmp_path, names, accepted):
    for name in names:
        (tmp_path / name).mkdir()
    reasons = bootstrap.folder_refusals(str(tmp_path))
    assert reasons == [] if accepted else "--demo-folder" in reasons[0]
    assert bootstrap.folder_refusals(str(tmp_path / "new")) == []


def test_the_demonstration_uses_ordinary_settings(bootstrap):
    environment = bootstrap.demo_environment("/d", {"extra-index-url": "https://a.example/simple file:///b"})
    assert environment["TLJH_INSTALL_PREFIX"] == "/d/opt/tljh"
    assert environment["TLJH_CATALOGUE"] == "/d/catalogue.toml"
    assert environment["PIP_EXTRA_INDEX_URL"] == "file:///d/simple https://a.example/simple file:///b"
    assert environment["XDG_CACHE_HOME"].startswith("/d/")


def test_the_demonstration_prints_each_command_and_ends_with_the_first_failure(bootstrap, tmp_path, capfd):
    program = tmp_path / "tljh"
    program.write_text('#!/bin/sh\necho "did $1"\n[ "$1" != plan ] || exit 7\n')
    program.chmod(0o755)
    screen = io.StringIO()
    assert bootstrap.run_demo_job(str(program), dict(os.environ), screen) == 7
    assert screen.getvalue().splitlines()[1::2] == [
        "$ tljh search tides", "$ tljh versions tljh-tides", "$ tljh preview tljh-tides",
        "$ tljh plan tljh-tides",
    ]  # fmt: skip
    assert capfd.readouterr().out.splitlines() == [
        "did search", "did versions", "did preview", "did plan",
    ]  # fmt: skip
