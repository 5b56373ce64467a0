"""The projects as MCP tools."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from moorage.core.access import current_caller
from moorage.core.shape import READS, Tool
from moorage.projects.models import CreatedProject, DeletedProject, Project, ProjectPage, ProjectStats
from moorage.projects.service import ProjectService

Name = Annotated[str, Field(description="The project's name: 1 to 55 of a-z, 0-9 and underscore.")]
OptionalName = Annotated[
    str | None,
    Field(description="The project; left out where only one is served."),
]


class ProjectTools:
    """The door: arguments in, service call, result out."""

    def __init__(self, service: ProjectService) -> None:
        self._service = service

    def tools(self) -> list[Tool]:
        changes = {"read_only": False, "open_world": False, "needs_admin": True}
        return [
            Tool(self.list_projects, title="List projects", **READS),
            Tool(self.get_project, title="Get a project", **READS),
            Tool(self.project_stats, title="Size of a project", **READS),
            Tool(self.create_project, title="Create a project", destructive=False, idempotent=True, **changes),
            Tool(
                self.update_project, title="Change or archive a project", destructive=False, idempotent=True, **changes
            ),
            Tool(self.clone_project, title="Clone a project", destructive=False, idempotent=False, **changes),
            Tool(self.delete_project, title="Delete a project", destructive=True, idempotent=True, **changes),
        ]

    async def list_projects(
        self,
        after: Annotated[str, Field(description="Start behind this name: the previous page's next_after.")] = "",
        limit: Annotated[int, Field(description="At most this many projects, 1 to 200.", ge=1, le=200)] = 50,
    ) -> ProjectPage:
        """List the projects on this server, in the order of their names, with state, folder and description.

        Use it first when you do not know which project_name the other tools want.
        """
        return await self._service.list(after=after, limit=limit)

    async def get_project(self, project_name: OptionalName = None) -> Project:
        """Show one project: its database, state (creating, copying, ready, archived, moving, deleting), size, dates."""
        return await self._service.get(await self._service.resolve(project_name))

    async def project_stats(self, project_name: OptionalName = None) -> ProjectStats:
        """Measure one project: bytes of its database, tables by size, and its connections in use now."""
        return await self._service.stats(await self._service.resolve(project_name))

    async def create_project(
        self,
        name: Name,
        description: Annotated[str, Field(description="What the project is, for people and models.")] = "",
    ) -> CreatedProject:
        """Create a project with an isolated database of its own for code search and work items.

        Safe to repeat: an existing project is returned with created=false. Takes about a tenth of a second.
        """
        return await self._service.create(name, description=description, created_by=current_caller().name)

    async def update_project(
        self,
        project_name: Name,
        title: Annotated[str | None, Field(description="A line that people know it by; empty takes it away.")] = None,
        description: Annotated[str | None, Field(description="What the project is; empty takes it away.")] = None,
        archived: Annotated[
            bool | None, Field(description="true makes it read-only, still searchable; false lets it be written again.")
        ] = None,
    ) -> Project:
        """Change a project's title or description, archive it or unarchive it; what is left out stays as it is.

        Its name never changes. Archiving is refused while somebody works in the project.
        """
        return await self._service.lifecycle.change(
            project_name, title=title, description=description, archived=archived
        )

    async def clone_project(
        self,
        source: Annotated[str, Field(description="The name of the project that is copied.")],
        new_name: Annotated[str, Field(description="The copy's name: 1 to 55 of a-z, 0-9 and underscore.")],
    ) -> Project:
        """Make a project with all that another holds, index and work items: to try something without risk.

        Takes about a second for each gigabyte, while others wait for the source; refused while somebody works in it.
        """
        return await self._service.copies.clone(source, new_name)

    async def delete_project(
        self,
        project_name: Name,
        confirm: Annotated[str, Field(description="The project's name once more, to confirm.")],
        force: Annotated[bool, Field(description="Delete it even while somebody works in it.")] = False,
        backup: Annotated[bool, Field(description="Back it up first; when that fails, nothing is deleted.")] = False,
    ) -> DeletedProject:
        """Delete a project for good: its database with the code index and all work items. Cannot be undone.

        Refused while the project is in use, unless force is true.
        """
        return await self._service.delete(project_name, confirm=confirm, force=force, back_up_first=backup)
