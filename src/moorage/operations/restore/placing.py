"""Bringing a finished database under its project's name: into a free place, or in exchange for the one there is."""

from __future__ import annotations

from moorage.operations.restore import store as restore_store
from moorage.operations.restore.models import PlannedProject
from moorage.projects import store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project, ProjectState
from moorage.projects.sessions import make_read_only, refuse_when_used
from moorage.projects.staging import exchanged, put_in_place, refuse_foreign
from moorage.projects.states import not_ready


async def place_database(
    connections: ProjectConnectionManager, staging: str, planned: PlannedProject, *, force: bool
) -> Project:
    """Give the project its finished database; return its row as it is then.

    A database it has already takes the staging one's name in the same transaction, and is dropped with it.

    Args:
        force: also while somebody works in the project that is replaced.

    Raises:
        ProjectInUse, DatabaseTaken. ProjectNotReady: it was deleted meanwhile. The old one is in its place again then.
    """
    project = planned.project
    provisioner = connections.provisioner_of(project)
    if planned.living is not None:
        await connections.forget(planned.living)
        if not force:
            await refuse_when_used(provisioner, planned.living)
    async with provisioner.maintenance() as server:
        if project.state is ProjectState.ARCHIVED:
            await make_read_only(server, staging)
        if await store.database_state(server, project.database_name) is None:
            await put_in_place(server, staging, project)
            return await _enter(connections, planned)
    await refuse_foreign(provisioner, project)
    async with exchanged(provisioner, staging, project, force=True):
        await refuse_foreign(provisioner, project)  # it answers, and is the project's
        return await _enter(connections, planned)


async def _enter(connections: ProjectConnectionManager, planned: PlannedProject) -> Project:
    """Tell the registry that the project is whole: every process opens new connections to it."""
    project = planned.project
    before = ProjectState.COPYING if planned.living is None else project.state
    with connections.registry() as pool:
        async with pool.acquire() as registry, registry.transaction():
            await restore_store.tombstone_delete(registry, project.id)
            entered = await store.project_set_state(registry, project.id, project.state, from_states=[before])
            if entered is None:
                raise not_ready(await connections.find_project(project.name))
    return entered
