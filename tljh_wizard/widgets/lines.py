"""Lines of styled text: `Lines` shows them, `RowList` adds a cursor. Few bytes for each key over SSH."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tljh_wizard.rows import Line, Row, cut, fit, plain, to_ascii, width_of, wrap

if TYPE_CHECKING:
    from rich.style import Style as RichStyle
    from textual.events import Resize


class Lines(ScrollView, can_focus=False):
    """Rows, from top to bottom; only those that change are painted again."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "lines--strong",
        "lines--dim",
        "lines--accent",
        "lines--warn",
        "lines--cursor",
        "lines--rule",
    }

    def __init__(
        self, rows: Sequence[Row] = (), *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._rows = tuple(rows)
        self._painted: tuple[tuple[Line, int], ...] = ()
        self._starts: tuple[int, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        return self._rows

    def show(self, rows: Sequence[Row]) -> None:
        """Replace what is shown."""
        new = tuple(rows)
        if new != self._rows:
            self._rows = new
            self._lay_out()

    def on_resize(self, _event: Resize) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        """Turn rows into lines as wide as the widget, and repaint the ones that differ."""
        width = self.size.width - 2
        if width <= 0:
            return
        painted: list[tuple[Line, int]] = []
        starts: list[int] = []
        for index, row in enumerate(self._rows):
            starts.append(len(painted))
            painted += [(spans, index) for spans in _lines_of(row, width)]
        before, self._painted, self._starts = self._painted, tuple(painted), tuple(starts)
        if len(before) != len(painted):
            self._resize(len(painted))
        for y, (now, then) in enumerate(zip_longest(painted, before)):
            if now != then:
                self.refresh_line(y)
        if len(before) != len(painted):
            self._after_change()

    def _resize(self, lines: int) -> None:
        """Ask for a new layout only where it is needed: it repaints much."""
        if self.styles.height is not None and self.styles.height.is_auto:
            self.refresh(layout=True)
        size = Size(self.size.width, max(lines, self.size.height))
        if size != self.virtual_size:
            self.virtual_size = size

    def _after_change(self) -> None:
        """For subclasses: the number of lines changed."""

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return sum(1 for row in self._rows for _ in _lines_of(row, max(1, width - 2)))

    def render_line(self, y: int) -> Strip:
        index = y + self.scroll_offset.y
        width = self.size.width
        base = self.rich_style
        if not 0 <= index < len(self._painted):
            return Strip.blank(width, base)
        spans, row = self._painted[index]
        base, mark = self._emphasis(row, base, self._starts[row] == index)
        ascii_only = bool(self.app.has_class("-ascii"))
        segments = [Segment(mark, base)]
        for text, style in spans:
            shown = to_ascii(text) if ascii_only else text
            styled = style and not base.reverse
            segments.append(Segment(shown, base + self._rich(f"lines--{style}") if styled else base))
        return Strip(segments).adjust_cell_length(width, base)

    def _emphasis(self, row: int, base: RichStyle, first: bool) -> tuple[RichStyle, str]:
        """The style and first character of a row's line."""
        return (base + self._rich("lines--rule"), " ") if self._rows[row].rule else (base, " ")

    def _rich(self, name: str) -> RichStyle:
        return self.get_component_rich_style(name, partial=True)


def _lines_of(row: Row, width: int) -> list[Line]:
    if row.rule:
        return [(("─" * width, ""),)]
    if row.wrap:
        return list(wrap(row.left, width, row.indent))
    if not row.right:
        return [cut(row.left, width)]
    right = cut(row.right, width)
    room = width - width_of(plain(right)) - 1
    left = cut(row.left, room)
    gap = width - width_of(plain(left)) - width_of(plain(right))
    return [(*left, (fit("", gap), ""), *right)]


class RowList(Lines, can_focus=True):
    """Rows with a cursor that moves over the selectable ones; without one, the keys scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", id="list.down", show=False),
        Binding("up,k", "move(-1)", "Up", id="list.up", show=False),
        Binding("pagedown", "page(1)", "Page down", id="list.page_down", show=False),
        Binding("pageup", "page(-1)", "Page up", id="list.page_up", show=False),
        Binding("home", "edge(1)", "First", id="list.first", show=False),
        Binding("end", "edge(-1)", "Last", id="list.last", show=False),
    ]

    @dataclass
    class Highlighted(Message):
        """The cursor is on the row with this key."""

        rows: RowList
        key: str

        @property
        def control(self) -> RowList:
            return self.rows

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, RowList.Highlighted)

    def __init__(
        self,
        rows: Sequence[Row] = (),
        *,
        cursor: bool = True,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(rows, id=id, classes=classes)
        self._has_cursor = cursor
        self._cursor = self._next(-1, 1)

    @property
    def key(self) -> str:
        """The key of the row under the cursor."""
        return self._rows[self._cursor].key if 0 <= self._cursor < len(self._rows) else ""

    def show(self, rows: Sequence[Row]) -> None:
        key = self.key
        super().show(rows)
        keys = [row.key for row in self._rows]
        if key and key in keys:
            self._put(keys.index(key), quiet=True)
        else:
            wanted = min(max(self._cursor, 0), len(self._rows) - 1)
            self._cursor = -1
            self._put(self._next(wanted - 1, 1) if not key else self._next(-1, 1))

    @property
    def at_end(self) -> bool:
        """Whether the last row can be seen."""
        return self.scroll_offset.y >= self.max_scroll_y

    def move_to(self, key: str) -> None:
        """Put the cursor on the row with this key, if there is one."""
        for index, row in enumerate(self._rows):
            if row.key == key:
                self._put(index)

    def action_move(self, step: int) -> None:
        target = self._next(self._cursor, step)
        if target < 0 or target == self._cursor:
            self.scroll_relative(y=step, animate=False)
        else:
            self._put(target)

    def action_page(self, step: int) -> None:
        if not self._has_cursor or not self._starts:
            self.scroll_relative(y=step * max(1, self.size.height - 1), animate=False)
            return
        y = self._starts[max(self._cursor, 0)] + step * max(1, self.size.height - 1)
        last = max((i for i, start in enumerate(self._starts) if start <= max(y, 0)), default=0)
        target = self._next(last - step, step)
        self._put(target if target >= 0 else self._next(last + step, -step))

    def action_edge(self, step: int) -> None:
        if self._has_cursor:
            self._put(self._next(-1 if step > 0 else len(self._rows), step))
        else:
            self.scroll_to(y=0 if step > 0 else self.max_scroll_y, animate=False)

    def _next(self, start: int, step: int) -> int:
        """The nearest selectable row from `start` on; -1 if there is none."""
        index = start + step if self._has_cursor else -1
        while 0 <= index < len(self._rows):
            if self._rows[index].selectable:
                return index
            index += step
        return -1

    def _put(self, index: int, *, quiet: bool = False) -> None:
        if index < 0 or index == self._cursor:
            return
        before, self._cursor = self._cursor, index
        for row in (before, index):
            self._refresh_row(row)
        self._reveal()
        if not quiet:
            self.post_message(self.Highlighted(self, self.key))

    def _refresh_row(self, row: int) -> None:
        if 0 <= row < len(self._starts):
            end = self._starts[row + 1] if row + 1 < len(self._starts) else len(self._painted)
            for y in range(self._starts[row], end):
                self.refresh_line(y)

    def _after_change(self) -> None:
        self._reveal()

    def _reveal(self) -> None:
        """Scroll so that the cursor's row can be seen, with what stands above the first one."""
        if not 0 <= self._cursor < len(self._starts) or not self.size.height:
            return
        top = self._starts[self._cursor]
        bottom = (
            self._starts[self._cursor + 1] if self._cursor + 1 < len(self._starts) else len(self._painted)
        )
        if self._next(self._cursor, -1) < 0:
            top = 0
        if top < self.scroll_offset.y:
            self.scroll_to(y=top, animate=False)
        elif bottom > self.scroll_offset.y + self.size.height:
            self.scroll_to(y=bottom - self.size.height, animate=False)

    def _emphasis(self, row: int, base: RichStyle, first: bool) -> tuple[RichStyle, str]:
        if row != self._cursor:
            return super()._emphasis(row, base, first)
        mark = ">" if self.app.has_class("-ascii") else "›"
        style = base + self._rich("lines--cursor") if self.has_focus else base
        return style, mark if first else " "

    def on_focus(self) -> None:
        self._refresh_row(self._cursor)

    def on_blur(self) -> None:
        self._refresh_row(self._cursor)
