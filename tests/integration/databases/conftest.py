"""What tests of SQL over many databases stand on: a database of somebody else's, and the superuser's look into it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from moorage.core.postgres.address import Address
from moorage.core.postgres.pools import Connection
from tests.support.many_databases import FreshDatabase, fresh_database, superuser_of


@pytest.fixture
async def bench(address: Address) -> AsyncIterator[FreshDatabase]:
    """A fresh database with the schema `bench`, an owner and a reader."""
    async with fresh_database(address) as made:
        yield made


@pytest.fixture
async def superuser(bench: FreshDatabase) -> AsyncIterator[Connection]:
    """The superuser, connected to the database `bench`."""
    connection = await superuser_of(bench)
    yield connection
    await connection.close()
