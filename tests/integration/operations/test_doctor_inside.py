"""What the doctor finds inside a project's database, each broken for real."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from moorage.codebase.diagnosing import CodebaseDiagnoses
from moorage.codebase.service import CodebaseService
from moorage.codebase.settings import CodebaseSettings
from moorage.core.embedding.builtin import BuiltinEmbedder
from moorage.core.postgres.errors import ServerUnavailable, translated
from moorage.core.postgres.migrations import migrate
from moorage.core.postgres.pools import connect
from moorage.operations.doctor import views
from moorage.operations.doctor.examination import Doctor
from moorage.operations.doctor.expected_indexes import expected_indexes
from moorage.operations.doctor.mending import Outcome, treat
from moorage.projects import staging
from moorage.projects.lifecycle.service import ProjectLifecycle
from moorage.projects.models import Project
from moorage.systems import LINES
from tests.support.doctoring import found, mended
from tests.unit.codebase.repositories import ISOLATED, make_folder

ROWS = 20_000


@pytest.fixture
def doctor(connections) -> Doctor:
    return Doctor(connections, CodebaseDiagnoses(connections).all)


@pytest.fixture
async def own(project: Project, address):
    """A connection to the project's database, from which a test meddles."""
    connection = await connect(address, project.database_name)
    yield connection
    await connection.close()


@pytest.fixture
async def indexed(connections, project, tmp_path: Path, monkeypatch) -> None:
    """The project has a repository of two files."""
    for variable, value in ISOLATED.items():
        monkeypatch.setenv(variable, value)
    folder = make_folder(tmp_path / "port", {f"f{n}.py": f"def ship{n}():\n    return {n}\n" for n in range(2)})
    codebase = CodebaseService(connections, BuiltinEmbedder(), CodebaseSettings(), tmp_path / "clones")
    try:
        await codebase.index_repository(project.name, str(folder), wait_seconds=30.0)
    finally:
        await codebase.close()


async def test_an_indexed_project_is_sound(doctor, project, indexed):
    assert await found(doctor, project.name) == {}


async def test_two_databases_that_were_swapped_are_both_found(doctor, connections, projects, project, name, admin):
    other = await projects.create(f"{name}_b", created_by="test")
    for each in (project, other):
        await connections.forget(each)
    swapped = ((project.database_name, f"{name}_away"), (other.database_name, project.database_name))
    for old, new in (*swapped, (f"{name}_away", other.database_name)):
        await admin.execute(f'ALTER DATABASE "{old}" RENAME TO "{new}"')
    findings = await found(doctor, f"project {other.name}")
    assert findings.keys() == {"identity_mismatch"}
    assert f"the data of project {project.name!r}" in findings["identity_mismatch"].message
    assert findings["identity_mismatch"].mend is None
    await projects.delete(other.name, confirm=other.name, force=True)


async def test_a_database_that_says_nothing_of_whose_it_is_is_found(doctor, project, own):
    await own.execute("DELETE FROM moorage.identity")
    assert (await found(doctor, project.name)).keys() == {"identity_mismatch"}
    await own.execute("DROP SCHEMA moorage CASCADE")
    assert (await found(doctor, project.name)).keys() == {"identity_mismatch"}


async def test_a_lost_schema_is_found_and_never_made_anew(doctor, project, own):
    await own.execute("DROP SCHEMA workflow CASCADE")
    findings = await found(doctor, project.name)
    assert findings.keys() == {"schema_lost"}
    assert findings["schema_lost"].mend is None


async def test_older_tables_are_migrated(doctor, project, own):
    await own.execute("DROP SCHEMA workflow CASCADE; DELETE FROM moorage.lines WHERE name = 'workflow'")
    assert await mended(doctor, project.name, "needs_migration") == {}


async def test_newer_tables_are_left_to_a_newer_program(doctor, project, own):
    await own.execute("UPDATE workflow.schema_version SET version_num = '20990101_01_future'")
    findings = await found(doctor, project.name)
    assert findings.keys() == {"schema_newer"}
    assert findings["schema_newer"].mend is None


async def test_every_index_of_a_fresh_project_is_expected_and_no_other(project, own):
    rows = await own.fetch("""
        SELECT i.schemaname, i.indexname FROM pg_indexes AS i
        WHERE i.schemaname IN ('moorage', 'codebase', 'workflow')
          AND NOT EXISTS (SELECT 1 FROM pg_constraint AS k WHERE k.conname = i.indexname)
    """)
    assert {(each.schema_name, each.name) for each in expected_indexes(LINES)} == {tuple(row) for row in rows}


@pytest.mark.parametrize("index", ["code_chunks_by_file", "index_jobs_one_at_a_time", "code_chunks_by_symbol"])
async def test_a_missing_index_is_made_as_the_migrations_make_it(doctor, project, own, index: str):
    definition = "SELECT indexdef FROM pg_indexes WHERE indexname = $1"
    before = await own.fetchval(definition, index)
    await own.execute(f"DROP INDEX codebase.{index}")
    assert await mended(doctor, project.name, "index_missing") == {}
    assert await own.fetchval(definition, index) == before


async def test_an_invalid_index_is_built_again(doctor, project, own):
    await own.execute(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'codebase.code_chunks_by_file'::regclass"
    )
    assert await mended(doctor, project.name, "index_invalid") == {}


async def test_what_an_interrupted_reindex_left_is_dropped(doctor, project, own):
    await own.execute("CREATE INDEX code_chunks_by_file_ccnew ON codebase.code_chunks (file_path)")
    await own.execute(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'codebase.code_chunks_by_file_ccnew'::regclass"
    )
    assert await mended(doctor, project.name, "index_invalid") == {}
    assert await own.fetchval("SELECT to_regclass('codebase.code_chunks_by_file_ccnew')") is None


async def fill(own) -> None:
    await own.execute("ALTER TABLE codebase.postings SET (autovacuum_enabled = off)")
    await own.execute(f"""
        INSERT INTO codebase.postings (word, segment_id, chunk_count, positions, body, names)
        SELECT 'w', n, 1, '', '', '' FROM generate_series(1, {ROWS}) AS n
    """)


async def test_a_table_the_planner_knows_nothing_of_is_analysed(doctor, project, own):
    await fill(own)
    await own.execute("SELECT pg_stat_force_next_flush()")
    assert await mended(doctor, project.name, "table_never_analysed") == {}


async def test_a_project_used_today_is_left_to_postgresql_itself(doctor, connections, project, own):
    await fill(own)
    await own.execute("SELECT pg_stat_force_next_flush()")
    async with connections.get_project_connection(project.name):
        pass
    await connections.write_down_usage()
    assert "table_never_analysed" not in await found(doctor, project.name)


async def test_a_table_full_of_dead_rows_is_vacuumed(doctor, project, own):
    await fill(own)
    await own.execute("DELETE FROM codebase.postings WHERE segment_id > 10")
    await own.execute("SELECT pg_stat_force_next_flush()")
    assert await mended(doctor, project.name, "table_bloated") == {}


async def test_a_project_above_its_limit_is_found(doctor, connections, project):
    await connections.registry_pool.execute("UPDATE projects SET max_bytes = 1000 WHERE id = $1", project.id)
    assert (await found(doctor, project.name)).keys() == {"quota_exceeded"}


async def test_the_limit_of_the_settings_counts_as_it_does_for_writing(doctor, connections, project, own, monkeypatch):
    size = await own.fetchval("SELECT pg_database_size(current_database())")
    monkeypatch.setattr(connections, "max_bytes", size)
    assert (await found(doctor, project.name)).keys() == {"quota_exceeded"}


async def test_a_lost_extension_is_added(doctor, project, own):
    await own.execute("DROP EXTENSION vector")
    assert await mended(doctor, project.name, "vectors_missing") == {}


async def test_an_older_extension_is_updated(doctor, project, own):
    await own.execute("UPDATE pg_extension SET extversion = '0.8.4' WHERE extname = 'vector'")
    assert await mended(doctor, project.name, "vectors_outdated") == {}


async def test_an_archived_project_is_mended_without_being_opened(doctor, connections, project, own):
    await own.execute("DROP INDEX codebase.code_chunks_by_file")
    await ProjectLifecycle(connections).archive(project.name, force=True)
    assert await mended(doctor, project.name, "index_missing") == {}


async def test_a_session_that_idles_in_a_transaction_is_ended(doctor, own, admin, monkeypatch):
    monkeypatch.setattr(views, "IDLE_IN_TRANSACTION", timedelta(0))
    pid = await own.fetchval("SELECT pg_backend_pid()")
    await own.execute("BEGIN")
    finding = (await found(doctor, f"session {pid}"))["idle_in_transaction"]
    assert (await treat(doctor, finding)).outcome is Outcome.MENDED
    with pytest.raises(ServerUnavailable), translated("asking"):
        await own.execute("SELECT 1")


async def test_a_session_that_waits_under_a_lock_of_its_own_is_at_work(doctor, own, monkeypatch):
    monkeypatch.setattr(views, "IDLE_IN_TRANSACTION", timedelta(0))
    pid = await own.fetchval("SELECT pg_backend_pid()")
    async with own.transaction():
        await own.execute("SELECT pg_advisory_xact_lock(7)")
        assert await found(doctor, f"session {pid}") == {}


async def test_a_changed_collation_has_the_indexes_built_again(doctor, connections, project, address, admin, own):
    """PostgreSQL's own locale has a version as ICU's have: https://www.postgresql.org/docs/current/locale.html"""
    await own.close()
    await connections.forget(project)
    await admin.execute(f'DROP DATABASE "{project.database_name}"')
    await admin.execute(
        f'CREATE DATABASE "{project.database_name}" TEMPLATE template0 LOCALE_PROVIDER builtin'
        " BUILTIN_LOCALE 'C.UTF-8'"
    )
    await admin.execute(f'REVOKE CONNECT ON DATABASE "{project.database_name}" FROM PUBLIC')
    await migrate(address, project.database_name, LINES)
    await staging.write_identity(connections.provisioner, project.database_name, project)
    await admin.execute("UPDATE pg_database SET datcollversion = '0' WHERE datname = $1", project.database_name)
    assert "collation_changed" not in await mended(doctor, project.name, "collation_changed")


async def test_a_dead_run_that_nobody_takes_up_is_ended(doctor, project, indexed, own):
    await own.execute("UPDATE codebase.repositories SET indexing_status = 'in_progress'")
    await own.execute("""
        INSERT INTO codebase.index_jobs (repository_id, runner, lease_until)
        SELECT id, gen_random_uuid(), now() - interval '1 hour' FROM codebase.repositories
    """)
    assert await mended(doctor, project.name, "index_run_dead") == {}
    assert await own.fetchval("SELECT indexing_status FROM codebase.repositories") == "completed"


async def test_a_run_whose_runner_just_died_is_left_to_who_asks_next(doctor, project, indexed, own):
    await own.execute("""
        INSERT INTO codebase.index_jobs (repository_id, runner, lease_until)
        SELECT id, gen_random_uuid(), now() - interval '1 minute' FROM codebase.repositories
    """)
    assert await found(doctor, project.name) == {}


async def test_a_status_without_a_run_is_put_right(doctor, project, indexed, own):
    await own.execute("UPDATE codebase.repositories SET indexing_status = 'in_progress'")
    assert await mended(doctor, project.name, "index_run_dead") == {}


async def test_untrue_counts_are_counted_again(doctor, project, indexed, own):
    await own.execute("UPDATE codebase.repositories SET total_chunks = 99")
    assert await mended(doctor, project.name, "repository_miscounted") == {}
    assert await own.fetchval("SELECT total_chunks FROM codebase.repositories") == 2


async def test_chunks_without_vectors_are_read_again(doctor, project, indexed, own):
    await own.execute("DELETE FROM codebase.embeddings WHERE position = 0")
    await mended(doctor, project.name, "chunks_without_vectors")
    assert await own.fetchval("SELECT max(modified_ns) FROM codebase.files") == 0


async def test_a_missing_vector_index_is_built(doctor, project, indexed, own, monkeypatch):
    monkeypatch.setattr("moorage.codebase.vector_table.INDEX_FROM_ROWS", 1)
    assert await mended(doctor, project.name, "vector_index_missing") == {}
    assert await own.fetchval("SELECT to_regclass('codebase.embeddings_by_direction')") is not None
