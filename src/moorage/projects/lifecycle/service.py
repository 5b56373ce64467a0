"""The life of a project between its making and its end: read-only and back, what it is called, what it may take."""

from __future__ import annotations

from moorage.projects import store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project, ProjectState
from moorage.projects.sessions import end_sessions, make_read_only, make_writable, refuse_when_used
from moorage.projects.states import STANDING_STATES, standing


class ProjectLifecycle:
    """Archive and unarchive projects; each step is safe to repeat after a crash."""

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
        return await self._turn(name, ProjectState.ARCHIVED, force=force)

    async def unarchive(self, name: str) -> Project:
        """Let an archived project be written to again.

        Raises:
            ProjectNotFound, ProjectNotReady.
        """
        return await self._turn(name, ProjectState.READY, force=True)

    async def _turn(self, name: str, state: ProjectState, *, force: bool) -> Project:
        """Change the database first, the registry second; repeating the call finishes what a crash cut off."""
        project = standing(await self._connections.find_project(name))
        provisioner = self._connections.provisioner_of(project)
        await self._connections.forget(project)
        if not force:
            await refuse_when_used(provisioner, project)
        async with provisioner.locked(project), provisioner.maintenance() as server:
            change = make_read_only if state is ProjectState.ARCHIVED else make_writable
            await change(server, project.database_name)
            turned = await self._enter(project, state)
            await end_sessions(server, project.database_name)
        return turned

    async def _enter(self, project: Project, state: ProjectState) -> Project:
        with self._connections.registry() as registry:
            entered = await store.project_set_state(registry, project.id, state, from_states=STANDING_STATES)
        return entered or standing(await self._connections.find_project(project.name))
