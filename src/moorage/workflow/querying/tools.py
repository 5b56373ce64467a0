"""Queries as MCP tools."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from moorage.core.shape import Tool
from moorage.projects.arguments import ProjectArgument, Resolve
from moorage.workflow.querying.models import DEFAULT_LIMIT, MAX_LIMIT, Query, QueryResult, View
from moorage.workflow.querying.service import QueryService


class QueryTools:
    """The door: arguments in, service call, result out."""

    def __init__(self, service: QueryService, resolve: Resolve) -> None:
        self._service = service
        self._resolve = resolve

    def core(self) -> list[Tool]:
        """The tools that every client sees."""
        reads = {"read_only": True, "destructive": False, "idempotent": True, "open_world": False}
        return [Tool(self.query_entities, title="Query entities", **reads)]

    async def query_entities(
        self,
        schema_name: Annotated[str | None, Field(description="Only this type.", max_length=63)] = None,
        filters: Annotated[
            dict[str, Any] | None,
            Field(
                description='{"status": "open", "due": {"lt": "2026-12-01"}, "or": [{"tags": {"contains": "x"}}, {}]};'
                " operators: eq ne in not_in gt gte lt lte contains prefix exists; groups: and or not;"
                " a.b goes deeper; own fields: @state @open @claimed_by @updated_at @deleted ..."
            ),
        ] = None,
        search: Annotated[str | None, Field(description='Words, "a phrase", -without.')] = None,
        meaning: Annotated[str | None, Field(description="Nearest in meaning to this text first.")] = None,
        sort: Annotated[list[str] | None, Field(description="Fields; -field: largest first.")] = None,
        fields: Annotated[list[str] | None, Field(description="Only these fields.")] = None,
        view: View = "summary",
        limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        cursor: Annotated[str | None, Field(description="next_cursor of the page before.")] = None,
        count: Annotated[bool, Field(description="Count all, too.")] = False,
        project_name: ProjectArgument = None,
    ) -> QueryResult:
        """Find work items by fields, words or meaning; newest change first, key, title, state and version of each."""
        query = Query(
            schema_name=schema_name,
            filters=filters or {},
            search=search,
            meaning=meaning,
            sort=None if sort is None else tuple(sort),
            fields=None if fields is None else tuple(fields),
            view=view,
            limit=limit,
            cursor=cursor,
            count=count,
        )
        return await self._service.query(await self._resolve(project_name), query)
