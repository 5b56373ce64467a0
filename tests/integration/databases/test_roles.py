"""What the login role could do is known, refused where that is wanted, and a role can be made that only reads."""

from __future__ import annotations

import secrets
from urllib.parse import quote

import asyncpg
import pytest

from moorage.core.errors import MoorageError
from moorage.core.postgres.errors import LoginRefused
from moorage.core.postgres.pools import connected
from moorage.databases.connectors.connections import terms_of
from moorage.databases.errors import RoleTooPowerful
from moorage.databases.execution.running import Request
from moorage.databases.roles.granting import ReadingRole, grant_readonly_script, run_readonly_script
from moorage.databases.roles.power import role_power, too_much
from tests.support.many_databases import open_service

READS = ["bench.customers", "bench.orders", "bench.sales", "pg_catalog.pg_sequences"]
WRITES = [
    "INSERT INTO bench.customers (id, name) VALUES (99, 'x')",
    "UPDATE bench.orders SET total = 0",
    "DELETE FROM bench.orders",
    "TRUNCATE bench.orders",
    "CREATE TABLE bench.x (a int)",
    "CREATE TABLE public.x (a int)",
    "CREATE SCHEMA x",
    "DROP TABLE bench.orders",
    "ALTER TABLE bench.orders ADD x int",
    "SELECT nextval('bench.orders_id_seq')",
    "SELECT setval('bench.orders_id_seq', 1)",
    "CREATE INDEX ON bench.orders (total)",
    "COPY bench.orders TO PROGRAM 'true'",
    "SELECT pg_read_file('PG_VERSION')",
    "CREATE TEMPORARY TABLE x (a int)",
    "CREATE ROLE x",
]


def url_of(bench):
    """Return the address of the tests' superuser as a URL."""
    login = bench.as_superuser()
    return f"postgresql://{login.username or ''}@/{bench.name}?host={quote(login.hostname)}&port={login.port}"


async def power_of(definition):
    async with open_service({"shop": definition}, default="shop") as service:
        database = await service.catalog.find(None)
        async with (await service.connections.to(database)).session(terms_of(database)) as session:
            power = await role_power(session)
            return power, too_much(power, definition)


async def test_a_reader_has_no_more_power_than_its_task_needs(bench):
    power, excess = await power_of(bench.definition())
    assert (power.login, power.runs_as) == (bench.reader, bench.reader)
    assert excess == []


async def test_an_owner_has_more_power_than_a_reader_needs(bench):
    _, excess = await power_of(bench.as_owner())
    assert excess == [
        "owns the database",
        "owns 3 tables",
        "makes schemas",
        "makes tables in bench, public",
        "writes 3 tables",
    ]


async def test_an_owner_may_own_where_the_definition_has_it_change_tables(bench):
    _, excess = await power_of(bench.as_owner(readonly=False, writes=["ddl", "insert"]))
    assert excess == []


async def test_a_superuser_stays_one_whatever_it_runs_as(bench):
    power, excess = await power_of(bench.as_superuser(role=bench.reader))
    assert power.runs_as == bench.reader
    assert excess == ["is a superuser"]


async def test_membership_in_dangerous_roles_is_told(bench, superuser):
    await superuser.execute(f"GRANT pg_read_server_files, pg_signal_backend TO {bench.reader}")
    _, excess = await power_of(bench.definition())
    assert excess == [
        "reads files of the server (member of pg_read_server_files)",
        "ends other sessions (member of pg_signal_backend)",
    ]


async def test_a_role_that_is_too_powerful_is_refused_where_the_definition_says_so(bench):
    databases = {
        "strict": bench.as_owner(require_least_privilege=True),
        "reader": bench.definition(require_least_privilege=True),
    }
    async with open_service(databases) as service:
        with pytest.raises(RoleTooPowerful) as refused:
            await service.run_query("strict", Request("SELECT 1"))
        assert "grant-readonly" in refused.value.hint
        assert (await service.run_query("reader", Request("SELECT 1"))).rows == [[1]]


async def test_a_role_that_was_mended_is_let_in_at_once(bench, superuser):
    await superuser.execute(f"GRANT INSERT ON bench.orders TO {bench.reader}")
    async with open_service({"shop": bench.definition(require_least_privilege=True)}, default="shop") as service:
        with pytest.raises(RoleTooPowerful):
            await service.run_query(None, Request("SELECT 1"))
        await superuser.execute(f"REVOKE INSERT ON bench.orders FROM {bench.reader}")
        assert (await service.run_query(None, Request("SELECT 1"))).rows == [[1]]


@pytest.fixture
async def made(bench, superuser):
    """A role made by the script, run twice, and dropped after the test."""
    wanted = ReadingRole(database=bench.name, role=f"made_{secrets.token_hex(4)}", closes_public=True)
    for _ in range(2):
        await superuser.execute(grant_readonly_script(wanted))
    yield wanted
    await superuser.execute(f"DROP OWNED BY {wanted.role}; DROP ROLE {wanted.role}")


async def test_a_role_made_by_the_script_passes_the_check(bench, made):
    power, excess = await power_of(bench.definition(username=made.role))
    assert excess == []
    assert not power.makes_temporary_tables


async def test_a_role_made_by_the_script_reads_everything_also_what_is_made_later(bench, made, superuser):
    await superuser.execute(f"SET ROLE {bench.owner}; CREATE TABLE bench.later (a int); RESET ROLE")
    async with open_service({"shop": bench.definition(username=made.role)}, default="shop") as service:
        for table in [*READS, "bench.later"]:
            await service.run_query(None, Request(f"TABLE {table}"))


async def test_every_write_of_that_role_is_refused_by_postgresql_itself(bench, made):
    async with connected(bench.address, bench.name) as connection:
        await connection.execute(f"SET SESSION AUTHORIZATION {made.role}")
        await connection.execute("SET default_transaction_read_only = off")
        for sql in WRITES:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(sql)


async def test_the_script_takes_back_what_a_reader_should_not_have(bench, made, superuser):
    await superuser.execute(f"GRANT pg_write_all_data TO {made.role}; GRANT DELETE ON bench.orders TO {made.role}")
    await superuser.execute(grant_readonly_script(made))
    assert (await power_of(bench.definition(username=made.role)))[1] == []


async def test_a_role_reads_the_schemas_that_are_named_and_no_others(bench, made, superuser):
    await superuser.execute(
        "CREATE SCHEMA bench_2 CREATE TABLE kept (a int); CREATE SCHEMA other CREATE TABLE closed (a int)"
    )
    narrow = made.model_copy(update={"role": f"{made.role}_b", "schemas": ("bench?2", "ben_h")})
    await superuser.execute(grant_readonly_script(narrow))
    readable = await superuser.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND oid > 16384 AND has_table_privilege($1, oid, 'SELECT')"
        " AND has_schema_privilege($1, relnamespace, 'USAGE')",
        narrow.role,
    )
    await superuser.execute(f"DROP OWNED BY {narrow.role}; DROP ROLE {narrow.role}")
    assert [row["relname"] for row in readable] == ["kept"]


async def test_the_script_is_run_as_the_administrator_of_a_url(bench, made, superuser):
    await superuser.execute(f"GRANT INSERT ON bench.orders TO {made.role}")
    await run_readonly_script(url_of(bench), made, password=bench.password)
    assert (await power_of(bench.definition(username=made.role)))[1] == []
    with pytest.raises(MoorageError):
        await run_readonly_script("postgresql://nobody@127.0.0.1:9/x", made)
    with pytest.raises(LoginRefused) as refused:
        await run_readonly_script(f"postgresql://nobody@{url_of(bench).partition('@')[2]}", made)
    assert "administrator's URL" in refused.value.hint


async def test_the_script_makes_no_reader_of_a_superuser(bench, superuser):
    name = await superuser.fetchval("SELECT current_user")
    with pytest.raises(asyncpg.RaiseError):
        await superuser.execute(grant_readonly_script(ReadingRole(database=bench.name, role=name)))
