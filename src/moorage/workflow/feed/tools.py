"""The feed as an MCP tool, and as a resource that clients follow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from pydantic import Field

from moorage.core.shape import PROJECT_PLACE, READS, Resource, Tool
from moorage.projects.arguments import ProjectArgument, Resolve
from moorage.workflow.arguments import Moment
from moorage.workflow.feed.models import ChangePage, Subject
from moorage.workflow.feed.service import MAX_LIMIT, MAX_WAIT_SECONDS, ChangeFeed


class FeedTools:
    """The door: arguments in, service call, result out."""

    def __init__(self, feed: ChangeFeed, resolve: Resolve) -> None:
        self._feed = feed
        self._resolve = resolve

    def history(self) -> list[Tool]:
        """The tool of the profile of this name."""
        return [Tool(self.list_changes, title="Follow changes", **READS)]

    async def list_changes(
        self,
        cursor: Annotated[
            str | None,
            Field(description='next_cursor of the last page; "now" for what comes from here on; none: the oldest.'),
        ] = None,
        since: Annotated[Moment | None, Field(description="Instead of a cursor: begin at this time.")] = None,
        subjects: Annotated[list[Subject] | None, Field(description="Only changes of these.")] = None,
        schema_names: Annotated[list[str] | None, Field(description="Only of entities of these types.")] = None,
        limit: Annotated[int, Field(description="At most so many.", ge=1, le=MAX_LIMIT)] = 50,
        wait_seconds: Annotated[
            float, Field(description="Wait so long for the first when there is none.", ge=0, le=MAX_WAIT_SECONDS)
        ] = 0,
        project_name: ProjectArgument = None,
    ) -> ChangePage:
        """List what was done in a project, in order: on entities, links, comments, claims, types and deployments.

        Keep next_cursor and pass it the next time: each change comes exactly once.
        """
        return await self._feed.changes(
            await self._resolve(project_name),
            cursor,
            since=since,
            subjects=subjects,
            schema_names=schema_names,
            limit=limit,
            wait_seconds=wait_seconds,
        )


def changes_resource(feed: ChangeFeed, project_names: Callable[[], Awaitable[Sequence[str]]]) -> Resource:
    """Return the feed as something to follow.

    Args:
        project_names: those that the caller sees, as many as are fit for a list.
    """
    return Resource(
        address=f"moorage://workflow/{PROJECT_PLACE}/changes",
        name="changes",
        title="Changes of work items",
        description="What was done in the project last, the newest first; subscribe to hear of what comes.",
        read=feed.latest,
        watch=feed.watch,
        project_names=project_names,
    )
