"""A backup of the embedded PostgreSQL put back on an older server without pgvector, and the way back."""

from __future__ import annotations

from pathlib import Path

from moorage.operations.backup.taking import take_backup
from moorage.operations.restore.models import Request
from moorage.operations.restore.restoring import restore_backup
from moorage.operations.settings import BackupSettings
from moorage.projects.service import ProjectService

ADD = "INSERT INTO workflow.entity_schemas (schema_name, schema_definition, key_prefix) VALUES ('kind', '{}', 'K')"


async def test_a_backup_goes_to_another_server_and_back(connections, project, house, name: str, tmp_path: Path):
    """pg_restore 18 tells PostgreSQL 15 of a setting that it does not know."""
    async with connections.get_project_connection(project.name) as connection:
        await connection.execute(ADD)
    backup = await take_backup(connections, tmp_path, names=[project.name])
    theirs = house.ground.connections
    there = await restore_backup(theirs, backup.folder, Request((project.name,)), settings=BackupSettings())
    assert [each.outcome for each in there.projects] == ["restored"]
    second = await take_backup(theirs, tmp_path, names=[project.name])
    request = Request((project.name,), new_name=f"{name}_back")
    back = await restore_backup(connections, second.folder, request, settings=BackupSettings())
    assert back.projects[0].rows == there.projects[0].rows
    for manager, each in ((theirs, project.name), (connections, f"{name}_back")):
        await ProjectService(manager).delete(each, confirm=each, force=True)
