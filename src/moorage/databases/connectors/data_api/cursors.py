"""Answers of the Data API, read in pieces."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from moorage.databases.connectors.data_api.rows import RowReader, cells_in, columns_in
from moorage.databases.errors import AnswerTooLarge, DatabaseUnavailable
from moorage.databases.models import Cell, Column

# The service gives back at most 1 MiB at once; pieces aim below it, because rows differ.
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.limitations.html
_PIECE_BYTES = 700_000
_FIRST_ROWS = 200
_MOST_ROWS = 10_000
_FEWER = 4

# Runs a statement of ours in the transaction.
Run = Callable[[str], Awaitable[dict[str, Any]]]


class DeclaredCursor:
    """A cursor of PostgreSQL's whose rows are texts. It can go back, because the service loses what is too large.

    Args:
        name: of the cursor, which is declared.
    """

    rows_affected: int | None = None

    def __init__(self, run: Run, name: str, columns: tuple[Column, ...]) -> None:
        self._run = run
        self._name = name
        self._reader = RowReader(columns)
        self._rows_at_once = _FIRST_ROWS
        self._rows_read = 0
        self._is_at_end = False
        self.columns = columns
        self.bytes_received = 0

    async def fetch(self, limit: int) -> list[list[Cell]]:
        rows: list[list[Cell]] = []
        while len(rows) < limit and not self._is_at_end:
            rows += self._reader.read(await self._piece(limit - len(rows)))
        return rows

    async def _piece(self, wanted: int) -> list[str]:
        count = min(wanted, self._rows_at_once)
        try:
            answer = await self._run(f"FETCH FORWARD {count} FROM {self._name}")
        except AnswerTooLarge as error:
            await self._go_back(count, error)
            return []
        return self._taken([record[0]["stringValue"] for record in answer.get("records", ())], count)

    def _taken(self, texts: list[str], count: int) -> list[str]:
        size = sum(map(len, texts))
        self.bytes_received += size
        self._rows_read += len(texts)
        self._is_at_end = len(texts) < count
        if texts:
            more = max(self._rows_at_once, count * _FEWER)
            self._rows_at_once = max(1, min(len(texts) * _PIECE_BYTES // size, more, _MOST_ROWS))
        return texts

    async def _go_back(self, count: int, error: AnswerTooLarge) -> None:
        """Stand where the last piece ended, to ask for a smaller one.

        Raises:
            AnswerTooLarge: not even one row is small enough, or the service ended the transaction over it.
        """
        if count == 1:
            raise AnswerTooLarge("a row is larger than the 1 MiB that the Data API carries", hint=error.hint)
        self._rows_at_once = count // _FEWER or 1
        try:
            await self._run(f"MOVE ABSOLUTE {self._rows_read} IN {self._name}")
        except DatabaseUnavailable:
            raise error from None


class GivenCursor:
    """An answer that came in one piece: of what no cursor can be declared for."""

    def __init__(self, answer: dict[str, Any], *, is_write: bool) -> None:
        self.columns: Sequence[Column] = columns_in(answer)
        self._rows = cells_in(answer, self.columns)
        self.bytes_received = sum(len(cell) for row in self._rows for cell in row if isinstance(cell, str))
        self.rows_affected = (answer.get("numberOfRecordsUpdated") or len(self._rows)) if is_write else None

    async def fetch(self, limit: int) -> list[list[Cell]]:
        taken, self._rows = self._rows[:limit], self._rows[limit:]
        return taken
