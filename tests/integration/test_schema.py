"""What one reads in `schema.sql` is what the migrations make."""

from __future__ import annotations

from importlib.resources import files

import pytest

from moorage.core.postgres.migrations import migrate
from moorage.core.postgres.pools import connect
from moorage.projects.provisioning import REGISTRY_LINE
from moorage.systems import LINES

COLUMNS = """
    SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
           pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute AS a
    JOIN pg_class AS c ON c.oid = a.attrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname = ANY ($1)
      AND c.relname NOT LIKE '%schema_version'
    ORDER BY n.nspname, c.relname, a.attnum
"""
CONSTRAINTS = """
    SELECT n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid)
    FROM pg_constraint AS k
    JOIN pg_class AS c ON c.oid = k.conrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY ($1) AND c.relname NOT LIKE '%schema_version'
    ORDER BY n.nspname, c.relname, k.conname
"""
INDEXES = """
    SELECT schemaname, tablename, indexdef
    FROM pg_indexes
    WHERE schemaname = ANY ($1) AND tablename NOT LIKE '%schema_version'
    ORDER BY schemaname, tablename, indexdef
"""
SCHEMAS = ["public", "moorage", "codebase", "workflow"]


@pytest.fixture
async def two_databases(admin, name: str):
    names = [f"{name}_read", f"{name}_made"]
    for each in names:
        await admin.execute(f'CREATE DATABASE "{each}" TEMPLATE template0')
    yield names
    for each in names:
        await admin.execute(f'DROP DATABASE "{each}" WITH (FORCE)')


def read(package: str) -> tuple[str, str]:
    """Return the statements of a `schema.sql` for the registry and for a project's database."""
    text = (files(package) / "schema.sql").read_text(encoding="utf-8")
    registry, separator, project = text.partition("\\connect project_<name>\n")
    return (registry, project) if separator else ("", text)


async def catalogue(address, database: str) -> dict[str, list[tuple]]:
    connection = await connect(address, database)
    try:
        queries = {"columns": COLUMNS, "constraints": CONSTRAINTS, "indexes": INDEXES}
        return {what: [tuple(row) for row in await connection.fetch(query, SCHEMAS)] for what, query in queries.items()}
    finally:
        await connection.close()


async def execute(address, database: str, statements: str) -> None:
    connection = await connect(address, database)
    await connection.execute(statements)
    await connection.close()


async def test_the_registry_is_what_one_reads(address, two_databases: list[str]):
    as_read, as_made = two_databases
    await execute(address, as_read, read("moorage.projects")[0])
    await migrate(address, as_made, (REGISTRY_LINE,))
    made = await catalogue(address, as_made)
    assert await catalogue(address, as_read) == made
    assert {row[1] for row in made["columns"]} == {"projects", "deleted_projects", "tokens", "audited_statements"}


async def test_a_project_is_what_one_reads(address, two_databases: list[str]):
    as_read, as_made = two_databases
    for package in ("moorage.projects", "moorage.codebase", "moorage.workflow"):
        await execute(address, as_read, read(package)[1])
    await migrate(address, as_made, LINES)
    made = await catalogue(address, as_made)
    assert await catalogue(address, as_read) == made
    assert {row[0] for row in made["columns"]} == {"moorage", "codebase", "workflow"}
