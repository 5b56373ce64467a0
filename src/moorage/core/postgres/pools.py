"""Opening asyncpg pools and connections with the codecs everybody here expects."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from moorage.core.postgres.address import Address

APPLICATION_NAME = "moorage"
CONNECT_TIMEOUT_SECONDS = 10.0
CLOSE_TIMEOUT_SECONDS = 5.0
STATEMENT_CACHE_SIZE = 100  # the driver's own default

# A pool says with a traceback, every few seconds, that the server is away; the calls that need it say so once each.
logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)

Connection = asyncpg.Connection
Pool = asyncpg.Pool
OnConnect = Callable[[Connection], Awaitable[None]]


@dataclass(frozen=True)
class PoolSize:
    """How a pool grows, shrinks and gives up; the numbers are those of the first founding design."""

    min_size: int = 0
    max_size: int = 5
    max_queries: int = 50_000
    idle_seconds: float = 300.0
    command_timeout_seconds: float = 60.0


class StatelessConnection(asyncpg.Connection):
    """A connection on which no session state is ever set, so that giving it back costs no round trip to reset it.

    Nothing may set any: behind a pooler the next statement runs in another session. An open transaction is rolled
    back all the same.
    """

    def get_reset_query(self) -> str:
        return ""


async def connect(address: Address, database: str) -> Connection:
    """Open one connection outside any pool, to the server itself; the caller closes it.

    Also where there is a pooler: creating, migrating and dropping databases need a session of their own.
    """
    connection = await asyncpg.connect(
        **address.connect_arguments(database),
        timeout=CONNECT_TIMEOUT_SECONDS,
        server_settings={"application_name": APPLICATION_NAME},
    )
    await _set_codecs(connection)
    return connection


@asynccontextmanager
async def connected(address: Address, database: str) -> AsyncGenerator[Connection]:
    """Lend what `connect` opens, and close it at the end."""
    connection = await connect(address, database)
    try:
        yield connection
    finally:
        await connection.close()


async def open_pool(
    address: Address, database: str, size: PoolSize, *, on_connect: OnConnect | None = None
) -> asyncpg.Pool:
    """Open a pool, through the pooler where there is one.

    Args:
        on_connect: sees each new connection once and may refuse it by raising.
    """

    async def prepare(connection: Connection) -> None:
        await _set_codecs(connection)
        if on_connect is not None:
            await on_connect(connection)

    return await asyncpg.create_pool(
        **(address.pooler or address).connect_arguments(database),
        min_size=size.min_size,
        max_size=size.max_size,
        max_queries=size.max_queries,
        max_inactive_connection_lifetime=size.idle_seconds,
        command_timeout=size.command_timeout_seconds,
        timeout=CONNECT_TIMEOUT_SECONDS,
        init=prepare,
        connection_class=StatelessConnection,
        # Behind a pooler a statement prepared by name stays in a session that serves others next.
        statement_cache_size=0 if address.pooler else STATEMENT_CACHE_SIZE,
        server_settings={"application_name": APPLICATION_NAME},
    )


async def close_pool(pool: Pool) -> None:
    """Close a pool; calls that hold a connection are given a moment to end, then it is taken from them.

    A server that is gone, or ends the sessions just now, is no reason to fail: nothing is asked of it any more.
    """
    try:
        await asyncio.wait_for(pool.close(), CLOSE_TIMEOUT_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):  # TimeoutError is an OSError
        pool.terminate()


async def _set_codecs(connection: Connection) -> None:
    """Read and write json and jsonb as Python values; the driver's default is text."""
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
