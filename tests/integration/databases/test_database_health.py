"""Databases are examined at once: what is wrong comes first, and one that is dead is a finding."""

from __future__ import annotations

import asyncio

import pytest

from moorage.core.postgres.pools import connected
from moorage.core.shape import Severity
from moorage.databases.errors import DatabaseNotFound
from moorage.databases.managing.tools import ManagingTools
from moorage.databases.tuning.health.report import report
from moorage.databases.tuning.tools import TuningTools
from tests.support.many_databases import definition_of, open_service
from tests.support.waiting import until

WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'bench.orders'::regclass)"
TROUBLES = """
CREATE TABLE bench.keyless (a int);
CREATE INDEX orders_again ON bench.orders (customer_id);
CREATE TABLE bench.small (id serial PRIMARY KEY);
SELECT setval('bench.small_id_seq', 2147000000);
GRANT SELECT ON ALL SEQUENCES IN SCHEMA bench TO PUBLIC;
"""


async def examined(bench, definition=None):
    async with open_service({"shop": definition or bench.definition()}, default="shop") as service:
        (asked,) = await service.tuning.database_health()
        return asked.result


def found(examination):
    return {each.code: each for each in examination.findings}


async def test_a_database_that_is_well_has_no_errors_but_those_of_the_tests_own_server(bench):
    examination = await examined(bench)
    errors = {each.subject for each in examination.findings if each.severity is Severity.ERROR}
    assert errors <= {"fsync", "full_page_writes"}
    assert examination.state.connections >= 1
    assert examination.state.size_bytes > 0


async def test_troubles_are_found_by_a_plain_role_the_worst_first(bench, superuser):
    await superuser.execute(TROUBLES)
    examination = await examined(bench)
    codes = [each.code for each in examination.findings if each.code != "setting"]
    assert codes == ["sequence_ends", "index_duplicate", "no_primary_key"]
    assert "small.id" in found(examination)["sequence_ends"].message
    assert "bench.keyless" in found(examination)["no_primary_key"].message
    assert "orders_again" in found(examination)["index_duplicate"].message


async def test_an_index_whose_building_failed_is_found(bench, superuser):
    await superuser.execute(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'bench.orders_by_customer'::regclass"
    )
    assert found(await examined(bench))["index_invalid"].subject == "bench.orders_by_customer"


async def test_what_a_definition_hides_is_in_no_finding(bench, superuser):
    await superuser.execute(TROUBLES)
    examination = await examined(bench, bench.definition(denied_tables=["keyless", "bench.orders", "small_id_seq"]))
    assert {"sequence_ends", "no_primary_key", "index_duplicate"}.isdisjoint(found(examination))


async def test_a_waiting_session_is_found_with_the_one_it_waits_for(bench, superuser):
    holder = await superuser.fetchval("SELECT pg_backend_pid()")
    async with connected(bench.address, bench.name) as waiter:
        async with superuser.transaction():
            await superuser.execute("LOCK TABLE bench.orders")
            waiting = asyncio.create_task(waiter.execute("TABLE bench.orders"))
            await until(lambda: superuser.fetchval(WAITING))
            examination = await examined(bench, bench.as_superuser())
        await waiting
    assert f"pid {holder}" in found(examination)["blocked"].message


async def test_a_role_that_could_do_too_much_is_found(bench):
    assert "is a superuser" in found(await examined(bench, bench.as_superuser()))["role_too_powerful"].message
    assert "owns 3 tables" in found(await examined(bench, bench.as_owner()))["role_too_powerful"].message
    assert "role_too_powerful" not in found(await examined(bench))


async def test_a_plain_role_is_told_what_it_could_not_see(bench, superuser):
    await superuser.execute("SELECT 1")
    assert any("pg_read_all_stats" in each for each in (await examined(bench)).unchecked)
    assert (await examined(bench, bench.as_superuser())).unchecked == ()


async def test_a_check_that_fails_is_told_and_the_others_go_on(bench, superuser):
    await superuser.execute(TROUBLES)
    await superuser.execute("REVOKE SELECT ON pg_catalog.pg_sequences FROM PUBLIC")
    examination = await examined(bench)
    assert any(each.startswith("sequences (") for each in examination.unchecked)
    assert "index_duplicate" in found(examination)


async def test_many_are_ranked_and_a_dead_one_comes_first(bench, superuser):
    await superuser.execute(TROUBLES)
    databases = {
        "a_better": bench.definition(denied_schemas=["bench"]),
        "b_bad": bench.definition(),
        "c_dead": definition_of(bench.address, "nowhere"),
    }
    async with open_service(databases) as service:
        told = report(await service.tuning.database_health(["*"])).splitlines()
    assert told[0].startswith("3 databases: 1 not answering, ")
    assert [line.partition(":")[0] for line in told[1:] if not line.startswith(" ")] == ["c_dead", "b_bad", "a_better"]


async def test_databases_are_chosen_by_tag(bench):
    databases = {"a": bench.definition(tags=["billing"]), "b": bench.definition()}
    async with open_service(databases) as service:
        assert [each.database.id for each in await service.tuning.database_health(["tag:billing"])] == ["a"]
        with pytest.raises(DatabaseNotFound):
            await service.tuning.database_health(["tag:none"])
        with pytest.raises(DatabaseNotFound):
            await TuningTools(service.tuning).database_health("")


async def test_a_role_found_too_powerful_is_told_in_the_list(bench):
    async with open_service({"shop": bench.as_superuser()}, default="shop") as service:
        listing = ManagingTools(service.catalog, service.connections, service.managing, service.powers)
        assert "too powerful" not in await listing.list_databases()
        await service.tuning.database_health()
        assert "reachable, role too powerful" in await listing.list_databases()
