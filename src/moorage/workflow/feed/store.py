"""The statements about the feed: one function each, connection in, models out."""

from __future__ import annotations

from datetime import datetime

from moorage.core.postgres.queries import Executor, Row, load_statements
from moorage.workflow.feed.models import Change, Place, Selection, Stretch

_statements = load_statements("moorage.workflow.feed")
_FIELDS = tuple(Change.model_fields)


async def change_page(connection: Executor, after: Place, selection: Selection, *, limit: int, scanned: int) -> Stretch:
    """Look through at most `scanned` changes that come after a place, for at most `limit` that are wanted."""
    rows = await _statements.change_page(
        connection,
        txid=after.txid,
        seq=after.seq,
        subjects=selection.subjects,
        schema_names=selection.schema_names,
        limit=limit,
        scanned=scanned,
    )
    head = rows[0]
    return Stretch(
        changes=[(_place_of(row), _change_of(row)) for row in rows if row["txid"] is not None],
        scanned=head["scanned"],
        scanned_to=Place(*head["scanned_to"]) if head["scanned_to"] else None,
        place_is_there=head["place_is_there"],
    )


async def change_newest(connection: Executor) -> Place | None:
    """Return the place of the last change; None while there is none."""
    row = await _statements.change_newest(connection)
    return None if row is None else _place_of(row)


async def change_is_ahead(connection: Executor) -> bool:
    """Tell whether there are changes with numbers that no transaction of this server has reached."""
    return await _statements.change_is_ahead(connection)


async def change_before(connection: Executor, since: datetime) -> Place | None:
    """Return the place after which everything stands that was written since; None is the beginning."""
    row = await _statements.change_before(connection, since=since)
    return None if row is None else _place_of(row)


async def change_latest(connection: Executor, *, limit: int) -> list[tuple[Place, Change]]:
    """Return the newest changes, the last one first."""
    return [(_place_of(row), _change_of(row)) for row in await _statements.change_latest(connection, limit=limit)]


def _place_of(row: Row) -> Place:
    return Place(row["txid"], row["seq"])


def _change_of(row: Row) -> Change:
    return Change.model_construct(**{name: row[name] for name in _FIELDS})
