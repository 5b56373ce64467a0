"""The registry's statements, and the few that concern a project database as a whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from moorage.core.postgres.queries import Executor, load_statements
from moorage.projects.models import (
    DatabaseUser,
    MeasuredProject,
    Project,
    ProjectOrder,
    ProjectState,
    StoredIndex,
    TableSize,
    Tombstone,
)

_statements = load_statements("moorage.projects")

# The comment on a role that was made for a project begins so and ends with the project's name.
ROLE_REMARK = "Moorage: for project "


async def project_by_name(registry: Executor, name: str) -> Project | None:
    return _project(await _statements.project_by_name(registry, name=name))


async def project_by_folder(registry: Executor, folder: str) -> Project | None:
    return _project(await _statements.project_by_folder(registry, folder=folder))


async def project_list(
    registry: Executor, *, after: str = "", limit: int | None = None, visible: Collection[str] | None = None
) -> list[Project]:
    """Return projects in the order of their names, those behind `after`.

    Args:
        limit: at most this many; None is all.
        visible: only these; None is all.
    """
    names = None if visible is None else list(visible)
    rows = await _statements.project_list(registry, after=after, limit=limit, visible=names)
    return [Project.model_validate(dict(row)) for row in rows]


async def project_foremost(
    registry: Executor, order: ProjectOrder, *, limit: int, visible: Collection[str] | None
) -> list[Project]:
    """Return the largest projects or those used last; those never measured, or never used, come last."""
    names = None if visible is None else list(visible)
    rows = await _statements.project_foremost(registry, order=order.value, limit=limit, visible=names)
    return [Project.model_validate(dict(row)) for row in rows]


async def project_sizes(registry: Executor) -> list[MeasuredProject]:
    """Return every project with its size as last measured, in the order of their names."""
    return [MeasuredProject.model_validate(dict(row)) for row in await _statements.project_sizes(registry)]


async def project_set_sizes(registry: Executor, sizes: Mapping[UUID, int]) -> None:
    """Write the sizes of databases, in bytes by project id."""
    await _statements.project_set_sizes(registry, ids=list(sizes), bytes=list(sizes.values()))


async def project_set_last_used(registry: Executor, times: Mapping[UUID, datetime]) -> None:
    """Write when projects were last used, by project id; a time before the one written stays out."""
    await _statements.project_set_last_used(registry, ids=list(times), times=list(times.values()))


async def project_counts(registry: Executor) -> dict[str, int]:
    """Return how many projects each server has; servers without any are absent."""
    return {row["server"]: row["projects"] for row in await _statements.project_counts(registry)}


async def project_insert(
    registry: Executor, *, name: str, description: str | None, folder: str | None, created_by: str, server: str
) -> Project | None:
    """Insert a project in state `creating`; None when its name or its folder is taken."""
    row = await _statements.project_insert(
        registry, name=name, description=description, folder=folder, created_by=created_by, server=server
    )
    return _project(row)


async def project_edit(
    registry: Executor, project_id: UUID, *, title: str | None, description: str | None, folder: str | None
) -> Project | None:
    """Change what is said of a project: None leaves a field as it is, "" clears it. None when the project is gone."""
    row = await _statements.project_edit(registry, id=project_id, title=title, description=description, folder=folder)
    return _project(row)


async def project_limit(
    registry: Executor, project_id: UUID, *, max_bytes: int | None, max_connections: int | None
) -> Project | None:
    """Change limits: None leaves one as it is, 0 takes it away. None when the project is gone."""
    row = await _statements.project_limit(registry, id=project_id, max_bytes=max_bytes, max_connections=max_connections)
    return _project(row)


async def project_begin_copy(
    registry: Executor, source_id: UUID, *, name: str, is_snapshot: bool, created_by: str
) -> Project | None:
    """Insert a project in state `copying`, or begin one anew that was cut off; None when a project has the name."""
    row = await _statements.project_begin_copy(
        registry, source_id=source_id, name=name, is_snapshot=is_snapshot, created_by=created_by
    )
    return _project(row)


async def project_discard(registry: Executor, names: Sequence[str]) -> None:
    """Forget those of these projects that are still `copying`."""
    await _statements.project_discard(registry, names=list(names))


async def project_snapshots(registry: Executor, project_id: UUID) -> list[Project]:
    """Return the snapshots of a project, the newest first."""
    rows = await _statements.project_snapshots(registry, id=project_id)
    return [Project.model_validate(dict(row)) for row in rows]


async def project_set_state(
    registry: Executor, project_id: UUID, state: ProjectState, *, from_states: Sequence[ProjectState]
) -> Project | None:
    """Move a project to `state`; None when it is in none of `from_states` any more."""
    return _project(
        await _statements.project_set_state(
            registry, id=project_id, state=state.value, from_states=[each.value for each in from_states]
        )
    )


async def project_place(registry: Executor, project_id: UUID, *, from_server: str, to_server: str) -> Project | None:
    """Say that a project's database is on another server now; None when it is not on `from_server` any more."""
    return _project(
        await _statements.project_place(registry, id=project_id, from_server=from_server, to_server=to_server)
    )


async def project_begin_delete(registry: Executor, project_id: UUID, *, deleted_by: str, backup: str | None) -> None:
    """Move a project to `deleting`, whatever it was, and write its tombstone; a backup noted before stays noted."""
    await _statements.project_begin_delete(registry, id=project_id, deleted_by=deleted_by, backup=backup)


async def tombstone_list(registry: Executor, *, limit: int, visible: Collection[str] | None) -> list[Tombstone]:
    """Return the tombstones of projects that are gone, the last one first."""
    names = None if visible is None else list(visible)
    rows = await _statements.tombstone_list(registry, limit=limit, visible=names)
    return [Tombstone.model_validate(dict(row)) for row in rows]


async def project_delete(registry: Executor, project_id: UUID) -> None:
    await _statements.project_delete(registry, id=project_id)


async def patience_set(connection: Executor) -> None:
    """Let the session take its time, whatever limits the role or the server has."""
    await _statements.patience_set(connection)


async def project_lock_in(transaction: Executor, name: str) -> None:
    """Wait until no other process creates or deletes this project; held until the transaction ends."""
    await _statements.project_lock(transaction, name=name)


async def project_try_lock_in(transaction: Executor, name: str) -> bool:
    """Take the lock of `project_lock_in` if nobody has it; return whether it was taken."""
    return await _statements.project_try_lock(transaction, name=name)


async def template_lock_in(transaction: Executor, server: str) -> None:
    """Wait until no other process makes the template of this server; held until the transaction ends."""
    await _statements.template_lock(transaction, server=server)


async def staging_lock_in(transaction: Executor, name: str) -> None:
    await _statements.staging_lock(transaction, name=name)


async def staging_is_unlocked_in(transaction: Executor, name: str) -> bool:
    return await _statements.staging_is_unlocked(transaction, name=name)


async def database_state(connection: Executor, database_name: str) -> bool | None:
    """Return whether the database takes connections; None when there is no such database."""
    return await _statements.database_exists(connection, database_name=database_name)


async def database_users(connection: Executor, database_name: str, *, within: timedelta) -> list[DatabaseUser]:
    """Return who is in the database; idle Moorage connections count when they worked `within` this time."""
    rows = await _statements.database_users(connection, database_name=database_name, within=within)
    return [DatabaseUser.model_validate(dict(row)) for row in rows]


async def sessions_end(connection: Executor, database_name: str, *, idle_for: timedelta | None) -> int:
    """End the sessions in a database that the role may end; of Moorage's idle for so long only, unless that is None."""
    return await _statements.sessions_end(connection, database_name=database_name, idle_for=idle_for)


async def index_list(project: Executor) -> list[StoredIndex]:
    """Return the indexes of a database, those of its own catalogue left out."""
    return [StoredIndex.model_validate(dict(row)) for row in await _statements.index_list(project)]


async def table_sizes(project: Executor) -> list[TableSize]:
    """Return the tables of a project's database, largest first."""
    return [TableSize.model_validate(dict(row)) for row in await _statements.table_sizes(project)]


async def database_sizes(connection: Executor, database_names: Sequence[str]) -> dict[str, int]:
    """Return the size of each of these databases in bytes; missing ones are absent."""
    rows = await _statements.database_sizes(connection, database_names=list(database_names))
    return {row["datname"]: row["bytes"] for row in rows}


async def database_settings(connection: Executor, database_name: str) -> list[str]:
    """Return what ALTER DATABASE SET gave a database for all roles, each as "name=value"; no copy takes it along.

    Whether it is read-only is left out: that follows the state of the project.
    """
    rows = await _statements.database_settings(connection, database_name=database_name)
    return [row["setting"] for row in rows]


async def setting_statement_in(transaction: Executor, setting: str, value: str) -> str:
    """Set a value for this transaction; return the statement that keeps it for the database."""
    return await _statements.setting_statement(transaction, setting=setting, value=value)


async def connection_limit(connection: Executor) -> int:
    return await _statements.connection_limit(connection)


async def role_remark(server: Executor, name: str) -> str | None:
    """Return the comment on a role, "" where it has none; None when there is no such role."""
    row = await _statements.role_remark(server, name=name)
    return None if row is None else row["remark"] or ""


async def role_list(server: Executor) -> dict[str, str]:
    """Return the roles that were made for projects, each with its project's name."""
    rows = await _statements.role_list(server, prefix=ROLE_REMARK)
    return {row["name"]: row["project_name"] for row in rows}


async def identity_get(project: Executor) -> UUID | None:
    row = await _statements.identity_get(project)
    return None if row is None else row["project_id"]


async def identity_insert(project: Executor, project_id: UUID) -> None:
    await _statements.identity_insert(project, project_id=project_id)


async def identity_replace(project: Executor, project_id: UUID) -> None:
    await _statements.identity_replace(project, project_id=project_id)


async def line_names(project: Executor) -> frozenset[str]:
    """Return the migration lines that have made their tables in this database, whether they are there still or not."""
    if not await _statements.lines_exist(project):
        return frozenset()
    return frozenset(row["name"] for row in await _statements.line_names(project))


async def lines_record(project: Executor, names: Sequence[str]) -> None:
    await _statements.lines_record(project, names=list(names))


def _project(row: Any) -> Project | None:
    return None if row is None else Project.model_validate(dict(row))
