"""Copies of databases through dumps: with vectors and their indexes, and where there can be none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from moorage.core.postgres.address import address_of_socket
from moorage.core.postgres.pools import connect
from moorage.operations.copying import copy_database
from moorage.projects import store
from moorage.projects.models import Project
from moorage.projects.provisioning import Provisioner
from moorage.projects.staging import staged
from moorage.systems import LINES

VECTORS = """
    CREATE TABLE codebase.embeddings (
        segment_id integer NOT NULL, position smallint NOT NULL, embedding vector(4) NOT NULL,
        PRIMARY KEY (segment_id, position)
    );
    INSERT INTO codebase.embeddings SELECT number, 0, '[1,2,3,4]' FROM generate_series(1, 50) AS number;
    CREATE INDEX embeddings_by_direction ON codebase.embeddings USING hnsw (embedding vector_cosine_ops) WITH (m = 10);
    COMMENT ON INDEX codebase.embeddings_by_direction IS 'nearest neighbours';
"""
DEFINITION = "SELECT pg_get_indexdef(CAST('codebase.embeddings_by_direction' AS regclass))"


@pytest.fixture
async def with_vectors(project: Project, address) -> Project:
    """A project with fifty vectors, their index, and a setting of pgvector's."""
    own = await connect(address, project.database_name)
    await own.execute(VECTORS)
    await own.execute(f'ALTER DATABASE "{project.database_name}" SET hnsw.ef_search = 77')
    await own.close()
    return project


@pytest.fixture
async def limited(address, admin) -> AsyncIterator[Provisioner]:
    """Works as a role that may make databases, and add no extension; dropped with its registry after the test."""
    role = f"limited_{uuid4().hex[:12]}"
    await admin.execute(f'CREATE ROLE "{role}" LOGIN CREATEDB')
    where = address_of_socket(address.arguments["host"], user=role, port=address.arguments["port"])
    provisioner = Provisioner(where, role, LINES)
    await provisioner.ensure_registry()
    yield provisioner
    await admin.execute(f'DROP DATABASE "{role}" WITH (FORCE)')
    await admin.execute(f'DROP ROLE "{role}"')


async def test_a_copy_has_all_rows_and_indexes_and_settings(connections, with_vectors: Project, second_server):
    source = connections.provisioner
    target = source.on_server("second", second_server.start())
    async with staged(target) as staging:
        copied = await copy_database(source, with_vectors.database_name, target, staging, jobs=2)
        assert copied.tables["codebase.embeddings"] == 50
        assert copied.tables_left_out == frozenset()
        original = await connect(source.address, with_vectors.database_name)
        copy = await connect(target.address, staging)
        assert await copy.fetchval(DEFINITION) == await original.fetchval(DEFINITION)
        assert await store.index_list(copy) == await store.index_list(original)
        assert await copy.fetchval("SELECT current_setting('hnsw.ef_search')") == "77"
        await original.close()
        await copy.close()


async def test_where_pgvector_cannot_be_added_all_but_the_vectors_is_copied(
    connections, with_vectors: Project, limited: Provisioner
):
    async with staged(limited) as staging:
        copied = await copy_database(connections.provisioner, with_vectors.database_name, limited, staging)
        assert copied.tables_left_out == {"codebase.embeddings"}
        copy = await connect(limited.address, staging)
        assert await copy.fetchval("SELECT to_regclass('codebase.embeddings')") is None
        assert await copy.fetchval("SELECT count(*) FROM moorage.identity") == 1
        await copy.close()
