"""What an answer says of itself: what was left out, and what to do about it."""

from __future__ import annotations

from moorage.databases.audit.records import Record
from moorage.databases.definitions import StatementKind
from moorage.databases.execution.answers import Answer
from moorage.databases.execution.pages import Page

_PAGING = "page with ORDER BY a key and WHERE key > the last one shown"
SHOWN_CHARACTERS = 2_000
"""Of a statement that a person is asked about."""

_DRAWS_NUMBERS = (StatementKind.INSERT, StatementKind.MERGE)


def notices_of(page: Page, *, reading_seconds: float | None) -> list[str]:
    """Say where the rows and their values were cut.

    Args:
        reading_seconds: how long the rest can be read on by the answer's `next`; None when it cannot.
    """
    return [*_cut_rows(page, reading_seconds), *_cut_cells(page)]


def _cut_rows(page: Page, reading_seconds: float | None) -> list[str]:
    if page.cut_by is None:
        return []
    on = f"call with next within {reading_seconds:g} s to read on" if reading_seconds else _PAGING
    if page.cut_by == "rows":
        return [f"Cut after {len(page.rows):,} rows, there are more: aggregate, narrow with WHERE, or {on}."]
    size = f"Cut after {len(page.rows):,} rows at {page.bounds.bytes:,} bytes, there are more"
    return [f"{size}: name fewer columns, shorten text with left(column, n), aggregate, or {on}."]


def _cut_cells(page: Page) -> list[str]:
    count = page.values_cut
    if not count:
        return []
    values = "1 value was" if count == 1 else f"{count:,} values were"
    return [f"{values} cut where … stands, with the true length behind it; substr(column, from, n) shows the rest."]


def written_notice(record: Record) -> str:
    """Say whether what was written is there now."""
    if record.is_committed:
        return "Committed."
    drawn = " (numbers drawn from sequences stay drawn)" if record.kind in _DRAWS_NUMBERS else ""
    return f"Nothing was written: tried and rolled back{drawn}. To write, call again with commit=true."


def question(sql: str, tried: Answer) -> str:
    """Return what a person is asked before something is written."""
    shown = sql if len(sql) <= SHOWN_CHARACTERS else f"{sql[:SHOWN_CHARACTERS]}… ({len(sql):,} characters)"
    rows = "" if tried.rows_affected is None else f" It concerns {tried.rows_affected:,} rows."
    return f"Write to the database {tried.database}?{rows}\n\n{_plain(shown)}"


def _plain(text: str) -> str:
    """Return text that shows all it says: nothing turns the direction of writing, or hides."""
    return "".join(each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in text)
