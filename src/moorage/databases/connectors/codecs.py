"""How values of PostgreSQL become values of JSON without losing anything.

Text is the exact form of most types, and the fast one: binary decoding turns 'infinity' into the year 9999, fails on
dates before Christ, and damages large numbers inside documents.
"""

from __future__ import annotations

import asyncpg

from moorage.databases.models import RawJson

_AS_TEXT = ("date", "time", "timetz", "timestamp", "timestamptz", "interval", "numeric", "uuid", "inet", "cidr")
_AS_DOCUMENT = ("json", "jsonb")


async def set_codecs(connection: asyncpg.Connection) -> None:
    """Settle for one connection in which form values come."""
    for name in _AS_TEXT:
        await connection.set_type_codec(name, schema="pg_catalog", encoder=str, decoder=str, format="text")
    for name in _AS_DOCUMENT:
        await connection.set_type_codec(name, schema="pg_catalog", encoder=str, decoder=RawJson, format="text")
