"""Text in cells: it fits, it loses nothing when wrapped, and ASCII keeps the columns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tljh_wizard.rows import cut, fit, line, plain, strong, to_ascii, width_of, wrap

texts = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Mn", "Me", "Cf")), max_size=60)


@given(texts, st.integers(1, 40))
def test_fit_is_exactly_as_wide(text: str, width: int) -> None:
    assert width_of(fit(text, width)) == width


@given(texts, texts, st.integers(1, 40))
def test_cut_is_never_wider_and_whole_if_it_fits(first: str, second: str, width: int) -> None:
    spans = line(first, strong(second))
    shown = plain(cut(spans, width))
    assert width_of(shown) <= width
    if width_of(first + second) <= width:
        assert shown == first + second


@given(texts, st.integers(4, 40), st.integers(0, 2))
def test_wrapping_loses_nothing_but_spaces(text: str, width: int, indent: int) -> None:
    lines = [plain(part) for part in wrap(line(text), width, indent)]
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(width_of(part.rstrip(" ")) <= width for part in lines)


@given(texts)
def test_ascii_takes_as_many_cells(text: str) -> None:
    shown = to_ascii(text)
    assert shown.isascii()
    assert len(shown) == width_of(text)


def test_wrapped_lines_start_at_the_indent() -> None:
    shown = [plain(part) for part in wrap(line("! the first words and more"), 14, 2)]
    assert shown == ["! the first ", "  words and ", "  more"]


def test_line_breaks_stay() -> None:
    assert [plain(part) for part in wrap(line("a\nb"), 10)] == ["a", "b"]
