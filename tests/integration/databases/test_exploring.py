"""Finding objects, and what is told of them: odd names and large tables as plain ones, and never what is hidden."""

from __future__ import annotations

import pytest

from moorage.core.mcp.arguments import read_arguments
from moorage.core.postgres.identifiers import quote_identifier
from moorage.databases.definitions import RdsDataApi
from moorage.databases.errors import AmbiguousName, DatabaseNotFound, ObjectNotFound, TooManyDatabases
from moorage.databases.exploring.listing import Detail
from moorage.databases.exploring.models import Kind
from moorage.databases.exploring.patterns import read_pattern
from moorage.databases.exploring.service import Search
from moorage.databases.tools import tools_by_profile
from tests.support.data_api_double import CLUSTER, SECRET, data_api
from tests.support.many_databases import open_service

LONGEST = "n" * 60 + "äa"  # 63 bytes
ODD_NAMES = [
    "Upper Case",
    "with.dot",
    'with"quote',
    "emoji 😀",
    "per%cent_",
    "back\\slash",
    "select",
    "'; DROP",
    LONGEST,
]
MANY_SHAPES = """
CREATE DOMAIN bench.email AS text CHECK (VALUE LIKE '%@%');
CREATE TABLE bench.events (
    id bigint GENERATED ALWAYS AS IDENTITY, day date NOT NULL, mail bench.email, tags text[] DEFAULT '{}',
    day_text text GENERATED ALWAYS AS (id::text || '!') STORED, PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);
CREATE TABLE bench.events_2026 PARTITION OF bench.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE bench.events_rest PARTITION OF bench.events DEFAULT;
CREATE TABLE bench.people (name text);
CREATE TABLE bench.members (since date) INHERITS (bench.people);
CREATE MATERIALIZED VIEW bench.totals AS SELECT state, count(*) AS orders FROM bench.orders GROUP BY state;
CREATE PROCEDURE bench.tidy() LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION bench.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER stamping BEFORE UPDATE ON bench.customers FOR EACH ROW EXECUTE FUNCTION bench.stamp();
CREATE POLICY own_rows ON bench.customers FOR SELECT USING (email IS NOT NULL);
ALTER TABLE bench.customers ENABLE ROW LEVEL SECURITY;
CREATE INDEX customers_lower ON bench.customers (lower(name)) WHERE email IS NOT NULL;
"""


@pytest.fixture
async def service(bench):
    """A service over the database as its owner sees it ("own"), as the reader does, and where nobody listens."""
    databases = {"own": bench.as_owner(), "read": bench.definition(tags=("shared",)), "gone": bench.definition(port=9)}
    async with open_service(databases, default="own", connect_seconds=2) as opened:
        yield opened


@pytest.fixture
async def own(bench, superuser):
    """A connection that makes objects of the owner's."""
    await superuser.execute(f"SET ROLE {bench.owner}")
    return superuser


async def search(service, pattern="*", *, databases=(), detail=Detail.NAMES, **changes) -> str:
    return await service.exploring.search_objects(databases, Search(read_pattern(pattern), detail=detail, **changes))


async def found(service, pattern="*", **changes) -> list[str]:
    """Return the lines of an answer behind its head."""
    return (await search(service, pattern, **changes)).splitlines()[1:]


async def schema_of(service, table, database=None, schema=None) -> str:
    return await service.exploring.get_table_schema(database, table, schema)


async def test_everything_is_shown_by_schema_and_kind_in_few_words(service, own):
    await own.execute(MANY_SHAPES)
    assert await search(service) == (
        "own: 12 found\n"
        "tables in bench: customers, events, members, orders, people\n"
        "views in bench: sales\n"
        "materialized views in bench: totals\n"
        "functions in bench: stamp(), with_tax(net numeric)\n"
        "procedures in bench: tidy()\n"
        "types in bench: email\n"
        "enums in bench: state"
    )


async def test_what_is_named_exactly_so_comes_first_then_what_begins_so_then_comments(service, own):
    await own.execute("CREATE TABLE bench.total (id int); CREATE TABLE bench.totals_old (id int)")
    await own.execute("COMMENT ON TABLE bench.customers IS 'Who is in the TOTAL'")
    assert await found(service, "total") == [
        "tables in bench: total",
        "columns in bench.orders: total numeric(12,2)",
        "columns in bench.sales: total numeric",
        "tables in bench: totals_old, customers",
    ]


async def test_columns_are_found_by_name_and_within_a_table(service):
    assert await found(service, "customer_id") == [
        "columns in bench.orders: customer_id bigint",
        "columns in bench.sales: customer_id bigint",
    ]
    assert await found(service, "orders.*t*", kinds=(Kind.COLUMN,)) == [
        "columns in bench.orders: customer_id bigint, state bench.state, total numeric(12,2), notes jsonb"
    ]


async def test_indexes_triggers_and_policies_are_found_when_they_are_asked_for(service, own):
    await own.execute(MANY_SHAPES)
    kinds = (Kind.INDEX, Kind.TRIGGER, Kind.POLICY)
    assert await found(service, "bench.customers.*", kinds=kinds) == [
        "indexes in bench.customers: customers_lower, customers_name_key, customers_pkey",
        "triggers in bench.customers: stamping",
        "policies in bench.customers: own_rows",
    ]


async def test_a_page_says_what_it_leaves_out_and_the_next_one_goes_on(service, own):
    await own.execute("CREATE SCHEMA more")
    await own.execute("; ".join(f"CREATE TABLE more.t{number:02} (id int)" for number in range(9)))
    first = await search(service, "more.t*", kinds=(Kind.TABLE,), limit=4)
    assert first.splitlines() == [
        "own: 9 found, 1 to 4 shown",
        "tables in more: t00, t01, t02, t03",
        "5 more: offset 4; or narrow it by schema, kinds, or a longer pattern",
    ]
    beyond = await search(service, "more.t*", kinds=(Kind.TABLE,), offset=40)
    assert beyond == "own: 9 found, none of them that far"
    last = await search(service, "more.t*", kinds=(Kind.TABLE,), limit=5, offset=4)
    assert last.splitlines() == ["own: 9 found, 5 to 9 shown", "tables in more: t04, t05, t06, t07, t08"]


async def test_with_columns_each_object_has_a_line(service):
    assert await found(service, "bench.*", detail=Detail.COLUMNS, kinds=(Kind.TABLE, Kind.FUNCTION, Kind.ENUM)) == [
        "table bench.customers(id bigint, name text, email text, created_at timestamp with time zone)",
        (
            "table bench.orders(id bigint, customer_id bigint, state bench.state, total numeric(12,2), notes jsonb,"
            " ordered_on date)  -- What customers ordered."
        ),
        "function bench.with_tax(net numeric) RETURNS numeric",
        "enum bench.state 'open', 'paid', 'sent'",
    ]


async def test_in_full_a_function_is_shown_with_its_body(service):
    assert "RETURN (net * 1.19)" in await search(service, "with_tax", detail=Detail.FULL)


async def test_a_table_is_shown_as_sql_with_what_belongs_to_it(service):
    assert await schema_of(service, "orders") == (
        "-- database own\n"
        "-- What customers ordered.\n"
        "-- about 100 rows; 81.9KB with indexes; this role may SELECT, INSERT, UPDATE, DELETE, TRUNCATE\n"
        "CREATE TABLE bench.orders (\n"
        "  id bigint GENERATED BY DEFAULT AS IDENTITY,\n"
        "  customer_id bigint NOT NULL,\n"
        "  state bench.state DEFAULT 'open'::bench.state NOT NULL,  -- open | paid | sent\n"
        "  total numeric(12,2) NOT NULL,  -- In euros.\n"
        "  notes jsonb,\n"
        "  ordered_on date DEFAULT '2026-01-01'::date NOT NULL,\n"
        "  CONSTRAINT orders_pkey PRIMARY KEY (id),\n"
        "  CONSTRAINT orders_total_check CHECK (total >= 0::numeric),\n"
        "  CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES bench.customers(id)\n"
        ");\n"
        "CREATE INDEX orders_by_customer ON bench.orders USING btree (customer_id);"
    )


async def test_a_referenced_table_names_who_refers_to_it(service):
    assert (await schema_of(service, "customers")).endswith(
        "-- referenced by (1):\n--   bench.orders FOREIGN KEY (customer_id) REFERENCES bench.customers(id)"
    )


async def test_a_view_is_shown_with_its_definition(service):
    shown = await schema_of(service, "sales")
    assert "CREATE VIEW bench.sales (\n  customer_id bigint,\n" in shown
    assert ") AS\n SELECT c.id AS customer_id" in shown


async def test_partitions_domains_and_generated_columns_are_told(service, own):
    await own.execute(MANY_SHAPES)
    shown = await schema_of(service, "events")
    assert "  mail bench.email,  -- domain over text" in shown
    assert "  day_text text GENERATED ALWAYS AS (((id)::text || '!'::text)) STORED," in shown
    assert ") PARTITION BY RANGE (day);" in shown
    assert "-- partitions (2):\n--   bench.events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')" in shown
    assert "PARTITION OF bench.events FOR VALUES FROM" in await schema_of(service, "events_2026")
    assert ") INHERITS (bench.people);" in await schema_of(service, "members")
    assert "-- inherited by (1):\n--   bench.members" in await schema_of(service, "people")


async def test_triggers_policies_and_partial_indexes_are_told(service, own):
    await own.execute(MANY_SHAPES)
    shown = await schema_of(service, "customers")
    assert "btree (lower(name)) WHERE (email IS NOT NULL);" in shown
    assert "CREATE TRIGGER stamping BEFORE UPDATE ON bench.customers" in shown
    assert "-- row security is enabled" in shown
    assert "CREATE POLICY own_rows ON bench.customers FOR SELECT USING ((email IS NOT NULL));" in shown


async def test_odd_names_are_found_and_looked_up_as_data(service, own):
    for name in ODD_NAMES:
        quoted = quote_identifier(name)
        await own.execute(f"CREATE SCHEMA {quoted}; CREATE TABLE {quoted}.{quoted} ({quoted} int)")
        shown = {await schema_of(service, each) for each in (name, quoted, f"{name}.{name}", f"{quoted}.{quoted}")}
        assert len(shown) == 1
        in_sql = await own.fetchval("SELECT quote_ident($1)", name)
        assert f"  {in_sql} integer" in shown.pop()
        tables = await found(service, name.rpartition(".")[2], kinds=(Kind.TABLE,), schema_name=name)
        assert tables == [f"tables in {in_sql}: {in_sql}"]


async def test_a_name_is_never_sql(service, own):
    with pytest.raises(ObjectNotFound):
        await schema_of(service, "bench.orders'; DROP TABLE bench.orders; --")
    assert await own.fetchval("SELECT count(*) FROM bench.orders") == 100


async def test_a_name_that_breaks_lines_does_not_break_the_answer(service, own):
    await own.execute('CREATE TABLE bench."two\nlines" (id int); COMMENT ON TABLE bench."two\nlines" IS E\'a\\nb\'')
    assert await found(service, "two") == ['tables in bench: "two lines"']
    assert "-- a b\n" in await schema_of(service, "two\nlines")


async def test_an_unquoted_name_is_lowered_where_no_other_is_written_so(service, own):
    assert "CREATE TABLE bench.orders (" in await schema_of(service, "Bench.ORDERS")
    await own.execute('CREATE TABLE bench."ORDERS" (id int)')
    assert 'CREATE TABLE bench."ORDERS" (' in await schema_of(service, "ORDERS")


async def test_the_search_path_decides_between_tables_of_one_name_and_the_others_are_told(service, own, bench):
    await own.execute("CREATE SCHEMA other; CREATE TABLE other.orders (id int)")
    with pytest.raises(AmbiguousName) as refused:
        await schema_of(service, "orders")
    assert refused.value.details["names"] == ["bench.orders", "other.orders"]
    databases = {"set": bench.as_owner(search_path=("other", "bench"))}
    async with open_service(databases, default="set") as with_path:
        shown = await schema_of(with_path, "orders")
    assert shown.startswith("-- database set\n-- also named so: bench.orders\n")
    assert "CREATE TABLE other.orders (" in shown


async def test_of_many_schemas_with_tables_of_one_name_the_one_that_is_open_is_meant(bench, own):
    await own.execute(
        "DO $$ BEGIN FOR n IN 100..160 LOOP"
        " EXECUTE format('CREATE SCHEMA tenant_%s; CREATE TABLE tenant_%s.visits (id int)', n, n); END LOOP; END $$"
    )
    async with open_service({"own": bench.as_owner(allowed_schemas=("tenant_160",))}, default="own") as opened:
        shown = await opened.exploring.get_table_schema(None, "visits")
    assert "CREATE TABLE tenant_160.visits" in shown


async def test_an_unknown_table_is_refused_with_those_most_like_it(service):
    with pytest.raises(ObjectNotFound) as refused:
        await schema_of(service, "ordres")
    assert refused.value.code == "databases.object_not_found"
    assert refused.value.hint == "Did you mean bench.orders?"


async def test_a_table_of_1600_columns_is_cut_with_a_way_on(service, own):
    columns = ", ".join(f"a_rather_long_column_name_{number:04} bigint" for number in range(1600))
    await own.execute(f"CREATE TABLE bench.wide ({columns})")
    shown = await schema_of(service, "wide")
    assert len(shown) < 51_000
    assert "lines more: search_objects with pattern bench.wide.* and kinds column" in shown
    assert len((await found(service, "bench.wide.*", kinds=(Kind.COLUMN,)))[0].split(", ")) == 200


async def test_an_empty_database_has_nothing(service, own):
    await own.execute("DROP SCHEMA bench CASCADE")
    assert await search(service) == "own: nothing found"
    with pytest.raises(ObjectNotFound):
        await schema_of(service, "orders")


async def test_a_role_sees_only_what_it_may_use(service, own):
    await own.execute("CREATE SCHEMA secret; CREATE TABLE secret.plans (id int); CREATE TABLE bench.hidden (id int)")
    assert "plans" in await search(service, databases=["own"])
    assert await found(service, databases=["read"], kinds=(Kind.TABLE,)) == ["tables in bench: customers, orders"]
    for name in ("secret.plans", "hidden"):
        with pytest.raises(ObjectNotFound) as refused:
            await schema_of(service, name, "read")
        assert "plans" not in refused.value.hint


async def test_columns_that_a_role_may_not_read_are_marked(service, own, bench):
    await own.execute("CREATE TABLE bench.pay (name text, amount int)")
    await own.execute(f"GRANT SELECT (name) ON bench.pay TO {bench.reader}")
    shown = await schema_of(service, "pay", "read")
    assert "  name text,\n  amount integer  -- not readable for this role" in shown
    assert "; this role may use some columns\n" in shown


@pytest.mark.parametrize(
    "rules",
    [
        {"denied_tables": ("bench.customers",)},
        {"denied_tables": ("cust*",)},
        {"denied_tables": ("*.c?stomers",)},
        {"denied_tables": ("bench.[a-d]*",)},
        {"allowed_tables": ("bench.orders", "sales")},
    ],
)
async def test_tables_that_the_rules_deny_are_not_there(bench, rules):
    async with open_service({"ruled": bench.as_owner(**rules)}, default="ruled") as ruled:
        everything = await search(ruled, detail=Detail.FULL, kinds=tuple(Kind), limit=50)
        columns = await found(ruled, "email")
        orders = await schema_of(ruled, "orders")
        with pytest.raises(ObjectNotFound) as refused:
            await schema_of(ruled, "customer")
    assert "customers" not in everything.replace("What customers ordered.", "")
    assert columns == []
    assert "customers" not in orders.replace("What customers ordered.", "")
    assert "customers" not in refused.value.hint


@pytest.mark.parametrize("rules", [{"denied_schemas": ("ben*",)}, {"allowed_schemas": ("public",)}])
async def test_schemas_that_the_rules_deny_are_not_there(bench, rules):
    async with open_service({"ruled": bench.as_owner(**rules)}, default="ruled") as ruled:
        assert await search(ruled) == "ruled: nothing found"
        assert await search(ruled, "bench", schema_name="bench") == "ruled: nothing found"


async def test_system_schemas_are_shown_only_when_they_are_named(service):
    assert await found(service, "pg_class") == []
    assert await found(service, "pg_class", schema_name="pg_catalog", kinds=(Kind.TABLE,)) == [
        "tables in pg_catalog: pg_class"
    ]


async def test_several_databases_are_asked_and_one_that_fails_costs_the_others_nothing(service):
    shown = await search(service, "customers*", databases=["own", "tag:shared", "gone"], kinds=(Kind.TABLE,))
    first, second, third = shown.split("\n\n")
    assert first == "own: 2 found\ntables in bench: customers, orders"
    assert second == "read: 2 found\ntables in bench: customers, orders"
    assert third.startswith("gone: databases.unavailable: ")


async def test_an_empty_name_of_a_database_never_means_the_default(service):
    tools = {tool.name: tool for tool in tools_by_profile(service)["core"]}
    for empty in ("", "own,", ","):
        with pytest.raises(DatabaseNotFound):
            await tools["search_objects"].function(database_id=empty)


async def test_kinds_and_databases_are_taken_as_lists_too(service):
    tools = {tool.name: tool for tool in tools_by_profile(service)["core"]}
    function = tools["search_objects"].function
    given = read_arguments(function).bind({"kinds": ["table"], "database_id": ["own", "read"]})
    assert (await function(**given)).count("tables in bench: customers, orders") == 2


async def test_where_there_is_no_database_all_of_them_are_none():
    async with open_service({}) as nothing:
        with pytest.raises(DatabaseNotFound):
            await search(nothing, databases=["*"])


async def test_more_databases_than_one_call_may_ask_are_refused(bench):
    async with open_service({"a": bench.as_owner(), "b": bench.as_owner()}, max_databases=1) as few:
        with pytest.raises(TooManyDatabases):
            await search(few, databases=["*"])


async def test_a_table_that_somebody_holds_locked_is_shown_without_its_size(service, own, superuser):
    async with superuser.transaction():
        await superuser.execute("LOCK TABLE bench.orders IN ACCESS EXCLUSIVE MODE")
        orders, sales = await schema_of(service, "orders"), await schema_of(service, "sales")
    assert "with indexes" not in orders
    assert "-- somebody holds it locked" in orders
    assert "its definition is not shown" in sales


async def test_objects_of_extensions_are_found_by_name_and_do_not_bury_the_rest(service, superuser):
    await superuser.execute("CREATE EXTENSION vector SCHEMA bench")
    everything = await search(service)
    assert "cosine_distance" not in everything
    assert "extensions in bench: vector" in everything
    assert "cosine_distance" in await search(service, "cosine*")


async def test_through_the_data_api_the_same_is_found_and_shown(service, bench, own, monkeypatch):
    await own.execute(MANY_SHAPES)
    cluster = RdsDataApi(type="rds_data_api", resource_arn=CLUSTER, secret_arn=SECRET, database=bench.name)
    async with data_api(bench.address, user=bench.owner) as double:
        monkeypatch.setenv("AWS_ENDPOINT_URL_RDS_DATA", double.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
        async with open_service({"own": cluster}, default="own") as through_api:
            for detail in Detail:
                expected = await search(service, "c*", detail=detail, kinds=tuple(Kind))
                assert await search(through_api, "c*", detail=detail, kinds=tuple(Kind)) == expected
            for name in ("customers", "events", "sales"):
                assert await schema_of(through_api, name) == await schema_of(service, name)
            with pytest.raises(ObjectNotFound) as refused:
                await schema_of(through_api, "custmers")
    assert refused.value.details["nearest"][0] == "bench.customers"
