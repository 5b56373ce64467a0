"""May a project be written to now? Asked where writing begins, and again and again where it goes on for long."""

from __future__ import annotations

from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import QuotaExceeded
from moorage.projects.measuring import measure
from moorage.projects.models import Project, shown_size
from moorage.projects.states import read_only

# Above this share of its limit a project is measured anew; below, the size last measured will do.
NEAR = 0.8


async def find_writable(connections: ProjectConnectionManager, name: str) -> Project:
    """Return a project that a write may begin in.

    Raises:
        ProjectNotFound, ProjectNotReady, ProjectArchived.
        QuotaExceeded: it is as large as it may be, or larger.
    """
    project, limit = await _find(connections, name)
    size = project.database_bytes
    if limit is not None and (size is None or size >= NEAR * limit):
        _refuse_full(project, await measure(connections, project), limit)
    return project


async def refuse_unwritable(connections: ProjectConnectionManager, name: str) -> None:
    """Refuse as `find_writable` does, by its size now; for the next step of a write that is under way."""
    project, limit = await _find(connections, name)
    if limit is not None:
        _refuse_full(project, await measure(connections, project), limit)


async def _find(connections: ProjectConnectionManager, name: str) -> tuple[Project, int | None]:
    project = await connections.recall_project(name)
    if project.is_read_only:
        raise read_only(project)
    return project, project.max_bytes or connections.max_bytes


def _refuse_full(project: Project, size: int, limit: int) -> None:
    if size < limit:
        return
    raise QuotaExceeded(
        f"project {project.name!r} has {shown_size(size)} of the {shown_size(limit)} it may have",
        hint="Remove repositories from it, or let an administrator raise its limit: `moorage project quota`.",
        project_name=project.name,
        database_bytes=size,
        max_bytes=limit,
    )
