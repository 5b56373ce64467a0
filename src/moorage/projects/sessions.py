"""Who is connected to a project's database: refused to be disturbed, sent away, or only let read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from moorage.core.postgres.errors import ObjectInUse, translated
from moorage.core.postgres.identifiers import quote_identifier
from moorage.core.postgres.pools import Connection
from moorage.projects import store
from moorage.projects.errors import ProjectInUse
from moorage.projects.models import DatabaseUser, Project
from moorage.projects.provisioning import Provisioner

# A Moorage process that worked in a project this long ago is probably in the middle of something.
BUSY_WITHIN = timedelta(seconds=5)
# One that has not spoken for this long is between two calls.
IDLE_FOR = timedelta(seconds=1)
END_AGAIN_SECONDS = 0.1


async def refuse_when_used(provisioner: Provisioner, project: Project) -> None:
    """Refuse while somebody works in the project; connections that Moorage processes keep open do not count.

    Raises:
        ProjectInUse: with the programs that are in it.
    """
    async with provisioner.maintenance() as server:
        users = await store.database_users(server, project.database_name, within=BUSY_WITHIN)
    if users:
        raise ProjectInUse(
            f"project {project.name!r} is in use: {_described(users)}",
            hint="End that work and repeat the call, or repeat it with force.",
            project_name=project.name,
        )


async def end_sessions(server: Connection, database_name: str, *, idle_for: timedelta | None = None) -> int:
    """End the sessions in a database that the login role may end, those of a pooler included; return how many.

    Args:
        idle_for: only Moorage's that have been idle for this long; None ends all, and their transactions roll back.
    """
    with translated(f"ending the sessions in {database_name!r}"):
        return await store.sessions_end(server, database_name, idle_for=idle_for)


@asynccontextmanager
async def kept_free(provisioner: Provisioner, project: Project, *, force: bool) -> AsyncGenerator[None]:
    """End sessions in a project for as long as PostgreSQL waits for it to be free, before it is copied or renamed.

    PostgreSQL keeps new ones waiting from then on, and gives those there are five seconds to leave.

    Args:
        force: all sessions; otherwise only Moorage's that are idle, so that nobody's work is lost.

    Raises:
        ProjectInUse: somebody did not leave in time.
    """
    idle_for = None if force else IDLE_FOR
    ending = asyncio.create_task(_end_again_and_again(provisioner, project.database_name, idle_for))
    try:
        yield
    except ObjectInUse as error:
        raise ProjectInUse(
            f"project {project.name!r} was in use for too long to be copied or replaced",
            hint="End that work and repeat the call, or repeat it with force.",
            project_name=project.name,
        ) from error
    finally:
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)


async def _end_again_and_again(provisioner: Provisioner, database_name: str, idle_for: timedelta | None) -> None:
    async with provisioner.maintenance() as server:
        while True:
            await end_sessions(server, database_name, idle_for=idle_for)
            await asyncio.sleep(END_AGAIN_SECONDS)


async def make_read_only(server: Connection, database_name: str) -> None:
    """Let PostgreSQL refuse writes in every session that begins from now on."""
    with translated(f"making {database_name!r} read-only"):
        await server.execute(f"ALTER DATABASE {quote_identifier(database_name)} SET default_transaction_read_only = on")


async def make_writable(server: Connection, database_name: str) -> None:
    """Take back `make_read_only`; sessions that are open stay as they are."""
    with translated(f"making {database_name!r} writable"):
        await server.execute(f"ALTER DATABASE {quote_identifier(database_name)} RESET default_transaction_read_only")


def _described(users: Sequence[DatabaseUser]) -> str:
    return ", ".join(f"{user.sessions} × {user.application_name or 'unnamed'} ({user.state})" for user in users)
