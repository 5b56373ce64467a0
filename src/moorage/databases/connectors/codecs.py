"""In which form values come from PostgreSQL: as its own text, wherever the driver's values would lose something.

Text is the exact form of most types, and the fast one: binary decoding turns 'infinity' into the year 9999, fails on
dates before Christ, and rounds a float4. What the driver decodes itself are whole numbers, float8, booleans and text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asyncpg.protocol.protocol import BUILTIN_TYPE_NAME_MAP, ConnectionSettings

from moorage.databases.connectors.arrays import written
from moorage.databases.connectors.type_names import UNKNOWN_SCHEMA
from moorage.databases.models import RawJson

_AS_TEXT = (
    "date", "time", "timetz", "timestamp", "timestamptz", "interval", "numeric", "money", "uuid", "bytea",
    "bit", "varbit", "inet", "cidr", "macaddr", "macaddr8", "xml", "tid", "point", "line", "lseg", "box", "path",
    "polygon", "circle", "txid_snapshot", "pg_snapshot", "pg_lsn", "record", "pg_mcv_list",
    "pg_brin_bloom_summary", "pg_brin_minmax_multi_summary",
)  # fmt: skip
# What the driver has no name for: https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat
_CHAR_OID = 18
_TEXT_ARRAY_OID = 1009


def set_codecs(settings: ConnectionSettings) -> None:
    """Settle for one connection in which form values of the types that every server has come.

    `Connection.set_type_codec` does the same for scalar types only, and costs five times as much.
    """
    for name in _AS_TEXT:
        _set(settings, BUILTIN_TYPE_NAME_MAP[name], name, str)
    for name in ("json", "jsonb"):
        _set(settings, BUILTIN_TYPE_NAME_MAP[name], name, RawJson)
    _set(settings, BUILTIN_TYPE_NAME_MAP["float4"], "float4", float)
    _set(settings, _CHAR_OID, "char", str)
    _set(settings, _TEXT_ARRAY_OID, "text[]", str)


def set_unknown(settings: ConnectionSettings, oid: int) -> None:
    """Let values of a type that the driver does not know come as text: arrays, enums, composites, extensions."""
    settings.add_python_codec(oid, str(oid), UNKNOWN_SCHEMA, [], "scalar", written, str, "text")


def _set(settings: ConnectionSettings, oid: int, name: str, decoder: Callable[[Any], Any]) -> None:
    settings.add_python_codec(oid, name, "pg_catalog", [], "scalar", written, decoder, "text")
