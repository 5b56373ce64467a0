"""Tests against a real PostgreSQL: durable enough for a test, and so several times faster."""

from __future__ import annotations

import asyncio

import pytest

from moorage.core.postgres.address import Address
from moorage.core.postgres.pools import connect

# Crashes of the machine are not tested. Crashes of processes are, and need none of these:
# https://www.postgresql.org/docs/current/non-durability.html
NOT_NEEDED = ("fsync", "synchronous_commit", "full_page_writes")


@pytest.fixture(scope="session", autouse=True)
def without_durability(address: Address) -> None:
    """Spare the disk: most of the time of a test is otherwise the making and dropping of its database."""

    async def spare() -> None:
        connection = await connect(address, "postgres")
        for setting in NOT_NEEDED:
            await connection.execute(f"ALTER SYSTEM SET {setting} = off")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.close()

    asyncio.run(spare())
