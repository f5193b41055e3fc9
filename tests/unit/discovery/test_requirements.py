from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tljh.discovery.errors import InvalidRequirement
from tljh.discovery.requirements import parse_requirement

HASH = "a" * 64
BASE = Path("/srv/work")

ACCEPTED = {
    "tljh-db": {"kind": "index", "name": "tljh-db"},
    "TLJH_DB": {"kind": "index", "name": "tljh-db"},
    "tljh-db==0.4": {"kind": "index", "name": "tljh-db", "specifier": "==0.4"},
    "  other [b,a] >= 1 ": {"kind": "index", "name": "other", "specifier": ">=1", "extras": ("a", "b")},
    'other; python_version > "3"': {"kind": "index", "marker": 'python_version > "3"'},
    "tljh-pangeo": {
        "kind": "git",
        "name": "tljh-pangeo",
        "url": "https://github.com/yuvipanda/tljh-pangeo",
    },
    "tljh-plasma": {"kind": "git", "subdirectory": "tljh-plasma"},
    "git+https://h.test/o/r.git": {"kind": "git", "url": "https://h.test/o/r.git", "ref": None},
    "git+https://h.test/o/r@v1#subdirectory=a/b&egg=foo[x]": {
        "kind": "git",
        "url": "https://h.test/o/r",
        "ref": "v1",
        "subdirectory": "a/b",
        "name": "foo",
    },
    "git+ssh://git@h.test/o/r@feature/x": {"url": "ssh://git@h.test/o/r", "ref": "feature/x"},
    "git+ssh://git@h.test:2222/o/r": {"url": "ssh://git@h.test:2222/o/r", "ref": None},
    "git+file:///srv/repo@main": {"url": "file:///srv/repo", "ref": "main"},
    "name @ git+https://h.test/o/r@1.0": {"kind": "git", "name": "name", "ref": "1.0"},
    f"n[e] @ https://h.test/n-1.0.tar.gz#sha256={HASH}": {
        "kind": "url",
        "name": "n",
        "extras": ("e",),
        "url": "https://h.test/n-1.0.tar.gz",
        "sha256": HASH,
    },
    "https://h.test/n-1.0-py3-none-any.whl": {"kind": "url", "name": None},
    "https://h.test/n.zip?token=1": {"kind": "url", "url": "https://h.test/n.zip?token=1"},
    "n @ file:///srv/n": {"kind": "directory", "name": "n", "path": Path("/srv/n")},
    "file:///srv/a%20b/n-1-py3-none-any.whl": {
        "kind": "wheel",
        "path": Path("/srv/a b/n-1-py3-none-any.whl"),
    },
    ".": {"kind": "directory", "path": BASE},
    "./x": {"kind": "directory", "path": BASE / "x"},
    "../x[extra]": {"kind": "directory", "path": Path("/srv/x"), "extras": ("extra",)},
    "~/x": {"kind": "directory", "path": Path.home() / "x"},
    "/srv/x": {"kind": "directory", "path": Path("/srv/x")},
    "~no-such-user/x": {"kind": "directory", "path": BASE / "~no-such-user/x"},
    "dist/n-1.0.tar.gz": {"kind": "archive", "path": BASE / "dist/n-1.0.tar.gz"},
    "n-1-py3-none-any.whl": {"kind": "wheel", "path": BASE / "n-1-py3-none-any.whl"},
}


@pytest.mark.parametrize("text", ACCEPTED)
def test_everything_that_pip_accepts(text: str) -> None:
    requested = parse_requirement(text, base=BASE)
    assert requested.text == text
    for key, value in ACCEPTED[text].items():
        assert getattr(requested, key) == value, key


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-r requirements.txt", "--upload-pack=touch", "-e .", "a\nb", "a\x1b[31m", "foo bar",
        "foo==", "foo>", "ext::sh -c touch", "git+ext::sh -c touch", "git+ext://x/y", "hg+https://h.test/r",
        "git@github.com:o/r", "git://h.test/r", "ssh://h.test/r", "git+ssh://git@h.test:org/r",
        "git+https://h.test/o/r@--upload-pack=x", "git+https://h.test/o/r@", "git+https://h.test/o/r@a..b",
        "git+https://-oProxyCommand=x/r", "git+https://h.test", "git+https://h.test/r#subdirectory=../x",
        "git+https://h.test/r#egg=-x", "https://github.com/o/r", "https:///x.whl", "ftp://h.test/x.whl",
        "http://[::1/x.whl", "file://elsewhere/x.whl", "https://h.test/n.zip#sha256=12", "tljh-pangeo==1.0",
    ],
)  # fmt: skip
def test_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(InvalidRequirement) as refused:
        parse_requirement(text)
    assert refused.value.message
    assert refused.value.hint
    assert refused.value.exit_status == 4


def test_credentials_are_kept_for_use_and_not_shown() -> None:
    requested = parse_requirement("git+https://ada:secret@h.test/o/r@v1")
    assert requested.url == "https://ada:secret@h.test/o/r"
    assert requested.source.location == "https://h.test/o/r"
    with pytest.raises(InvalidRequirement) as refused:
        parse_requirement("https://ada:secret@h.test/o/r")
    assert "secret" not in refused.value.message + refused.value.hint


def test_ssh_hint_is_a_requirement_that_parses() -> None:
    with pytest.raises(InvalidRequirement) as refused:
        parse_requirement("git@github.com:o/r")
    assert parse_requirement(refused.value.hint.removeprefix("Write ")).url == "ssh://git@github.com/o/r"


def has_hint_or_source(text: str) -> bool:
    """Whether it is read as something with a source, or refused with a hint; any other error passes on."""
    try:
        return bool(parse_requirement(text, base=BASE).source.location)
    except InvalidRequirement as refused:
        return bool(refused.hint)


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_source_says_what_to_type_to_have_it(text: str) -> None:
    source = parse_requirement(text, base=BASE).source
    assert parse_requirement(source.requirement, catalogue=()).source == source


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert has_hint_or_source(text)


@given(st.sampled_from(sorted(ACCEPTED)), st.text("@#:/+-[]=%. \\a", max_size=6), st.integers(0, 40))
def test_damaged_requirements_are_read_or_refused(text: str, more: str, place: int) -> None:
    assert has_hint_or_source(text[:place] + more + text[place:])
