"""The statements about types: one function each, connection in, models out."""

from __future__ import annotations

from typing import Any

from moorage.core.postgres.queries import Executor, load_statements
from moorage.workflow.types.models import Extent, StoredType, TypeRules
from moorage.workflow.types.steps import VersionSteps

_statements = load_statements("moorage.workflow.types")


async def type_insert_in(
    transaction: Executor,
    schema_name: str,
    *,
    schema_definition: dict[str, Any],
    description: str | None,
    rules: TypeRules,
    key_prefix: str,
    actor: str,
) -> StoredType | None:
    """Register a type under the lock of all types; None when its name or its key prefix is taken."""
    row = await _statements.type_insert(
        transaction,
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


async def type_lock_all_in(transaction: Executor) -> None:
    """Have types made and deleted by nobody else until the transaction ends."""
    await _statements.type_lock_all(transaction)


async def type_lock_in(transaction: Executor, schema_name: str) -> bool:
    """Have no entity of a type written until the transaction ends; False when there is no such type."""
    return await _statements.type_lock(transaction, schema_name=schema_name) is not None


async def type_delete_in(transaction: Executor, schema_name: str, *, actor: str) -> int:
    """Delete a type that is locked and has no entities, and return its last version."""
    return (await _statements.type_delete(transaction, schema_name=schema_name, actor=actor))["version"]


async def type_extents(connection: Executor, schema_name: str | None = None) -> dict[str, Extent]:
    """Count the entities of one type, or of each, by its name; types without entities are not among them."""
    rows = await _statements.type_extents(connection, schema_name=schema_name)
    return {row["schema_name"]: Extent(entities=row["entities"], deleted=row["deleted"]) for row in rows}
