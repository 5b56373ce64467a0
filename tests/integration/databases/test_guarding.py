"""What may run and what may not, by every route, as a superuser and as a plain owner."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from moorage.core.postgres.address import Address
from moorage.core.postgres.queries import load_statements
from moorage.databases.errors import InvalidStatement, StatementRefused, WriteNotAllowed
from moorage.databases.execution.running import Request
from tests.support.many_databases import FreshDatabase, open_service, superuser_of
from tests.support.traps import trapped_database

ROLES = ("superuser", "owner")


@pytest.fixture(scope="module")
def traps(address: Address, without_durability: None) -> Iterator[FreshDatabase]:
    with trapped_database(address) as made:
        yield made


@pytest.fixture
async def service(traps: FreshDatabase):
    path = ("bench", "public")
    named = {"superuser": traps.as_superuser(search_path=path), "owner": traps.as_owner(search_path=path)}
    async with open_service(named) as opened:
        yield opened


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "VALUES (1), (2)",
        "TABLE customers",
        "SELECT state, count(*), sum(total) FROM orders WHERE id IN (1, 2) GROUP BY 1 HAVING count(*) > 0 ORDER BY 1",
        "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n) FROM r",
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total), string_agg(id::text, ',' ORDER BY id) FROM orders",
        "SELECT id, row_number() OVER (PARTITION BY state ORDER BY id) FROM orders TABLESAMPLE system (10)",
        "EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM orders",
        "SHOW work_mem",
        "SHOW ALL",
        "SELECT setting FROM pg_settings WHERE name = 'work_mem'",
        "SELECT * FROM settings LIMIT 1",
        "SELECT current_setting('work_mem'), current_setting('app.anything', true)",
        "SELECT random(), gen_random_uuid(), clock_timestamp(), pg_size_pretty(pg_database_size(current_database()))",
        "SELECT pid, query FROM pg_stat_activity JOIN pg_locks USING (pid) LIMIT 1",
        "SELECT table_name FROM information_schema.tables LIMIT 1",
        "SELECT rolname FROM pg_roles",
        "SELECT subname FROM pg_subscription",
        "SELECT 'orders'::regclass::oid, pg_total_relation_size('orders'), pg_get_viewdef('acting'::regclass)",
        "SELECT extract(year FROM now()), substring('abc' FROM 1 FOR 2), 'a' LIKE 'b', jsonb_path_query('[1]', '$[0]')",
        "SELECT ts_rewrite('a'::tsquery, 'a'::tsquery, 'b'::tsquery), to_tsvector('a b') @@ to_tsquery('a')",
        "SELECT with_tax(1), counts(1), counts_in_sql(1), counts_down(2), helper()",
        "SELECT * FROM shows LIMIT 1",
        "SELECT * FROM acted",
        "SELECT * FROM tenants",
        "SELECT sum_only(1), 1 +! 2, 1 + 2",
        "SELECT o.label, (o).id, o.total FROM orders AS o LIMIT 1",
        "SELECT l.touch, (l).touch FROM lines AS l",
        "SELECT o.touch FROM (SELECT id AS touch FROM orders) AS o",
        "WITH o AS (SELECT id AS act FROM orders) SELECT o.act FROM o",
        "SELECT mail, n FROM people WHERE mail = 'a' AND n = 1",
        "SELECT '1'::positive, 'open'::state",
        "SELECT (p).a FROM pairs",
        "SELECT jsonb_populate_record(NULL::lines, '{\"id\": 1}')",
        "SELECT last_value FROM numbers",
    ],
)
@pytest.mark.parametrize("role", ROLES)
async def test_what_only_reads_runs(service, role, sql):
    assert (await service.run_query(role, Request(sql))).database == role


@pytest.mark.parametrize(
    "sql",
    [
        # by every place of a call
        "SELECT pg_sleep(1)",
        "SELECT pg_catalog.pg_sleep(1)",
        'SELECT "pg_sleep"(1)',
        'SELECT U&"\\0070g_sleep"(1)',
        "SELECT 1 FROM orders WHERE pg_sleep(1) IS NULL",
        "SELECT * FROM pg_sleep(1)",
        "SELECT * FROM ROWS FROM (pg_sleep(1), generate_series(1, 2)) AS x",
        "SELECT 1 ORDER BY (SELECT 1 FROM pg_sleep(1))",
        "EXPLAIN ANALYZE SELECT pg_sleep(1)",
        # without parentheses
        "SELECT (1.5).pg_sleep",
        "SELECT o.act FROM orders AS o",
        "SELECT (o).act FROM orders AS o",
        "SELECT orders.act FROM orders",
        "SELECT bench.orders.act FROM bench.orders",
        "SELECT o.touch FROM orders AS o",
        "SELECT o.touch FROM orders AS o (a, b)",
        "SELECT x.pg_sleep FROM unnest(ARRAY[1.5::float8]) AS x",
        "SELECT unnest.pg_sleep FROM unnest(ARRAY[1.5::float8])",
        # functions that somebody wrote
        "SELECT acts(1)",
        "SELECT bench.acts(1)",
        "SELECT waits()",
        "SELECT waits_parsed()",
        "SELECT waits_in_program()",
        "SELECT waits_by_assignment()",
        "SELECT waits_by_default()",
        "SELECT waits_inside()",
        "SELECT waits_internally(1)",
        "SELECT runs('SELECT 1')",
        "SELECT * FROM runs_rows('SELECT 1')",
        "SELECT runs_loop('SELECT 1')",
        "SELECT runs_cursor('SELECT 1')",
        "SELECT copies()",
        "SELECT helped()",
        "SELECT json_value('a', '$.b')",
        # aggregates, operators, casts, domains, views, policies
        "SELECT sum_acting(1)",
        "SELECT 1 +@ 2",
        "SELECT 1 OPERATOR (bench.+@) 2",
        "SELECT !!! 1.5",
        "SELECT p + 1 FROM pairs",
        "SELECT '(1)'::coin::int",
        "SELECT abs(c) FROM coins",
        "SELECT 'a'::email",
        "SELECT '{a}'::email[]",
        "SELECT '(a)'::contact",
        "SELECT * FROM json_to_record('{}') AS x (mail email)",
        'SELECT jsonb_populate_record(people, \'{"mail": "a"}\') FROM people',
        "SELECT pg_input_is_valid('a', 'bench.email')",
        "SELECT * FROM acting",
        "SELECT * FROM acting_inside",
        "SELECT * FROM waiting",
        # what runs text
        "SELECT query_to_xml('SELECT 1', true, true, '')",
        "SELECT table_to_xml('acting', true, true, '')",
        "SELECT schema_to_xml('bench', true, true, '')",
        "SELECT * FROM ts_stat('SELECT 1')",
        "SELECT ts_rewrite('a'::tsquery, 'SELECT 1')",
        # what reaches, disturbs, or leaves something behind
        "SELECT pg_read_file('/etc/hostname')",
        "SELECT * FROM pg_ls_dir('/')",
        "SELECT lo_import('/etc/hostname')",
        "SELECT lo_get(1)",
        "SELECT pg_terminate_backend(1)",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_xact_lock(1)",
        "SELECT pg_notify('a', 'b')",
        "SELECT nextval('numbers')",
        "SELECT set_config('a.b', 'c', true)",
        "SELECT setseed(0.5)",
        "SELECT pg_stat_reset()",
        "SELECT pg_export_snapshot()",
        # what reveals
        "SELECT * FROM pg_authid",
        'SELECT * FROM pg_catalog."pg_authid"',
        "SELECT * FROM pg_shadow",
        "SELECT * FROM logins",
        "SELECT hashes()",
        "SELECT * FROM pg_user_mappings",
        "SELECT * FROM information_schema.user_mapping_options",
        "SELECT * FROM pg_hba_file_rules",
        "SELECT * FROM pg_file_settings",
        "SELECT * FROM pg_largeobject",
        "SELECT * FROM pg_subscription",
        "SELECT s FROM pg_subscription AS s",
        "SELECT subconninfo FROM pg_subscription",
        "SHOW primary_conninfo",
        "SELECT current_setting('PRIMARY_conninfo')",
    ],
)
@pytest.mark.parametrize("role", ROLES)
async def test_what_acts_or_reveals_is_refused(service, role, sql):
    with pytest.raises(StatementRefused):
        await service.run_query(role, Request(sql))


async def test_a_policy_of_rows_that_acts_is_refused_where_it_holds(service):
    with pytest.raises(StatementRefused, match="acts"):
        await service.run_query("owner", Request("SELECT * FROM guarded"))
    assert (await service.run_query("superuser", Request("SELECT * FROM guarded"))).rows == []


async def test_a_refusal_names_the_way_to_what_acts_and_the_way_out(service):
    with pytest.raises(StatementRefused) as refused:
        await service.run_query("owner", Request("SELECT * FROM acting_inside"))
    assert "bench.acts()" in refused.value.message
    assert "bench.acting" in refused.value.message
    assert "allowed_functions" in refused.value.hint


async def test_a_function_that_changes_its_nature_is_judged_anew(traps):
    """What calls may run is believed for half a minute; a name that was refused is asked for each time."""
    superuser = await superuser_of(traps)
    await superuser.execute("CREATE FUNCTION bench.changing() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    async with open_service({"owner": traps.as_owner()}) as service:
        with pytest.raises(StatementRefused):
            await service.run_query("owner", Request("SELECT bench.changing()"))
        await superuser.execute("ALTER FUNCTION bench.changing() STABLE")
        assert (await service.run_query("owner", Request("SELECT bench.changing()"))).rows == [[1]]
    await superuser.execute("DROP FUNCTION bench.changing()")
    await superuser.close()


@pytest.mark.parametrize("name", ["acts", "bench.acts", "bench.*"])
async def test_the_operator_can_allow_a_function(traps, name):
    async with open_service({"d": traps.as_owner(allowed_functions=[name])}) as service:
        assert (await service.run_query("d", Request("SELECT bench.acts(3)"))).rows == [[3]]


@pytest.mark.parametrize(
    "sql", ["SELECT version()", "SELECT pg_catalog.version()", "SELECT bench.with_tax(1)", "SELECT (4).sqrt"]
)
async def test_the_operator_can_deny_a_function(traps, sql):
    async with open_service({"d": traps.as_owner(denied_functions=["version", "sqrt", "bench.with_*"])}) as service:
        with pytest.raises(StatementRefused, match="denied_functions"):
            await service.run_query("d", Request(sql))


@pytest.mark.parametrize(
    ("rules", "sql", "is_open"),
    [
        ({"denied_tables": ["bench.customers"]}, "SELECT * FROM bench.customers", False),
        ({"denied_tables": ["customers"]}, "SELECT * FROM customers", False),
        ({"denied_tables": ["bench.customers"]}, "SELECT * FROM customers", False),
        ({"denied_tables": ["bench.customers"]}, "SELECT * FROM bench.sales", True),
        ({"denied_tables": ["bench.customers"]}, "WITH customers AS (SELECT 1) SELECT * FROM customers", True),
        ({"denied_tables": ["bench.customers"]}, "WITH customers AS (SELECT * FROM customers) SELECT 1", False),
        ({"denied_tables": ["bench.customers"]}, "SELECT * FROM pg_stats", False),
        ({"denied_schemas": ["ben*"]}, "SELECT * FROM orders", False),
        ({"allowed_schemas": ["bench"]}, "SELECT * FROM orders", True),
        ({"allowed_schemas": ["other"]}, "SELECT * FROM orders", False),
        ({"allowed_schemas": ["other"]}, "SELECT relname FROM pg_class LIMIT 1", True),
        ({"allowed_tables": ["bench.ord*"]}, "SELECT * FROM orders", True),
        ({"allowed_tables": ["bench.ord*"]}, "SELECT * FROM orders JOIN customers ON true", False),
    ],
)
async def test_rules_about_tables_hold_for_what_a_name_means(traps, rules, sql, is_open):
    async with open_service({"d": traps.as_owner(search_path=["bench"], **rules)}) as service:
        if is_open:
            await service.run_query("d", Request(sql))
        else:
            with pytest.raises(StatementRefused):
                await service.run_query("d", Request(sql))


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO bench.lines VALUES (1)",
        "WITH gone AS (DELETE FROM bench.lines RETURNING id) SELECT id FROM gone",
        "SELECT * INTO bench.copy FROM bench.lines",
        "SELECT * FROM bench.lines FOR UPDATE",
        "SELECT * FROM (SELECT * FROM bench.lines FOR SHARE) AS l",
        "CREATE TABLE bench.t (id int)",
    ],
)
async def test_writes_are_refused_where_it_is_only_read(service, sql):
    with pytest.raises(WriteNotAllowed, match="only read"):
        await service.run_query("owner", Request(sql))


async def test_kinds_of_writes_are_those_of_the_definition(traps):
    definition = traps.as_owner(readonly=False, writes=["insert"])
    async with open_service({"d": definition}) as service:
        tried = await service.run_query("d", Request("INSERT INTO bench.lines VALUES (nextval('bench.numbers'))"))
        assert (tried.rows_affected, tried.is_committed) == (1, False)
        for sql in (
            "UPDATE bench.lines SET id = 1",
            "WITH x AS (DELETE FROM bench.lines) INSERT INTO bench.lines VALUES (1)",
        ):
            with pytest.raises(WriteNotAllowed, match="allowed here: insert"):
                await service.run_query("d", Request(sql))
        with pytest.raises(StatementRefused):
            await service.run_query("d", Request("INSERT INTO bench.lines VALUES (bench.acts(1))"))


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE bench.lines DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE bench.lines OWNER TO postgres",
        "DROP FUNCTION bench.acts(int)",
        "UPDATE pg_class SET relname = relname",
        "UPDATE bench.settings SET setting = '0' WHERE name = 'statement_timeout'",
        "DROP SCHEMA other CASCADE",
        "ALTER SCHEMA other RENAME TO mine",
        "CREATE TABLE other.t (id int)",
        "CREATE VIEW bench.v AS SELECT pg_sleep(1)",
    ],
)
async def test_ddl_stays_with_tables_and_within_the_rules(traps, sql):
    definition = traps.as_superuser(readonly=False, writes=["ddl", "update"], denied_schemas=["other"])
    async with open_service({"d": definition}) as service:
        with pytest.raises(StatementRefused):
            await service.run_query("d", Request(sql))
        await service.run_query("d", Request("CREATE TABLE bench.t (id int DEFAULT 1, at timestamptz DEFAULT now())"))


@pytest.mark.parametrize("sql", ["SELECT 1; SELECT 2", ";", "/* nothing */", "SELEC 1"])
async def test_what_is_not_one_statement_is_invalid(service, sql):
    with pytest.raises(InvalidStatement):
        await service.run_query("owner", Request(sql))


async def test_every_statement_of_the_guard_is_understood(traps):
    connection = await superuser_of(traps)
    for each in load_statements("moorage.databases.policy"):
        await connection.prepare(each.sql)
    await connection.close()
