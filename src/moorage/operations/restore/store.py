"""The statements of restoring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from moorage.core.postgres.queries import Executor, load_statements
from moorage.projects.models import Project

_statements = load_statements("moorage.operations.restore")


async def registry_is_empty(registry: Executor) -> bool:
    """Tell whether the registry has neither projects nor tokens."""
    return await _statements.registry_is_empty(registry)


async def project_restore(registry: Executor, project: Project) -> Project | None:
    """Insert a project as it was, in state `copying`; None when its name or its id is taken.

    Its folder, and the project it is a snapshot of, are left out where they are no more to be had.
    """
    row = await _statements.project_restore(
        registry,
        **project.model_dump(exclude={"database_name", "state", "updated_at", "database_bytes"}),
    )
    return None if row is None else Project.model_validate(dict(row))


async def tombstone_delete(registry: Executor, project_id: UUID) -> None:
    await _statements.tombstone_delete(registry, id=project_id)


async def tombstone_list(registry: Executor) -> list[dict[str, Any]]:
    """Return the tombstones with all their columns."""
    return [row["tombstone"] for row in await _statements.tombstone_list(registry)]


async def tombstone_restore_in(transaction: Executor, tombstones: Sequence[dict[str, Any]]) -> int:
    """Insert tombstones, but for those that are there; return how many it were."""
    return await _statements.tombstone_restore(transaction, tombstones=list(tombstones))


async def token_list(registry: Executor) -> list[dict[str, Any]]:
    """Return the tokens with all their columns; of each only its hash is known."""
    return [row["token"] for row in await _statements.token_list(registry)]


async def token_restore_in(transaction: Executor, tokens: Sequence[dict[str, Any]]) -> int:
    """Insert tokens, but for those that are there; return how many it were."""
    return await _statements.token_restore(transaction, tokens=list(tokens))


async def extension_is_within_reach(server: Executor, name: str) -> bool:
    """Tell whether this role may add the extension to a database of its own, as far as the catalogue tells."""
    return await _statements.extension_is_within_reach(server, name=name)


async def table_bytes(connection: Executor, table_name: str) -> int:
    """Return the size of a table ("schema.name") without its indexes."""
    return await _statements.table_bytes(connection, table_name=table_name)


async def setting_set_in(transaction: Executor, name: str, value: str) -> None:
    """Set something for as long as the transaction lasts."""
    await _statements.setting_set(transaction, name=name, value=value)
