from __future__ import annotations

from pathlib import Path

import pytest

from tljh.errors import InvalidInput
from tljh.index_settings import IndexSettings, config_files, default_index_url, without_credentials


def test_defaults() -> None:
    settings = IndexSettings.load({}, [])
    assert settings.index_urls == (default_index_url(),)
    assert settings == IndexSettings()


def test_files_then_sections_then_environment(tmp_path: Path) -> None:
    low, high = tmp_path / "low.conf", tmp_path / "high.conf"
    low.write_text(
        "[global]\nindex-url = https://low.test/simple/\ntrusted-host = a b\nproxy = http://p:1\n"
        "extra_index_url =\n    https://one.test/simple\n    https://two.test/simple\n"
        "[install]\nconstraint = /etc/c.txt\n"
    )
    high.write_text("[global]\nindex-url = https://high.test/simple\ntimeout = 7\n")
    settings = IndexSettings.load({}, [low, high, tmp_path / "missing.conf"])
    assert settings.index_urls == (
        "https://high.test/simple",
        "https://one.test/simple",
        "https://two.test/simple",
    )
    assert settings.trusted_hosts == ("a", "b")
    assert settings.constraints == ("/etc/c.txt",)
    assert settings.proxy == "http://p:1"
    assert settings.timeout == 7
    environ = {"PIP_INDEX_URL": "https://env.test/simple", "PIP_EXTRA_INDEX_URL": "", "PIP_CERT": "/c.pem"}
    assert IndexSettings.load(environ, [low, high]).index_urls[0] == "https://env.test/simple"
    assert IndexSettings.load(environ, [low, high]).cert == "/c.pem"


def test_install_section_wins_over_global_of_a_later_file(tmp_path: Path) -> None:
    low, high = tmp_path / "low", tmp_path / "high"
    low.write_text("[install]\nindex-url = https://install.test/simple\n")
    high.write_text("[global]\nindex-url = https://global.test/simple\n")
    assert IndexSettings.load({}, [low, high]).index_urls == ("https://install.test/simple",)


def test_uv_settings() -> None:
    environ = {
        "UV_DEFAULT_INDEX": "https://uv.test/simple",
        "UV_INDEX": "mine=https://extra.test/simple",
        "PIP_INDEX_URL": "https://pip.test/simple",
        "UV_FIND_LINKS": "/a,/b",
        "PIP_FIND_LINKS": "/c",
    }
    settings = IndexSettings.load(environ, [])
    assert settings.index_urls == ("https://uv.test/simple", "https://extra.test/simple")
    assert settings.find_links == ("/a", "/b", "/c")


def test_no_index_and_local_only() -> None:
    settings = IndexSettings.load({"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels"}, [])
    assert settings.index_urls == ()
    assert settings.local_only
    assert not IndexSettings().local_only
    assert IndexSettings(index_urls=("file:///x",)).local_only


def test_secrets_and_public_urls() -> None:
    settings = IndexSettings(index_urls=("https://ada:p%40ss@h.test/simple", "https://tok@h.test/simple"))
    assert {"p@ss", "p%40ss", "tok"} == set(settings.secrets)
    assert settings.public_urls() == ("https://h.test/simple",) * 2
    assert without_credentials("git+ssh://git@h.test/x") == "git+ssh://git@h.test/x"


def test_where_pip_looks() -> None:
    environ = {"HOME": "/h", "VIRTUAL_ENV": "/v", "PIP_CONFIG_FILE": "/c"}
    assert [str(path) for path in config_files(environ)] == [
        "/etc/xdg/pip/pip.conf",
        "/etc/pip.conf",
        "/h/.pip/pip.conf",
        "/h/.config/pip/pip.conf",
        "/v/pip.conf",
        "/c",
    ]
    assert config_files({"PIP_CONFIG_FILE": "/dev/null"}) == ()


def test_a_file_that_does_not_parse_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "pip.conf"
    broken.write_text("index-url = x\n")
    with pytest.raises(InvalidInput, match=r"pip\.conf does not parse"):
        IndexSettings.load({}, [broken])
    broken.write_bytes(b"[global]\nindex-url = \xff\n")
    with pytest.raises(InvalidInput, match="UTF-8"):
        IndexSettings.load({}, [broken])
