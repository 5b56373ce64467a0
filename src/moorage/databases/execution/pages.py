"""Taking rows in until a limit is reached, so that what is left out is never in memory either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from moorage.databases.connectors.session import Cursor
from moorage.databases.definitions import Limits
from moorage.databases.errors import AnswerTooLarge
from moorage.databases.execution.shortening import shortened, with_lists_written
from moorage.databases.execution.writing import Format, Row, Shortened
from moorage.databases.models import Cell

CutBy = Literal["rows", "bytes"]
Rows = Sequence[Row]

FIRST_ROWS = 10
"""Fetched before anything is known of their size; rows of a megabyte are 10 MB then."""

GROWTH = 20
"""A piece is at most so many times what was fetched before it: sizes change on the way."""

PIECE_BYTES = 1024 * 1024
"""Of a later piece, by the size of the rows before it."""

NARROWEST_CELL_CHARACTERS = 10
"""A row that does not fit as a whole is cut down to this before it is given up."""


@dataclass(frozen=True)
class Bounds:
    """How much one answer may hold.

    Attributes:
        bytes: of columns and rows as they are written.
        cell_characters: a longer value is cut.
    """

    rows: int
    bytes: int
    cell_characters: int

    @classmethod
    def of(cls, limits: Limits, *, max_rows: int | None, max_bytes: int | None) -> Bounds:
        """Return what a call asks for, as far as the database's limits go."""
        return cls(
            rows=min(max_rows or limits.rows, limits.max_rows),
            bytes=int(min(max_bytes or limits.bytes, limits.max_bytes)),
            cell_characters=limits.cell_characters,
        )


@dataclass
class Page:
    """The rows of one answer, written as they come.

    Attributes:
        bytes: of what is written, what stands before the rows included.
        cut_by: the limit that ended the page before the rows did.
        values_cut: how many of its values were longer than one may be.
    """

    bounds: Bounds
    format: Format
    bytes: int
    rows: list[Row] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    cut_by: CutBy | None = None
    values_cut: int = 0

    @property
    def rows_left(self) -> int:
        return self.bounds.rows - len(self.rows)

    @property
    def bytes_left(self) -> int:
        return self.bounds.bytes - self.bytes

    def add(self, rows: Rows) -> int:
        """Take rows up to the limits and return how many were taken; when they are not all, the page is full.

        Raises:
            AnswerTooLarge: not even the first row fits, however short its values are cut.
        """
        wanted = rows[: self.rows_left]
        taken = self._keep(wanted, self.bounds.cell_characters)
        if not self.rows and rows:
            taken = self._keep_narrowed(rows[0])
        if taken < len(rows):
            self.cut_by = "bytes" if self.rows_left else "rows"
        return taken

    def _keep(self, rows: Rows, characters: int) -> int:
        """Keep as many rows as fit into what is left of the bytes, their values cut to so many characters."""
        cut = shortened(rows, characters)
        lines = self.format.lines_of(cut)
        taken, size = _fitting(lines, self.bytes_left)
        self.bytes += size
        self.rows += cut[:taken]
        self.lines += lines[:taken]
        if cut is not rows:
            self.values_cut += sum(type(cell) is Shortened for row in cut[:taken] for cell in row)
        return taken

    def _keep_narrowed(self, row: Row) -> int:
        """Keep a row that is too large for a page of its own, its values cut shorter and shorter."""
        characters, row = self.bounds.cell_characters, with_lists_written(row)
        while characters > NARROWEST_CELL_CHARACTERS:
            characters //= 2
            if self._keep([row], characters):
                return 1
        raise AnswerTooLarge(
            f"one row of {len(row)} columns does not fit into {self.bounds.bytes:,} bytes",
            hint="Name the columns you need instead of *, or raise max_bytes.",
        )


def _fitting(lines: Sequence[str], room: int) -> tuple[int, int]:
    """Return how many lines fit into so many bytes, each with what parts it from the next, and their size."""
    whole = len("".join(lines).encode()) + len(lines)
    if whole <= room:
        return len(lines), whole
    size = 0
    for taken, line in enumerate(lines):
        more = len(line.encode()) + 1
        if size + more > room:
            return taken, size
        size += more
    return len(lines), size


class RowReader:
    """The rows of an open cursor, given out page by page."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self._fetched = 0
        self._waiting: list[list[Cell]] = []
        self._ended = False

    async def fill(self, page: Page) -> bool:
        """Fill a page; return whether there are rows beyond it."""
        while page.cut_by is None and (self._waiting or not self._ended):
            if not self._waiting:
                await self._fetch(self._piece(page))
            del self._waiting[: page.add(self._waiting)]
        return page.cut_by is not None

    async def read_to_the_end(self) -> None:
        """Fetch what is left and throw it away: only then is known how many rows a statement wrote."""
        while not self._ended:
            await self._fetch(self._light_piece())
        self._waiting.clear()

    async def _fetch(self, limit: int) -> None:
        rows = await self.cursor.fetch(limit)
        self._ended = len(rows) < limit
        self._fetched += len(rows)
        self._waiting = rows

    def _piece(self, page: Page) -> int:
        """Return how many rows to ask for: one more than there is room for, to see whether there are more."""
        if not self._fetched:
            return min(FIRST_ROWS, page.rows_left + 1)
        fitting = page.rows_left
        if page.rows:
            fitting = min(fitting, page.bytes_left * len(page.rows) // page.bytes)
        return min(fitting + 1, self._light_piece())

    def _light_piece(self) -> int:
        """Return how many rows of the size of those before are no burden."""
        weight = self.cursor.bytes_received // max(self._fetched, 1)
        return max(1, min(self._fetched * GROWTH, PIECE_BYTES // max(weight, 1)))
