"""The corpus of attacks by the doors beside run_query: plans, advice, many databases, saved queries, names and ids."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator

import pytest

from moorage.core.errors import MoorageError
from moorage.core.postgres.address import Address
from moorage.databases.errors import DatabaseNotFound, StatementRefused, WriteNotAllowed
from moorage.databases.execution.requests import Request
from moorage.databases.exploring.listing import Detail
from moorage.databases.exploring.patterns import read_pattern
from moorage.databases.exploring.service import Search
from moorage.databases.saved_queries import SavedQuery
from tests.support.sql_corpus import ROLES, attacks, names_that_try_to_be_sql
from tests.support.sql_laboratory import SECONDS, Laboratory, laboratory

WITHOUT_BOUNDS = attacks("statements", "functions", "outside")
SAVED = {
    "acts": "SELECT bench.springs(:n)",
    "hides": "SELECT bench.hides_in_record() WHERE :n = 1",
    "checks": "SELECT bench.takes_mail('x') WHERE :n = 1",
    "waits": "SELECT pg_sleep(:n)",
    "reveals": "SELECT rolpassword FROM pg_authid LIMIT :n",
    "shows": "SELECT current_setting('primary_' || 'conninfo') WHERE :n = 1",
}
SAVED_WRITES = {"deletes": "DELETE FROM bench.orders WHERE id = :n"}


@pytest.fixture(scope="module")
def lab(address: Address, without_durability: None) -> Iterator[Laboratory]:
    queries = {
        name: SavedQuery(
            description=name,
            sql=sql,
            databases=ROLES,
            parameters=[{"name": "n", "type": "integer"}],
            writes=name in SAVED_WRITES,
        )
        for name, sql in (SAVED | SAVED_WRITES).items()
    }
    with laboratory(address, queries=queries, max_readings=5) as opened:
        yield opened


@pytest.fixture(autouse=True)
def nothing_happened(lab: Laboratory) -> Iterator[None]:
    yield
    for role in ROLES:
        lab.run(lab.check_nothing_happened(role))


def told(lab: Laboratory, awaited: Awaitable[object]) -> str:
    """Return what comes back, or what is said instead, and hold it against what may be told at all."""

    async def come_back() -> str:
        try:
            return str(await awaited)
        except MoorageError as error:
            return f"{error.message} {error.details} {error.hint}"

    text = lab.run(come_back())
    lab.check_words(text)
    return text


@pytest.mark.parametrize("kind", sorted({case.kind for case in WITHOUT_BOUNDS}))
def test_planning_an_attack_has_no_effect(lab, kind):
    """The planner evaluates functions that are not volatile, where it can."""
    tuning = lab.service.tuning
    for case in WITHOUT_BOUNDS:
        if case.kind == kind:
            told(lab, tuning.explain_query("superuser", case.sql, case.parameters or None))
            told(lab, tuning.advise_indexes("owner", case.sql, case.parameters or None))


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO bench.defaults (id) VALUES (1)",
        "INSERT INTO bench.ruled VALUES (1)",
        "INSERT INTO bench.triggered VALUES (1)",
        "INSERT INTO bench.things (id, amount) VALUES (9, bench.hides_inlined(1))",
        "UPDATE bench.checked SET id = 5",
        "DELETE FROM bench.springing_filter",
        "MERGE INTO bench.triggered AS t USING bench.springs(1) AS s ON t.id = s WHEN MATCHED THEN DELETE",
    ],
)
@pytest.mark.parametrize("role", ROLES)
def test_planning_a_write_runs_nothing_of_the_table(lab, role, sql):
    told(lab, lab.service.tuning.explain_query(role, sql))
    with pytest.raises(WriteNotAllowed):
        lab.run(lab.service.tuning.explain_query(role, sql, analyze=True))


@pytest.mark.parametrize("kind", sorted({case.kind for case in WITHOUT_BOUNDS}))
def test_an_attack_on_many_databases_has_no_effect(lab, kind):
    for case in WITHOUT_BOUNDS:
        if case.kind == kind:
            request = Request(case.sql, case.parameters, statement_seconds=SECONDS)
            told(lab, lab.service.everywhere.run(ROLES, request))


@pytest.mark.parametrize("name", SAVED)
@pytest.mark.parametrize("role", ROLES)
def test_a_saved_query_passes_the_same_gate(lab, name, role):
    async def ran() -> None:
        saved = lab.service.saved
        await saved.run(await saved.find(name), {"n": 1}, role)

    with pytest.raises(StatementRefused):
        lab.run(ran())


@pytest.mark.parametrize("role", ROLES)
def test_a_saved_query_that_writes_is_refused_where_it_is_only_read(lab, role):
    async def ran() -> None:
        saved = lab.service.saved
        await saved.run(await saved.find("deletes"), {"n": 1}, role)

    with pytest.raises(WriteNotAllowed):
        lab.run(ran())


@pytest.mark.parametrize("role", ROLES)
def test_reading_on_runs_no_other_statement(lab, role):
    async def read_on() -> None:
        first = await lab.service.run_query(role, Request("SELECT generate_series(1, 1000)", max_rows=10))
        assert first.next is not None
        on = Request("DELETE FROM bench.orders", next=first.next, max_rows=1000, commit=True)
        assert len((await lab.service.run_query(role, on)).rows) == 800 + 190

    lab.run(read_on())


@pytest.mark.parametrize("name", names_that_try_to_be_sql())
@pytest.mark.parametrize("role", ROLES)
def test_a_name_that_tries_to_be_sql_is_only_a_name(lab, role, name):
    exploring = lab.service.exploring
    told(lab, exploring.get_table_schema(role, name, None))
    told(lab, exploring.get_table_schema(role, "orders", name))
    for detail in Detail:
        told(lab, exploring.search_objects([role], Search(read_pattern(name[:300]), schema_name=None, detail=detail)))
        told(lab, exploring.search_objects([role], Search(read_pattern("*"), schema_name=name, detail=detail)))


@pytest.mark.parametrize("role", ROLES)
def test_no_description_reveals_a_secret(lab, role):
    exploring = lab.service.exploring
    for name in ("bench.abroad", "bench.shown_conninfo", "pg_catalog.pg_subscription", "pg_catalog.pg_user_mappings"):
        told(lab, exploring.get_table_schema(role, name, None))
    for pattern in ("elsewhere", "*secret*", "shows*", "shown*"):
        told(lab, exploring.search_objects([role], Search(read_pattern(pattern), detail=Detail.FULL)))
    told(lab, lab.service.tuning.database_health([role]))
    told(lab, lab.service.tuning.top_queries(role))


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "owner ", " owner", "OWNER", "owner\n", "owner\0", "owner;", "owner'", 'owner"', "owner--", "owner/*",
        "owner?user=postgres", "owner?options=-c%20statement_timeout%3D0", "owner user=postgres",
        "postgresql://postgres@localhost/postgres", "host=/tmp dbname=postgres", "../owner", "owner/../superuser", "*",
        "tag:all", "project:", "project:owner", "project:../owner", "owner,superuser", "{owner}", "${HOME}", "%6fwner",
        "\N{FULLWIDTH LATIN SMALL LETTER O}wner", "owner\ud800", "o" * 10_000,
    ],
)  # fmt: skip
def test_an_id_is_looked_up_and_nothing_else(lab, name):
    with pytest.raises(DatabaseNotFound) as refused:
        lab.run(lab.service.run_query(name, Request("SELECT 1")))
    assert len(refused.value.message) < 200
    assert "\n" not in refused.value.message
