"""Queries as MCP tools."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from moorage.core.shape import READS, Tool
from moorage.projects.arguments import ProjectArgument, Resolve
from moorage.workflow.querying.models import DEFAULT_LIMIT, MAX_LIMIT, Query, QueryResult, View
from moorage.workflow.querying.service import QueryService

Value = TypeVar("Value")
# May be left out, or null. The schema does not say the latter: of seven arguments that costs 80 tokens.
Optional = Value | SkipJsonSchema[None]


class QueryTools:
    """The door: arguments in, service call, result out."""

    def __init__(self, service: QueryService, resolve: Resolve) -> None:
        self._service = service
        self._resolve = resolve

    def core(self) -> list[Tool]:
        """The tools that every client sees."""
        return [Tool(self.query_entities, title="Query entities", **READS)]

    async def query_entities(
        self,
        schema_name: Annotated[Optional[str], Field(description="Only this type.", max_length=63)] = None,
        filters: Annotated[
            Optional[dict[str, Any]],
            Field(
                description='{"status": "pending", "due": {"lt": "2026-12-01"}, '
                '"or": [{"tags": {"contains": "x"}}, {}]}:'
                " eq ne in not_in gt gte lt lte contains prefix exists, and or not; a.b goes deeper;"
                " @state @open @priority @claimed_by @updated_at @deleted are the entity's own."
            ),
        ] = None,
        search: Annotated[Optional[str], Field(description='Words, "a phrase", -without.')] = None,
        meaning: Annotated[Optional[str], Field(description="What is alike in meaning comes first.")] = None,
        sort: Annotated[Optional[list[str]], Field(description="Fields; -field: largest first.")] = None,
        fields: Annotated[Optional[list[str]], Field(description="Only these.")] = None,
        view: Annotated[View, Field(description="full: with data.")] = "summary",
        limit: Annotated[int, Field(description="At most so many.", ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        cursor: Annotated[Optional[str], Field(description="next_cursor of the page before.")] = None,
        count: Annotated[bool, Field(description="Also return total.")] = False,
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
