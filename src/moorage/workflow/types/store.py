"""The statements about types: one function each, connection in, models out."""

from __future__ import annotations

from typing import Any

from moorage.core.postgres.queries import Executor, load_statements
from moorage.workflow.types.models import StoredType, TypeRules
from moorage.workflow.types.steps import VersionSteps

_statements = load_statements("moorage.workflow.types")


async def type_insert(
    connection: Executor,
    schema_name: str,
    *,
    schema_definition: dict[str, Any],
    description: str | None,
    rules: TypeRules,
    key_prefix: str,
    actor: str,
) -> StoredType | None:
    """Register a type; None when its name or its key prefix is taken."""
    row = await _statements.type_insert(
        connection,
        schema_name=schema_name,
        schema_definition=schema_definition,
        description=description,
        rules=rules.model_dump(exclude_defaults=True),
        key_prefix=key_prefix,
        actor=actor,
    )
    return None if row is None else StoredType.model_validate(dict(row))


async def type_get(connection: Executor, schema_name: str) -> StoredType | None:
    row = await _statements.type_get(connection, schema_name=schema_name)
    return None if row is None else StoredType.model_validate(dict(row))


async def type_steps(connection: Executor, schema_name: str, *, upto: int) -> list[VersionSteps]:
    """Return the steps that lead to versions of a type, oldest first; none beyond the version `upto`."""
    rows = await _statements.type_steps(connection, schema_name=schema_name, upto=upto)
    return [VersionSteps.model_validate(dict(row)) for row in rows]


async def type_list(connection: Executor) -> list[StoredType]:
    return [StoredType.model_validate(dict(row)) for row in await _statements.type_list(connection)]


async def type_prefixes(connection: Executor) -> set[str]:
    return {row["key_prefix"] for row in await _statements.type_prefixes(connection)}
