"""Entities that were there before types had rules and entities had histories are kept, and can be worked with."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from moorage.core.postgres.migrations import migrate
from moorage.core.postgres.pools import connected
from moorage.workflow.lines import LINE
from moorage.workflow.service import make_service
from moorage.workflow.settings import WorkflowSettings

TYPES = """
    INSERT INTO workflow.entity_schemas (schema_name, schema_definition, version)
    VALUES
        ('vendor', '{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}', 2),
        ('_note', '{"type": "object", "properties": {"title": {"type": "string"}}}', 1),
        ('note', '{"type": "object"}', 1)
"""
ENTITIES = """
    INSERT INTO workflow.entities (schema_name, data, version, created_by, deleted_at)
    VALUES
        ('vendor', '{"name": "Ropes & Sons"}', 3, 'ada', NULL),
        ('_note', '{"title": 7}', 1, 'ada', NULL),
        ('_note', '{"title": "Gone"}', 2, 'ada', now()),
        ('note', '{"title": "No title by its schema"}', 1, 'ada', NULL)
"""
TOLD = "SELECT data, title, version, deleted_at IS NOT NULL AS is_deleted FROM workflow.entities"


@pytest.fixture
async def older(address, project, tmp_path: Path):
    """A project whose tables of work items are those of the first revision, with rows in them."""
    shutil.copy(LINE.path / f"{LINE.revisions[0]}.py", tmp_path)
    async with connected(address, project.database_name) as connection:
        await connection.execute("DROP SCHEMA workflow CASCADE")
        await migrate(address, project.database_name, (replace(LINE, folder=str(tmp_path)),))
        await connection.execute(TYPES)
        await connection.execute(ENTITIES)
    return project


async def test_entities_of_older_tables_are_kept_with_titles_and_the_version_they_had(address, older):
    await migrate(address, older.database_name, (LINE,))
    async with connected(address, older.database_name) as connection:
        told = {(row["title"], row["version"], row["is_deleted"]) for row in await connection.fetch(TOLD)}
    assert told == {("Ropes & Sons", 3, False), ("", 1, False), ("Gone", 2, True)}


async def test_entities_of_older_tables_are_read_changed_and_added_to(address, older, connections):
    await migrate(address, older.database_name, (LINE,))
    service = make_service(connections, WorkflowSettings())
    async with connections.connection_to(older) as connection:
        key = await connection.fetchval("SELECT key FROM workflow.entities WHERE schema_name = 'vendor'")
    changed = await service.entities.update(older.name, key, {"name": "Ropes"}, expected_version=3)
    assert (changed.entity.version, changed.entity.schema_version, changed.entity.title) == (4, 2, "Ropes")
    made = await service.entities.create(older.name, "_note", {"title": "New"})
    async with connections.connection_to(older) as connection:
        assert await connection.fetchval("SELECT count(*) FROM workflow.entities WHERE key = $1", made.entity.key) == 1
        versions = await connection.fetch(
            "SELECT version FROM workflow.entity_versions WHERE entity_id = $1 ORDER BY version", changed.entity.id
        )
    assert [row["version"] for row in versions] == [3, 4]
