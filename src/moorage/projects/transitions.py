"""Taking a project from one state to the next in the registry, by which all processes learn of it."""

from __future__ import annotations

from collections.abc import Sequence

from moorage.projects import store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project, ProjectState
from moorage.projects.states import not_ready


async def enter(
    connections: ProjectConnectionManager, project: Project, state: ProjectState, *, from_states: Sequence[ProjectState]
) -> Project:
    """Move a project to `state` and return it; connections made before are replaced.

    Raises:
        ProjectNotReady: it is in none of `from_states` any more, as when it is being deleted. ProjectNotFound.
    """
    with connections.registry() as registry:
        entered = await store.project_set_state(registry, project.id, state, from_states=from_states)
    if entered is None:
        raise not_ready(await connections.find_project(project.name))
    return entered
