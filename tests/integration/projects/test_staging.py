"""Databases in the making, and what no copy of a database takes along."""

from __future__ import annotations

import pytest

from moorage.core.postgres.pools import connect
from moorage.projects.staging import set_database_settings
from moorage.projects.store import database_settings

SETTINGS = ["hnsw.ef_search=150", 'search_path="$user", public, "odd, ""name"""', "work_mem=64MB"]


@pytest.fixture
async def own(project, address):
    """A connection to a project's database."""
    connection = await connect(address, project.database_name)
    yield connection
    await connection.close()


async def test_a_database_gets_the_settings_of_another_also_lists_and_those_of_extensions(own, project):
    await set_database_settings(own, SETTINGS)
    assert await database_settings(own, project.database_name) == SETTINGS


async def test_new_sessions_work_with_the_settings(own, project, address):
    await set_database_settings(own, SETTINGS)
    session = await connect(address, project.database_name)
    try:
        assert await session.fetchval("SHOW search_path") == SETTINGS[1].partition("=")[2]
        assert await session.fetchval("SHOW hnsw.ef_search") == "150"
    finally:
        await session.close()


async def test_a_value_that_looks_like_sql_is_only_a_value(own, project):
    value = "application_name=x'; DROP SCHEMA moorage CASCADE; --"
    await set_database_settings(own, [value])
    assert await database_settings(own, project.database_name) == [value]


async def test_that_a_database_is_read_only_is_no_setting_to_copy(own, project):
    await own.execute(f"ALTER DATABASE {project.database_name} SET default_transaction_read_only = on")
    assert await database_settings(own, project.database_name) == []
