"""The life of a project between its making and its end: read-only and back, what it is called, what it may take."""

from __future__ import annotations

from datetime import timedelta

from moorage.core.errors import InvalidInput
from moorage.core.postgres.errors import AlreadyThere
from moorage.projects import store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.describing import check_description, check_title
from moorage.projects.errors import FolderTaken
from moorage.projects.models import Project, ProjectState
from moorage.projects.sessions import end_sessions, make_read_only, make_writable, refuse_when_used
from moorage.projects.states import STANDING_STATES, standing
from moorage.projects.transitions import enter


class ProjectLifecycle:
    """Archive and unarchive projects, say what they are, limit them.

    The database changes first and the registry second; repeating a call finishes what a crash cut off between them.
    """

    def __init__(self, connections: ProjectConnectionManager) -> None:
        self._connections = connections

    async def archive(self, name: str, *, force: bool = False) -> Project:
        """Make a project read-only for everybody; PostgreSQL refuses what would write.

        Args:
            force: also while somebody works in it; their transactions roll back.

        Raises:
            ProjectNotFound, ProjectInUse.
            ProjectNotReady: it is being made, moved or deleted.
        """
        async with self._connections.provisioner.claimed(name):
            project = standing(await self._connections.find_project(name))
            provisioner = self._connections.provisioner_of(project)
            await self._connections.forget(project)
            if not force:
                await refuse_when_used(provisioner, project)
            async with provisioner.maintenance() as server:
                await make_read_only(server, project.database_name)
                archived = await enter(self._connections, project, ProjectState.ARCHIVED, from_states=STANDING_STATES)
                await end_sessions(server, project.database_name)
        return archived

    async def unarchive(self, name: str) -> Project:
        """Let an archived project be written to again; who reads just now is not disturbed.

        Raises:
            ProjectNotFound, ProjectNotReady, ProjectInUse.
        """
        async with self._connections.provisioner.claimed(name):
            project = standing(await self._connections.find_project(name))
            async with self._connections.provisioner_of(project).maintenance() as server:
                await make_writable(server, project.database_name)
                ready = await enter(self._connections, project, ProjectState.READY, from_states=STANDING_STATES)
                await end_sessions(server, project.database_name, idle_for=timedelta(0))
        return ready

    async def edit(
        self, name: str, *, title: str | None = None, description: str | None = None, folder: str | None = None
    ) -> Project:
        """Change what is said of a project, and the folder it belongs to; its name never changes.

        Args:
            title, description, folder: None leaves it as it is, "" clears it.

        Raises:
            ProjectNotFound, InvalidInput.
            FolderTaken: another project has that folder.
        """
        check_title(title)
        check_description(description)
        project = await self._connections.find_project(name)
        try:
            with self._connections.registry() as registry:
                edited = await store.project_edit(
                    registry, project.id, title=title, description=description, folder=folder
                )
        except AlreadyThere as error:
            raise FolderTaken(
                f"the folder {folder} belongs to another project",
                hint="moorage project list shows it; take it away from that one with --no-folder first.",
            ) from error
        return edited or await self._connections.find_project(name)

    async def change(
        self, name: str, *, title: str | None = None, description: str | None = None, archived: bool | None = None
    ) -> Project:
        """Do what `edit`, `archive` and `unarchive` do in one call; when one is refused, nothing is changed.

        Raises:
            As those.
        """
        check_title(title)
        check_description(description)
        if archived is not None:
            await (self.archive(name) if archived else self.unarchive(name))
        return await self.edit(name, title=title, description=description)

    async def limit(self, name: str, *, max_bytes: int | None = None, max_connections: int | None = None) -> Project:
        """Change how much a project may take; the calls to come, of every process, are held to it.

        Args:
            max_bytes, max_connections: None leaves the limit as it is, 0 takes it away: then the settings' hold.

        Raises:
            ProjectNotFound, InvalidInput.
        """
        for field, value in (("max_bytes", max_bytes), ("max_connections", max_connections)):
            if value is not None and value < 0:
                raise InvalidInput(f"{field} {value} is negative", hint="Use 0 for no limit.", field=field)
        project = await self._connections.find_project(name)
        with self._connections.registry() as registry:
            limited = await store.project_limit(
                registry, project.id, max_bytes=max_bytes, max_connections=max_connections
            )
        return limited or await self._connections.find_project(name)
