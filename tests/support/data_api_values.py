"""Parameters and results as the Data API maps them: which types it knows, and which it refuses."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api-operations.html, types of Aurora PostgreSQL.
_LONGS = {"int2", "int4", "int8"}
_DOUBLES = {"float4", "float8"}
_STRINGS = {
    "date", "cidr", "numeric", "inet", "jsonb", "json", "text", "bpchar", "varchar", "name", "time", "timestamp",
    "timestamptz", "uuid", "vector",
}  # fmt: skip
# In the order in which the service's own scanner must look: literals, comments, casts, then names.
_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | \$(\w*)\$.*?\$\1\$ | :: | :(?P<name>[A-Za-z_]\w*)""",
    re.DOTALL | re.VERBOSE,
)
_HINTS = {
    "UUID": "uuid",
    "JSON": "json",
    "TIMESTAMP": "timestamp",
    "DATE": "date",
    "TIME": "time",
    "DECIMAL": "numeric",
}
_COUNTED = ("INSERT", "UPDATE", "DELETE", "MERGE")


@dataclass
class Refused(Exception):
    """An error of the service."""

    code: str
    message: str = ""
    status: int = 400


def with_dollars(sql: str, parameters: Sequence[dict[str, Any]]) -> tuple[str, list[Any]]:
    """Return a statement with `$n` of the types that the service sends, and the values."""
    given = {each["name"]: each for each in parameters}
    order = {name: place for place, name in enumerate(given, 1)}

    def place_of(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return match[0]
        if name not in given:
            raise Refused("BadRequestException", f"Cannot find parameter: {name}")
        return f"(${order[name]}::{_sent_type(given[name])})"

    return _TOKEN.sub(place_of, sql), [_value(each["value"]) for each in parameters]


async def set_codecs(connection: asyncpg.Connection) -> None:
    """Let values come in the forms that the service passes on as strings."""
    for name in ("date", "numeric", "json", "jsonb", "time", "uuid", "inet", "cidr", "timestamp"):
        await connection.set_type_codec(name, schema="pg_catalog", encoder=str, decoder=str, format="text")


async def answer_of(
    connection: asyncpg.Connection, sql: str, values: Sequence[Any], *, described: bool
) -> dict[str, Any]:
    """Run one statement and return what the service would."""
    try:
        statement = await connection.prepare(sql)
    except asyncpg.PostgresSyntaxError as error:
        if "multiple commands" in str(error):
            raise Refused("ValidationException", "Multistatements aren't supported.") from None
        raise
    records = await statement.fetch(*values)
    columns = statement.get_attributes()
    command, _, count = statement.get_statusmsg().partition(" ")
    wrote = command in _COUNTED and not columns
    answer: dict[str, Any] = {
        "numberOfRecordsUpdated": int(count.split()[-1]) if wrote else 0,
        "generatedFields": [],
    }
    if columns:
        answer["records"] = [
            [_field(value, column.type) for value, column in zip(record, columns, strict=True)] for record in records
        ]
        if described:
            answer["columnMetadata"] = [_described(column) for column in columns]
    return answer


def _sent_type(parameter: dict[str, Any]) -> str:
    if "typeHint" in parameter:
        return _HINTS[parameter["typeHint"]]
    ((kind, _),) = parameter["value"].items()
    types = {"longValue": "int8", "doubleValue": "float8", "booleanValue": "bool", "blobValue": "bytea"}
    if kind == "arrayValue":
        raise Refused("BadRequestException", "Array parameters are not supported.")
    return types.get(kind, "text")


def _value(value: dict[str, Any]) -> Any:
    ((kind, given),) = value.items()
    if kind == "isNull":
        return None
    return base64.b64decode(given) if kind == "blobValue" else given


def _described(column: asyncpg.Attribute) -> dict[str, Any]:
    name = f"_{column.type.name[:-2]}" if column.type.kind == "array" else column.type.name
    return {
        "arrayBaseColumnType": 0, "isAutoIncrement": False, "isCaseSensitive": False, "isCurrency": False,
        "isSigned": False, "label": column.name, "name": column.name, "nullable": 1, "precision": 0, "scale": 0,
        "schemaName": "", "tableName": "", "type": 0, "typeName": name,
    }  # fmt: skip


def _field(value: Any, of: asyncpg.Type) -> dict[str, Any]:
    if of.kind == "array":
        return {"isNull": True} if value is None else {"arrayValue": _array(value, of.name.removesuffix("[]"))}
    kind = _kind(of.name, of.schema)
    return {"isNull": True} if value is None else {kind: _given(value, of.name)}


def _kind(name: str, schema: str) -> str:
    if name in _LONGS:
        return "longValue"
    if name in _DOUBLES:
        return "doubleValue"
    if name in _STRINGS or schema != "pg_catalog":
        return "stringValue"
    kinds = {"bool": "booleanValue", "bytea": "blobValue"}
    if name not in kinds:
        raise Refused("UnsupportedResultException", f"The result contains the unsupported data type {name.upper()}.")
    return kinds[name]


def _given(value: Any, name: str) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        raise Refused("UnsupportedResultException", "The result contains an unsupported value.")
    if isinstance(value, datetime):
        return str(value.astimezone(UTC).replace(tzinfo=None)) if name == "timestamptz" else str(value)
    return value if isinstance(value, int | float | bool) else str(value)


def _array(values: Sequence[Any], element: str) -> dict[str, Any]:
    if any(isinstance(value, list) for value in values):
        raise Refused("UnsupportedResultException", "The result contains a multidimensional array.")
    kind = f"{_kind(element, 'pg_catalog')}s"
    if kind == "blobValues":
        raise Refused("UnsupportedResultException", "The result contains the unsupported data type BYTEA[].")
    return {kind: [None if value is None else _given(value, element) for value in values]}
