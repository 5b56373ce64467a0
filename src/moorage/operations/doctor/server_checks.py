"""What is wrong with a server as a whole: databases that belong to nobody, and the room that is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from moorage.core.postgres.identifiers import quote_identifier
from moorage.core.postgres.pools import APPLICATION_NAME
from moorage.core.shape import Finding, Severity
from moorage.operations.doctor import store, views
from moorage.operations.doctor.views import ServerView
from moorage.projects import store as registry_store
from moorage.projects.models import DATABASE_PREFIX, MAIN_SERVER
from moorage.projects.provisioning import TEMPLATE_PREFIX, drop_database
from moorage.projects.staging import STAGING_PREFIX

ServerCheck = Callable[[ServerView], Iterator[Finding]]

# Above this share a program that opens one more pool is refused; each Moorage process takes a quarter.
NEAR_LIMIT = 0.9


def databases_without_row(view: ServerView) -> Iterator[Finding]:
    """Databases named like a project's, which the registry does not place here."""
    for name in view.databases:
        known = view.rows.get(name)
        if not name.startswith(DATABASE_PREFIX) or (known and known.server == view.server):
            continue
        where = "" if view.server == MAIN_SERVER else f" --server {view.server}"
        if known:
            message = f"the registry has project {known.name!r} on the server {known.server!r}, not here"
            remedy = f"If it is what a move left over: moorage doctor --drop {name}{where}"
        else:
            message = "no project in the registry has this database"
            remedy = f"moorage doctor --adopt {name}{where} makes it a project again; --drop deletes it."
        yield _finding(view, "database_without_row", Severity.WARNING, f"database {name}", message, remedy)


def abandoned_staging(view: ServerView) -> Iterator[Finding]:
    """Databases that a restore, a clone or a move was at when it was killed.

    One that says whose it is may be what the project held before it was replaced, so a person decides.
    """
    for name in view.databases:
        if name.startswith(STAGING_PREFIX) and name in view.unattended:
            is_owned = name in view.with_owner
            yield _finding(
                view,
                "staging_left_behind",
                Severity.WARNING,
                f"database {name}",
                "a restore, clone or move that was killed left it behind"
                + (": a copy of a project, or what the project held before" if is_owned else ", half full"),
                "Drops it.",
                deletes_data=is_owned,
                mend=lambda name=name: _drop_staging(view, name),
            )


def old_templates(view: ServerView) -> Iterator[Finding]:
    """Templates of other versions; a program that needs one makes it again in a second."""
    for name in view.databases:
        if name.startswith(TEMPLATE_PREFIX) and name != view.provisioner.template_name:
            yield _finding(
                view,
                "template_of_another_version",
                Severity.INFO,
                f"database {name}",
                "new projects of this version are not made from it",
                "Drops it; it holds no data, and a version that needs it makes it again.",
                mend=lambda name=name: _drop_template(view, name),
            )


def roles_without_project(view: ServerView) -> Iterator[Finding]:
    """Roles that were made for projects which are gone, or are on another server now."""
    living = {project.name for project in view.projects}
    for role, project_name in view.roles.items():
        if project_name not in living:
            yield _finding(
                view,
                "role_without_project",
                Severity.INFO,
                f"role {role}",
                f"it was made for project {project_name!r}, which is not on this server",
                "Drops the role; who was granted it keeps their login.",
                mend=lambda role=role: _drop_role(view, role),
            )


def idle_in_transaction(view: ServerView) -> Iterator[Finding]:
    """Sessions that keep a transaction open: what they locked stays locked, what was deleted is not cleaned up."""
    for session in view.idle_sessions:

        async def end(pid: int = session.pid) -> None:
            async with view.provisioner.maintenance() as server:
                await store.session_end(server, pid, longer_than=views.IDLE_IN_TRANSACTION)

        yield _finding(
            view,
            "idle_in_transaction",
            Severity.WARNING,
            f"session {session.pid}",
            f"{APPLICATION_NAME} has a transaction open in {session.database_name} and has done nothing"
            f" for {session.seconds // 60} minutes",
            "Ends the session; its transaction rolls back.",
            mend=end,
        )


def connections_near_limit(view: ServerView) -> Iterator[Finding]:
    """The server will soon refuse connections."""
    if view.connections_used >= NEAR_LIMIT * view.connections_most:
        yield _finding(
            view,
            "connections_near_limit",
            Severity.WARNING,
            f"server {view.server}",
            f"{view.connections_used} of {view.connections_most} connections are in use",
            "Raise max_connections, lower connections.budget, or put a pooler in front.",
        )


def vectors_unavailable(view: ServerView) -> Iterator[Finding]:
    """The server has no pgvector to install."""
    if view.vector_version is None:
        yield _finding(
            view,
            "vectors_unavailable",
            Severity.INFO,
            f"server {view.server}",
            "pgvector is not installed on it; code is searched by words alone",
            "Install the package of pgvector for this PostgreSQL, then run the doctor again.",
        )


CHECKS: tuple[ServerCheck, ...] = (
    databases_without_row,
    abandoned_staging,
    old_templates,
    roles_without_project,
    idle_in_transaction,
    connections_near_limit,
    vectors_unavailable,
)


def _finding(
    view: ServerView, code: str, severity: Severity, subject: str, message: str, remedy: str, **more: Any
) -> Finding:
    return Finding(
        code=code, severity=severity, subject=subject, message=message, remedy=remedy, server=view.server, **more
    )


async def _drop_staging(view: ServerView, name: str) -> None:
    """Drop a staging database under its lock, which whoever fills it would hold."""
    async with view.provisioner.registry_transaction() as registry:
        if await registry_store.staging_is_unlocked_in(registry, name):
            await _drop(view, name)


async def _drop_template(view: ServerView, name: str) -> None:
    async with view.provisioner.registry_transaction() as registry:
        await registry_store.template_lock_in(registry, view.server)
        await _drop(view, name)


async def _drop_role(view: ServerView, role: str) -> None:
    async with view.provisioner.maintenance() as server:
        await server.execute(f"DROP ROLE IF EXISTS {quote_identifier(role)}")


async def _drop(view: ServerView, name: str) -> None:
    async with view.provisioner.maintenance() as server:
        await drop_database(server, name)
