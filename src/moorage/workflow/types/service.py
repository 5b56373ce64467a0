"""What is done with types, as use cases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from moorage.core.access import current_caller
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.projects.writing import find_writable
from moorage.workflow.errors import TypeExists
from moorage.workflow.types import store
from moorage.workflow.types.catalog import TypeCatalog
from moorage.workflow.types.models import StoredType, TypeRules
from moorage.workflow.types.packs import read_pack

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
        schema_definition: dict[str, Any] | None = None,
        *,
        description: str | None = None,
        rules: TypeRules | None = None,
    ) -> StoredType:
        """Make a type; without a definition, the pack of this name.

        Raises:
            InvalidType, TypeExists, TypeNotFound: (no such pack), and those of the project.
        """
        project = await find_writable(self._connections, project_name)
        if schema_definition is None:
            pack = read_pack(schema_name)
            schema_definition, description, rules = pack.schema_definition, pack.description, pack.rules
        rules = rules or TypeRules()
        async with self._connections.connection_to(project) as connection:
            taken = await store.type_prefixes(connection)
            row = await store.type_insert(
                connection,
                schema_name,
                schema_definition=schema_definition,
                description=description,
                rules=rules,
                key_prefix=rules.key_prefix or free_prefix(schema_name, taken),
                actor=current_caller().name,
            )
        if row is None:
            raise TypeExists(
                f"the project has a type {schema_name!r} already, or one with its key prefix",
                hint="Look at it with get_entity_type, and change it with evolve_entity_type.",
            )
        await self._after_change(project)
        return row


def free_prefix(schema_name: str, taken: set[str]) -> str:
    """Return the shortest beginning of the name, in capitals, that no other type has: T, then TA, TAS, TASK."""
    letters = schema_name.upper().lstrip("_0123456789") or "X"
    candidates = [letters[:length] for length in range(1, len(letters) + 1)]
    candidates += [f"{letters}_{number}" for number in range(2, len(taken) + 3)]
    return next(each for each in candidates if each not in taken)
