"""What an answer says of itself: what was left out, and what to do about it."""

from __future__ import annotations

import json
from hashlib import sha256

from moorage.databases.audit.records import Record
from moorage.databases.definitions import StatementKind
from moorage.databases.execution.answers import Answer
from moorage.databases.execution.pages import Page
from moorage.databases.execution.requests import Request

_PAGING = "page with ORDER BY a key and WHERE key > the last one shown"
SHOWN_CHARACTERS = 2_000
"""Of a statement that a person is asked about, and of its parameters."""

_DRAWS_NUMBERS = (StatementKind.INSERT, StatementKind.MERGE)


def read_notices(page: Page, *, reading_seconds: float | None) -> list[str]:
    """Say where rows and values were cut.

    Args:
        reading_seconds: how long the rest can be read on by the answer's `next`; None when it cannot.
    """
    if page.cut_by is None:
        return _cut_values(page)
    on = f"call with next within {reading_seconds:g} s to read on" if reading_seconds else _PAGING
    fewer = "name fewer columns, shorten text with left(column, n), " if page.cut_by == "bytes" else ""
    return [f"{_cut_rows(page)}: {fewer}aggregate, narrow with WHERE, or {on}.", *_cut_values(page)]


def write_notices(page: Page, record: Record) -> list[str]:
    """Say whether what was written is there now, and which of it is not shown."""
    unshown = [f"{_cut_rows(page)}, written in the same way."] if page.cut_by else []
    return [_fate(record), *unshown, *_cut_values(page)]


def _cut_rows(page: Page) -> str:
    size = f" at {page.bounds.bytes:,} bytes" if page.cut_by == "bytes" else ""
    return f"Cut after {len(page.rows):,} rows{size}, there are more"


def _cut_values(page: Page) -> list[str]:
    count = page.values_cut
    if not count:
        return []
    values = "1 value was" if count == 1 else f"{count:,} values were"
    return [f"{values} cut where … stands, with the true length behind it; substr(column, from, n) shows the rest."]


def _fate(record: Record) -> str:
    if record.is_committed:
        return "Committed."
    drawn = " (numbers drawn from sequences stay drawn)" if record.kind in _DRAWS_NUMBERS else ""
    return f"Nothing was written: tried and rolled back{drawn}. To write, call again with commit=true."


def question(request: Request, tried: Answer) -> str:
    """Return what a person is asked before something is written: all that it depends on, so that a yes is for that."""
    what = ", ".join([*filter(None, [tried.kind]), *tried.tables])
    rows = "" if tried.rows_affected is None else f" It concerns {tried.rows_affected:,} rows."
    asked = f"Write to the database {tried.database} ({what})?{rows}\n\n{_shown(request.sql)}"
    if request.parameters:
        values = json.dumps(list(request.parameters), ensure_ascii=False)
        asked += f"\n\nwith the parameters {_shown(values)}"
    return _plain(asked)


def _shown(text: str) -> str:
    """Return a text, or of a long one both ends and a digest: nobody else's yes may be taken for this one's."""
    if len(text) <= SHOWN_CHARACTERS:
        return text
    half, digest = SHOWN_CHARACTERS // 2, sha256(text.encode(errors="replace")).hexdigest()[:16]
    return f"{text[:half]}\n… ({len(text):,} characters in all, digest {digest}) …\n{text[-half:]}"


def _plain(text: str) -> str:
    """Return text that shows all it says: nothing turns the direction of writing, or hides."""
    return "".join(each if each.isprintable() or each in "\n\t" else "\N{REPLACEMENT CHARACTER}" for each in text)
