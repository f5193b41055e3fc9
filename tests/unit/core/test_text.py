"""Text from outside cannot steer a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tljh.text import clean, plural, size


@given(st.text())
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    result = clean(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in result)
    assert not any(0x202A <= ord(c) <= 0x202E or 0x2066 <= ord(c) <= 0x2069 for c in result)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;https://evil\x07link\x1b]8;;\x07", "link"),
        ("\x1b]52;c;AAAA\x1b\\x", "x"),
        ("a\tb", "a    b"),
        ("a\rb", "a�b"),
        ("\u202eabc", "abc"),
        ("Voilà ✓", "Voilà ✓"),
    ],
)
def test_known_tricks(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_new_lines_stay_where_they_are_wanted() -> None:
    assert clean("a\nb", keep_newlines=True) == "a\nb"
    assert clean("a\nb") == "a�b"


@pytest.mark.parametrize(
    ("count", "words"),
    [(None, "unknown"), (0, "0 B"), (999, "999 B"), (212_000_000, "212 MB"), (1_500_000_000, "1.5 GB")],
)
def test_sizes(count: int | None, words: str) -> None:
    assert size(count) == words


def test_plurals() -> None:
    assert (plural(1, "plugin"), plural(2, "plugin")) == ("1 plugin", "2 plugins")
