"""What is done with types, as use cases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from moorage.core.access import current_caller
from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.projects.writing import find_writable
from moorage.workflow.documents import Document
from moorage.workflow.errors import TypeInUse
from moorage.workflow.types import store
from moorage.workflow.types.catalog import TypeCatalog, type_not_found
from moorage.workflow.types.models import (
    DeletedType,
    Extent,
    RegisteredType,
    ShownType,
    StoredType,
    TypeList,
    TypeRules,
    TypeSummary,
)
from moorage.workflow.types.packs import pack_names, read_pack
from moorage.workflow.types.registration import (
    AskedType,
    WantedType,
    chosen_prefix,
    refuse_another,
    refuse_unfit,
    wanted_type,
)
from moorage.workflow.types.summaries import fields_of

# Told of a project after a type of it has changed, and that is kept; it raises nothing.
AfterChange = Callable[[Project], Awaitable[None]]


class TypeService:
    """Register, show and change the types of projects."""

    def __init__(
        self, connections: ProjectConnectionManager, catalog: TypeCatalog, *, after_change: AfterChange
    ) -> None:
        self._connections = connections
        self._catalog = catalog
        self._after_change = after_change

    async def register(
        self,
        project_name: str,
        schema_name: str,
        schema_definition: Document | None = None,
        *,
        description: str | None = None,
        rules: TypeRules | None = None,
    ) -> RegisteredType:
        """Make a type, or find that it is there like that already.

        Without a definition: the type of this name that is there, or else the pack of this name.

        Raises:
            InvalidType, InvalidInput: (its name), TypeNotFound: (no such pack), and those of the project.
            TypeExists: there is another of this name, or with its key prefix.
        """
        asked = AskedType(schema_name, schema_definition, description, rules)
        refuse_unfit(asked)
        project = await find_writable(self._connections, project_name)
        async with self._connections.connection_to(project) as connection, connection.transaction():
            await store.type_lock_all_in(connection)
            known = await store.type_get(connection, schema_name)
            if known is not None:
                refuse_another(known, asked)
            row = known or await _insert_in(connection, wanted_type(asked))
        if known is None:
            await self._after_change(project)
        return _registered(project, row, is_new=known is None)

    async def get(self, project_name: str, schema_name: str) -> StoredType:
        """Return a type.

        Raises:
            TypeNotFound: with those there are, and those of the project.
        """
        async with self._connections.get_project_connection(project_name) as connection:
            return await _found(connection, schema_name)

    async def show(self, project_name: str, schema_name: str) -> ShownType:
        """Return a type and how much there is of it.

        Raises:
            TypeNotFound: with those there are, and those of the project.
        """
        async with self._connections.get_project_connection(project_name) as connection:
            row = await _found(connection, schema_name)
            extent = (await store.type_extents(connection, schema_name)).get(schema_name, Extent())
        fields = fields_of(row.schema_definition)
        return ShownType(project_name=project_name, type=row, fields=fields, **extent.model_dump())

    async def list(self, project_name: str) -> TypeList:
        """Return the types of a project, and the packs that it could have."""
        async with self._connections.get_project_connection(project_name) as connection:
            rows, extents = await store.type_list(connection), await store.type_extents(connection)
        names = {each.schema_name for each in rows}
        packs = {name: read_pack(name).description for name in pack_names() if name not in names}
        types = [_summary(each, extents.get(each.schema_name, Extent())) for each in rows]
        return TypeList(project_name=project_name, types=types, packs=packs)

    async def delete(self, project_name: str, schema_name: str) -> DeletedType:
        """Delete a type that has no entities.

        Raises:
            TypeNotFound, and those of the project.
            TypeInUse: it has entities, deleted ones included.
        """
        project = await find_writable(self._connections, project_name)
        async with self._connections.connection_to(project) as connection, connection.transaction():
            await store.type_lock_all_in(connection)
            if not await store.type_lock_in(connection, schema_name):
                raise await type_not_found(connection, schema_name)
            _refuse_used(schema_name, (await store.type_extents(connection, schema_name)).get(schema_name))
            version = await store.type_delete_in(connection, schema_name, actor=current_caller().name)
        self._catalog.forget(project)
        await self._after_change(project)
        return DeletedType(project_name=project.name, schema_name=schema_name, version=version)


async def _insert_in(transaction: Connection, wanted: WantedType) -> StoredType:
    owners = {each.key_prefix: each.schema_name for each in await store.type_list(transaction)}
    row = await store.type_insert_in(
        transaction,
        wanted.schema_name,
        schema_definition=wanted.schema_definition,
        description=wanted.description,
        rules=wanted.rules,
        key_prefix=chosen_prefix(wanted, owners),
        actor=current_caller().name,
    )
    assert row is not None, "names and prefixes are taken under the lock of all types"
    return row


def _refuse_used(schema_name: str, extent: Extent | None) -> None:
    if extent is not None:
        raise TypeInUse(
            f"type {schema_name!r} has {extent.entities:,} entities and {extent.deleted:,} deleted ones",
            hint="Delete its entities, and let `moorage workflow purge` end the deleted ones.",
            **extent.model_dump(),
        )


async def _found(connection: Connection, schema_name: str) -> StoredType:
    row = await store.type_get(connection, schema_name)
    if row is None:
        raise await type_not_found(connection, schema_name)
    return row


def _registered(project: Project, row: StoredType, *, is_new: bool) -> RegisteredType:
    return RegisteredType(
        project_name=project.name,
        schema_name=row.schema_name,
        version=row.version,
        key_prefix=row.key_prefix,
        fields=fields_of(row.schema_definition),
        is_new=is_new,
    )


def _summary(row: StoredType, extent: Extent) -> TypeSummary:
    return TypeSummary(
        **row.model_dump(include={"schema_name", "description", "version", "key_prefix"}),
        fields=fields_of(row.schema_definition),
        **extent.model_dump(),
    )
