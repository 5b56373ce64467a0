"""What PostgreSQL says of a statement that has not run: the types of its parameters, and its columns.

The service describes answers only together with their rows, and refuses those with types it does not know. So the
catalogue is asked, in statements that give back text alone.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from moorage.databases.connectors.data_api.failures import Sent
from moorage.databases.connectors.data_api.statements import ParameterType, Statement
from moorage.databases.connectors.type_names import TypeName
from moorage.databases.models import Column

# Sends a statement with its parameters, where the caller's stands in it, and returns the first cell.
Ask = Callable[[str, Sequence[dict[str, Any]], Sent | None], Awaitable[str]]

# Names and operators are qualified throughout: the caller's search_path is in force, whatever it leads to.
# One row of the statement's columns, all NULL, without running it: LIMIT 0 asks it for nothing.
_OUTLINE = """(
SELECT statement.* FROM (VALUES (1)) AS one LEFT JOIN (SELECT * FROM (
{statement}
) AS statement LIMIT 0) AS statement ON true) AS moorage_row"""
# As JSON and not JSONB, which would drop all but one of columns with equal names.
_NAMES = "SELECT pg_catalog.row_to_json(moorage_row)::pg_catalog.text FROM {outline}"
_TYPES = """
WITH RECURSIVE described AS (
    SELECT names, ARRAY[{types}]::pg_catalog.oid[] AS oids
    FROM (SELECT pg_catalog.row_to_json(moorage_row) AS names, moorage_row.* FROM {outline})
        AS moorage_row (names{aliases})
), types (place, oid) AS (
    SELECT each.place, each.oid
    FROM described, pg_catalog.unnest(oids) WITH ORDINALITY AS each (oid, place)
    UNION ALL
    SELECT types.place, t.typbasetype
    FROM types JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) types.oid
    WHERE t.typtype OPERATOR(pg_catalog.=) 'd'
)
SELECT pg_catalog.json_build_object('names', (SELECT names FROM described), 'types', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
        CASE WHEN n.nspname OPERATOR(pg_catalog.=) 'pg_catalog' THEN t.typname
             ELSE pg_catalog.format_type(t.oid, NULL) END,
        CASE WHEN m.nspname OPERATOR(pg_catalog.=) 'pg_catalog' THEN e.typname
             ELSE pg_catalog.format_type(e.oid, NULL) END
    ) ORDER BY types.place)
    FROM types
    JOIN pg_catalog.pg_type AS t
        ON t.oid OPERATOR(pg_catalog.=) types.oid AND t.typtype OPERATOR(pg_catalog.<>) 'd'
    JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace
    LEFT JOIN pg_catalog.pg_type AS e
        ON e.oid OPERATOR(pg_catalog.=) t.typelem
        AND t.typoutput OPERATOR(pg_catalog.=) 'pg_catalog.array_out'::pg_catalog.regproc
    LEFT JOIN pg_catalog.pg_namespace AS m ON m.oid OPERATOR(pg_catalog.=) e.typnamespace
))::pg_catalog.text"""
_PARAMETERS = """
SELECT pg_catalog.json_agg(
    pg_catalog.json_build_array(pg_catalog.format_type(t.oid, NULL), t.typname, e.typname) ORDER BY each.place
)::pg_catalog.text
FROM pg_catalog.pg_prepared_statements AS p
CROSS JOIN pg_catalog.unnest(p.parameter_types::pg_catalog.oid[]) WITH ORDINALITY AS each (oid, place)
JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) each.oid
LEFT JOIN pg_catalog.pg_type AS e
    ON e.oid OPERATOR(pg_catalog.=) t.typelem
    AND t.typoutput OPERATOR(pg_catalog.=) 'pg_catalog.array_out'::pg_catalog.regproc
WHERE p.name OPERATOR(pg_catalog.=) :name
"""


async def columns_of(
    ask: Ask, text: str, parameters: Sequence[dict[str, Any]], width: int | None
) -> tuple[Column, ...]:
    """Return the columns that a query gives back.

    Args:
        text: the query as it is sent.
        width: how many they are; None costs another call.
    """
    outline = _OUTLINE.format(statement=text)
    if width is None:
        query = _NAMES.format(outline=outline)
        width = len(_pairs(await ask(query, parameters, _sent(query, text, parameters))))
    names = [f"c{place}" for place in range(width)]
    types = ", ".join(f"pg_catalog.pg_typeof({name})" for name in names)
    query = _TYPES.format(outline=outline, types=types, aliases="".join(f", {name}" for name in names))
    described = dict(_pairs(await ask(query, parameters, _sent(query, text, parameters))))
    pairs = zip(described["names"], described["types"] or (), strict=True)
    return tuple(Column(name=name, type=_type_name(*types)) for (name, _), types in pairs)


async def parameter_types(ask: Ask, statement: Statement) -> list[ParameterType]:
    """Return the types that PostgreSQL gives the parameters, in their order."""
    name = f"moorage_{secrets.token_hex(8)}"  # it would outlive the transaction, so no two may meet
    preparing = f"PREPARE {name} AS "
    sql = statement.as_prepared()
    await ask(preparing + sql, (), Sent(sql, len(preparing)))
    types = await ask(_PARAMETERS, [{"name": "name", "value": {"stringValue": name}}], None)
    await ask(f"DEALLOCATE {name}", (), None)
    return [
        ParameterType(cast, TypeName(_type_name(name, element), element)) for cast, name, element in json.loads(types)
    ]


def _type_name(name: str, element: str | None) -> str:
    return name if element is None else f"{element}[]"


def _pairs(text: str) -> list[tuple[str, Any]]:
    return json.loads(text, object_pairs_hook=list)


def _sent(query: str, text: str, parameters: Sequence[dict[str, Any]]) -> Sent | None:
    return None if parameters else Sent(text, query.index(text))
