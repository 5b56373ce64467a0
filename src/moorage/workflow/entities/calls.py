"""How a call writes: its project found, a connection to it, one transaction, types that are true, one effect a key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.projects.writing import find_writable
from moorage.workflow.entities.idempotency import answered_once, request_hash
from moorage.workflow.entities.models import Answer
from moorage.workflow.types.catalog import TypeCatalog

SomeAnswer = TypeVar("SomeAnswer", bound=Answer)
Write = Callable[[Connection, Project], Awaitable[SomeAnswer]]


class WriteCalls:
    """Runs what writes; a type that changed meanwhile is looked at anew, and the write done once more."""

    def __init__(self, connections: ProjectConnectionManager, catalog: TypeCatalog) -> None:
        self._connections = connections
        self._catalog = catalog

    async def at_once(self, project_name: str, write: Write[SomeAnswer]) -> SomeAnswer:
        """Run a write of a single statement, which needs no transaction of its own."""
        project = await find_writable(self._connections, project_name)
        async with self._connections.connection_to(project) as connection:
            return await self._catalog.with_current(project, lambda: write(connection, project))

    async def in_transaction(
        self,
        project_name: str,
        kind: type[SomeAnswer],
        write: Write[SomeAnswer],
        *,
        key: str | None = None,
        tool: str = "",
        arguments: Mapping[str, Any] | None = None,
    ) -> SomeAnswer:
        """Run a write all or not at all, and under its idempotency key once.

        Args:
            arguments: of the tool, with which the same key may come again; the key and the project left out.

        Raises:
            KeyReused, and what `write` raises.
        """
        request = b"" if key is None else request_hash(tool, arguments or {})

        async def act(connection: Connection, project: Project) -> SomeAnswer:
            async with connection.transaction():
                return await answered_once(connection, key, request, kind, lambda: write(connection, project))

        return await self.at_once(project_name, act)
