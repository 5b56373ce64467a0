"""Whether a project's row in the registry and its server agree: without entering its database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from moorage.core.shape import Finding, Severity
from moorage.operations.doctor.views import ServerView
from moorage.projects import store as registry_store
from moorage.projects.models import Project, ProjectState
from moorage.projects.service import ProjectService
from moorage.projects.sessions import make_read_only, make_writable
from moorage.projects.states import STANDING_STATES

ProjectCheck = Callable[[ServerView, Project], Iterator[Finding]]


def row_without_database(view: ServerView, project: Project) -> Iterator[Finding]:
    """The registry knows the project, its server does not have its database."""
    if project.state in STANDING_STATES and project.database_name not in view.databases:
        yield _finding(
            project,
            "row_without_database",
            Severity.ERROR,
            f"its database {project.database_name!r} is not on the server {project.server!r}",
            "Restore it from a backup (`moorage restore`), or forget it with `moorage project delete`.",
        )


def half_created(view: ServerView, project: Project) -> Iterator[Finding]:
    """A process that made the project ended before it was done."""

    async def finish() -> None:
        await ProjectService(view.connections).create(project.name, created_by=project.created_by)

    if project.state is ProjectState.CREATING and project.database_name in view.unattended:
        message = "its creation was interrupted"
        yield _finding(
            project, "half_created", Severity.ERROR, message, "Finishes creating it.", mend=finish, locks_itself=True
        )


def half_copied(view: ServerView, project: Project) -> Iterator[Finding]:
    """A restore or a clone ended before the registry was told; a database that is in place is whole.

    One that is to be archived was made read-only before it came into place.
    """
    database = view.databases.get(project.database_name)

    async def open_it() -> None:
        is_archived = database is not None and database.is_read_only
        await _set_state(view, project, ProjectState.ARCHIVED if is_archived else ProjectState.READY)

    async def forget_it() -> None:
        with view.connections.registry() as registry:
            await registry_store.project_discard(registry, [project.name])

    if project.state is ProjectState.COPYING and project.database_name in view.unattended:
        yield _finding(
            project,
            "half_copied",
            Severity.ERROR,
            "its restore or clone was interrupted " + ("when all was copied" if database else "in the middle"),
            "Opens it." if database else "Takes its row out of the registry; repeat the restore or the clone.",
            mend=open_it if database else forget_it,
        )


def half_moved(view: ServerView, project: Project) -> Iterator[Finding]:
    """A move ended before the registry was told of the new server; the project still is where it was."""

    async def stay() -> None:
        await _set_read_only(view, project, wanted=False)
        await _set_state(view, project, ProjectState.READY)

    if project.state is ProjectState.MOVING and project.database_name in view.unattended:
        yield _finding(
            project,
            "half_moved",
            Severity.ERROR,
            "its move to another server was interrupted, and it is read-only",
            f"Opens it where it is, on the server {project.server!r}; repeat the move.",
            mend=stay if project.database_name in view.databases else None,
        )


def half_deleted(view: ServerView, project: Project) -> Iterator[Finding]:
    """Somebody deleted the project, and the process ended before it was done."""

    async def finish() -> None:
        await ProjectService(view.connections).delete(project.name, confirm=project.name, force=True)

    if project.state is ProjectState.DELETING and project.database_name in view.unattended:
        yield _finding(
            project,
            "half_deleted",
            Severity.ERROR,
            "its deletion was interrupted",
            f"Finishes deleting it, as `moorage project delete {project.name}` does.",
            deletes_data=project.database_name in view.databases,
            mend=finish,
            locks_itself=True,
        )


def read_only_against_state(view: ServerView, project: Project) -> Iterator[Finding]:
    """Whether the database takes writes does not fit the state of the project."""
    database = view.databases.get(project.database_name)
    if database is None:
        return
    if project.state is ProjectState.ARCHIVED and not database.is_read_only:
        yield _read_only(
            view, project, "archived_but_writable", "it is archived, but its database takes writes", wanted=True
        )
    if project.state is ProjectState.READY and database.is_read_only:
        yield _read_only(
            view, project, "ready_but_read_only", "it is ready, but its database takes no writes", wanted=False
        )


CHECKS: tuple[ProjectCheck, ...] = (
    row_without_database,
    half_created,
    half_copied,
    half_moved,
    half_deleted,
    read_only_against_state,
)


def _finding(project: Project, code: str, severity: Severity, message: str, remedy: str, **more: Any) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        subject=f"project {project.name}",
        message=message,
        remedy=remedy,
        project_name=project.name,
        server=project.server,
        **more,
    )


def _read_only(view: ServerView, project: Project, code: str, message: str, *, wanted: bool) -> Finding:
    async def put_right() -> None:
        await _set_read_only(view, project, wanted=wanted)
        await _set_state(view, project, project.state)

    remedy = f"Makes its database {'read-only' if wanted else 'writable'}; connections made before are replaced."
    return _finding(project, code, Severity.ERROR, message, remedy, mend=put_right)


async def _set_read_only(view: ServerView, project: Project, *, wanted: bool) -> None:
    async with view.provisioner.maintenance() as server:
        await (make_read_only if wanted else make_writable)(server, project.database_name)


async def _set_state(view: ServerView, project: Project, state: ProjectState) -> None:
    """Move the project to a state unless it has gone on; also to the same one, which has connections replaced."""
    with view.connections.registry() as registry:
        await registry_store.project_set_state(registry, project.id, state, from_states=[project.state])
