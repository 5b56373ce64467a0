"""Pages are filled up to their limits, and no more is fetched than they need."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from moorage.databases.errors import AnswerTooLarge
from moorage.databases.execution.pages import PIECE_BYTES, Bounds, Page, RowReader
from moorage.databases.execution.writing import Format
from moorage.databases.models import Cell


class RowsAtHand:
    """A cursor over rows that are there already; remembers how many it was asked for."""

    columns = ()
    rows_affected = None

    def __init__(self, rows: Sequence[list[Cell]], row_bytes: int = 10) -> None:
        self._rows = list(rows)
        self._row_bytes = row_bytes
        self.bytes_received = 0
        self.asked: list[int] = []

    async def fetch(self, limit: int) -> list[list[Cell]]:
        self.asked.append(limit)
        given, self._rows = self._rows[:limit], self._rows[limit:]
        self.bytes_received += len(given) * self._row_bytes
        return given


def page(rows: int = 1_000, size: int = 50_000, cell_characters: int = 4_000) -> Page:
    return Page(Bounds(rows, size, cell_characters), Format.JSON, bytes=0)


async def test_an_answer_within_the_limits_is_whole():
    filled = page()
    assert not await RowReader(RowsAtHand([[1], [2]])).fill(filled)
    assert (filled.rows, filled.lines, filled.cut_by) == ([[1], [2]], ["[1]", "[2]"], None)


@pytest.mark.parametrize(("there", "cut_by"), [(29, None), (30, None), (31, "rows")])
async def test_rows_beyond_the_limit_are_noticed(there: int, cut_by: str | None):
    filled = page(rows=30)
    assert await RowReader(RowsAtHand([[n] for n in range(there)])).fill(filled) is (cut_by is not None)
    assert (len(filled.rows), filled.cut_by) == (min(there, 30), cut_by)


async def test_pages_read_on_without_losing_or_repeating_a_row():
    reader, seen = RowReader(RowsAtHand([[n] for n in range(100)])), []
    has_more = True
    while has_more:
        filled = page(rows=7)
        has_more = await reader.fill(filled)
        seen += filled.rows
    assert seen == [[n] for n in range(100)]


@pytest.mark.parametrize("text", ["x", "ü", "\N{GRINNING FACE}", "\x01"])
async def test_a_page_is_never_larger_than_its_bytes(text: str):
    filled = page(size=2_000)
    assert await RowReader(RowsAtHand([[n, text * 40] for n in range(500)])).fill(filled)
    size = len(",".join(filled.lines).encode())
    assert filled.cut_by == "bytes"
    assert 1_700 < size <= 2_000


async def test_few_rows_of_a_large_answer_are_fetched():
    """A hundred thousand rows: what is fetched is what is shown, and one more."""
    cursor = RowsAtHand([[n] for n in range(100_000)])
    await RowReader(cursor).fill(page(rows=1_000))
    assert cursor.asked == [10, 200, 791]


async def test_rows_of_a_megabyte_come_one_by_one():
    cursor = RowsAtHand([["x" * 5_000] for _ in range(60)], row_bytes=PIECE_BYTES)
    filled = page(size=200_000)
    await RowReader(cursor).fill(filled)
    assert cursor.asked[0] == 10
    assert set(cursor.asked[1:]) == {1}


async def test_a_row_larger_than_a_page_is_shown_with_its_values_cut_shorter():
    filled = page(size=3_000)
    assert not await RowReader(RowsAtHand([["x" * 900, "y" * 3_900, 5]])).fill(filled)
    first, second, third = json.loads(filled.lines[0])
    assert first.startswith("xxx")
    assert second.endswith("… [cut, 3,900 characters]")
    assert third == 5
    assert len(filled.lines[0]) <= 3_000


async def test_a_row_that_fits_in_no_way_is_refused_with_the_way_out():
    with pytest.raises(AnswerTooLarge, match="one row of 1600 columns does not fit into 1,000 bytes"):
        await RowReader(RowsAtHand([[7] * 1_600])).fill(page(size=1_000))


async def test_reading_to_the_end_leaves_nothing_behind():
    reader = RowReader(cursor := RowsAtHand([[n] for n in range(5_000)]))
    await reader.fill(page(rows=10))
    await reader.read_to_the_end()
    assert await cursor.fetch(1) == []
