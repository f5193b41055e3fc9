"""pip's words and the machine's settings, as uv takes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tljh.errors import InvalidInput
from tljh.index_settings import IndexSettings, default_index_url
from tljh.packages.pip_arguments import PipArguments, line_name, parse
from tljh.packages.pip_errors import NeedsBuild, explain
from tljh.packages.uv_environment import uv_environment, wants_no_index
from tljh.runner import Result

BASE = Path("/base")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["a>=1", "b[x]"], PipArguments(("a>=1", "b[x]"))),
        (["--extra-index-url https://x/simple", "a"], PipArguments(("a",), extra=("https://x/simple",))),
        (["--extra-index-url", "https://x/simple", "a"], PipArguments(("a",), extra=("https://x/simple",))),
        (["--index-url=https://x", "-i", "https://y"], PipArguments(index="https://y")),
        (["-f", "wheels", "--trusted-host", "h", "--no-index"],
         PipArguments(links=("/base/wheels",), trusted=("h",), no_index=True)),
        (["-r", "r.txt", "-c/c.txt", "-e", "./src[dev]"],
         PipArguments(("-r /base/r.txt", "-c /c.txt", "-e /base/src[dev]"))),
        (["-e", "git+https://h/r.git#egg=r"], PipArguments(("-e git+https://h/r.git#egg=r",))),
        (["./plugin", "/abs/plugin", "sub/plugin"],
         PipArguments(("/base/plugin", "/abs/plugin", "/base/sub/plugin"))),
        (["git+https://h/r@v1", "n @ https://h/n.whl"], PipArguments(("git+https://h/r@v1", "n @ https://h/n.whl"))),
        (["--pre", "-U", "--no-cache-dir", "a"],
         PipArguments(("a",), flags=("--prerelease", "allow", "--upgrade", "--no-cache"))),
        (["a==1", "--hash=sha256:00", "-q", "--progress-bar", "off", "", "# note"],
         PipArguments(("a==1 --hash=sha256:00",))),
    ],
)  # fmt: skip
def test_arguments(arguments: list[str], expected: PipArguments) -> None:
    assert parse(arguments, BASE) == expected


@pytest.mark.parametrize(
    "bad", [["--target", "/"], ["--user"], ["-t/x"], ["--extra-index-url"], ["a\n--target=/"]]
)
def test_options_that_would_install_elsewhere_are_refused(bad: list[str]) -> None:
    with pytest.raises(InvalidInput):
        parse(bad, BASE)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("A_b>=1", "a-b"),
        ("x[y] @ file:///z", "x"),
        ("git+https://h/r", None),
        ("/a/b", None),
        ("-e /a", None),
    ],
)
def test_line_name(line: str, name: str | None) -> None:
    assert line_name(line) == name


def test_settings_become_variables(tmp_path: Path) -> None:
    cert = tmp_path / "ca.pem"
    cert.touch()
    settings = IndexSettings(
        index_urls=("https://u:p@one/simple", "https://two/simple"),
        find_links=(str(tmp_path), "/not/there", "https://links"),
        trusted_hosts=("one",),
        cert=str(cert),
        client_cert="/client.pem",
        constraints=(str(cert), "/not/there.txt"),
        proxy="proxy:3128",
        timeout=45.0,
    )
    arguments = PipArguments(extra=("https://three",), trusted=("three",))
    found = uv_environment(
        settings, arguments, tmp_path / "cache", {"https_proxy": "http://set", "UV_INDEX_URL": "x"}
    )
    assert found["UV_DEFAULT_INDEX"] == "https://u:p@one/simple"
    assert found["UV_INDEX"] == "https://two/simple https://three"
    assert found["UV_INDEX_URL"] == ""
    assert found["UV_FIND_LINKS"] == f"{tmp_path},https://links"
    assert found["UV_INSECURE_HOST"] == "one three"
    assert found["SSL_CERT_FILE"] == str(cert)
    assert found["UV_SYSTEM_CERTS"] == "true"
    assert found["SSL_CLIENT_CERT"] == "/client.pem"
    assert found["UV_CONSTRAINT"] == str(cert)
    assert found["HTTP_PROXY"] == "http://proxy:3128"
    assert "HTTPS_PROXY" not in found
    assert found["UV_HTTP_TIMEOUT"] == "45"
    assert found["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert found["UV_PYTHON_DOWNLOADS"] == "never"
    assert found["UV_CACHE_DIR"] == str(tmp_path / "cache")


def test_defaults_leave_the_administrators_own_uv_settings_alone() -> None:
    found = uv_environment(
        IndexSettings(), environ={"UV_INDEX_STRATEGY": "first-index", "UV_HTTP_TIMEOUT": "5"}
    )
    assert not {"UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_STRATEGY", "UV_HTTP_TIMEOUT"} & set(found)
    assert default_index_url() not in found.values()


def test_no_index() -> None:
    assert wants_no_index(IndexSettings(index_urls=()), PipArguments())
    assert wants_no_index(IndexSettings(index_urls=()), PipArguments(extra=("https://x",)))
    assert not wants_no_index(IndexSettings(), PipArguments())
    assert wants_no_index(IndexSettings(), PipArguments(no_index=True))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("error: Failed to install: a\n  cause: No space left on device (os error 28)", "refused"),
        ("error: Failed to fetch: https://h/simple/a/\n  cause: operation timed out", "network"),
        ("error: Failed to fetch: `https://h`\n  cause: status client error (404 Not Found)", "not-found"),
        ("error: Failed to fetch: `https://h`\n  cause: status client error (401 Unauthorized)", "network"),
        ("error: Failed to fetch: `https://h/a`\n  cause: HTTP status server error (503)", "network"),
        ("error: Hash mismatch for `a==1`", "unusable-artifact"),
        ("error: failed to create directory `/x`: Permission denied (os error 13)", "refused"),
        ("error: Failed to build `a==1`\n  cause: gcc: not found", "step-failed"),
        ("error: No solution found when resolving dependencies\n  cause: Because a needs b", "conflict"),
        ("hint: Packages were unavailable because the network was disabled.\nerror: No solution found\n"
         "  cause: Because zzz was not found in the cache", "network"),
        ("something new", "step-failed"),
    ],
)  # fmt: skip
def test_failures(text: str, code: str) -> None:
    error = explain(Result(("uv",), 2, "", text), "do it")
    assert error.code == code
    assert error.message.startswith("Could not do it")


def test_secrets_and_escapes_never_reach_a_message() -> None:
    text = "\x1b[31merror\x1b[0m: Failed to fetch: https://ada:hunter2@h/a token s3cret"
    error = explain(Result(("uv",), 2, "", text), "do it", ["s3cret"])
    assert "hunter2" not in error.message
    assert "s3cret" not in error.message
    assert "\x1b" not in error.message


def test_long_explanations_are_cut() -> None:
    text = "error: No solution found\n" + "\n".join(f"line {number}" for number in range(200))
    assert len(explain(Result(("uv",), 1, "", text), "do it").message.splitlines()) < 30


def test_needs_build_is_told_before_anything_else() -> None:
    text = "error: Failed to build `a @ x`\n  cause: Building source distributions for `a` is disabled"
    error = explain(Result(("uv",), 1, "", text), "do it")
    assert isinstance(error, NeedsBuild)
    assert error.names == ("a",)
