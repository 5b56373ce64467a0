"""What is asked of entities, as use cases."""

from __future__ import annotations

from moorage.core.embedding.embedder import Embedder
from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.workflow.errors import InvalidFilter
from moorage.workflow.querying.meaning import Meanings
from moorage.workflow.querying.models import Query, QueryResult
from moorage.workflow.querying.pages import Page, Question
from moorage.workflow.querying.parsed import ParsedQuery, parse_query, refuse_unfit_query
from moorage.workflow.types.catalog import TypeCatalog
from moorage.workflow.types.models import StoredType
from moorage.workflow.types.store import type_list


class QueryService:
    """Find entities by filters, words and meaning."""

    def __init__(self, connections: ProjectConnectionManager, catalog: TypeCatalog, embedder: Embedder) -> None:
        self._connections = connections
        self._catalog = catalog
        self._meanings = Meanings(connections, embedder)

    async def query(self, project_name: str, query: Query) -> QueryResult:
        """Return one page of the entities that a query asks for.

        Raises:
            TypeNotFound, InvalidFilter, InvalidCursor, InvalidInput, and those of the project.
        """
        refuse_unfit_query(query)
        project = await self._connections.find_project(project_name)
        question = await self._question(project, query) if query.meaning is not None else None
        async with self._connections.connection_to(project) as connection:
            parsed = await self._parsed(project, connection, query)
            return await Page(project, connection, parsed, question).read()

    async def _question(self, project: Project, query: Query) -> Question:
        vector = await self._meanings.vector_of(query.meaning or "")
        is_complete = await self._meanings.bring_up_to_date(project, query.schema_name)
        return Question(vector, self._meanings.model, is_complete)

    async def _parsed(self, project: Project, connection: Connection, query: Query) -> ParsedQuery:
        """Parse a query; one that does not fit the types as remembered is tried on them as they are now."""
        try:
            return parse_query(query, await self._types(project, connection, query.schema_name))
        except InvalidFilter:
            self._catalog.forget(project)
            return parse_query(query, await self._types(project, connection, query.schema_name))

    async def _types(self, project: Project, connection: Connection, schema_name: str | None) -> list[StoredType]:
        if schema_name is None:
            return await type_list(connection)
        return [(await self._catalog.get(project, connection, schema_name)).row]
