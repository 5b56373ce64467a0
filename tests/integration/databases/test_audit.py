"""What callers run is written down, in files or in the registry, and read again by administrators."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from moorage.core.access import Caller, DatabaseGrant, NotAllowed, Scope, acting_as
from moorage.core.postgres.queries import load_statements
from moorage.core.telemetry.metrics import REGISTRY
from moorage.databases.audit.records import AuditEntry, AuditFilter
from moorage.databases.errors import (
    DatabaseNotFound,
    InvalidStatement,
    NotSupported,
    QueryFailed,
    QueryTookTooLong,
    StatementRefused,
    WriteNotAllowed,
)
from moorage.databases.execution.running import Request
from moorage.databases.opening import open_databases
from moorage.databases.service import DatabasesService
from moorage.databases.settings import AuditSettings, DatabasesSettings, SqlSettings
from moorage.projects.connections import ProjectConnectionManager
from tests.support.many_databases import FreshDatabase
from tests.support.waiting import until

ADMIN = Caller("operator", Scope.ADMIN)


class Audited:
    """Services over the same databases and the same log, each with settings of its own."""

    def __init__(self, bench: FreshDatabase, name: str, home: Path, registry: ProjectConnectionManager) -> None:
        self.id = name
        self.home = home
        self._definitions = {
            name: bench.as_owner(readonly=False, tags=("eu",)),
            f"{name}-other": bench.definition(),
        }
        self._registry = registry
        self._stack = AsyncExitStack()

    @property
    def files(self) -> list[Path]:
        return sorted(self.home.rglob("*.jsonl*"))

    async def service(self, *, has_registry: bool = True, **audit: Any) -> DatabasesService:
        settings = DatabasesSettings(SqlSettings(audit=AuditSettings(**audit)), None, self._definitions)
        registry = self._registry if has_registry else None
        opened = open_databases(settings, home=self.home, registry=registry)
        return await self._stack.enter_async_context(opened)

    async def close(self) -> None:
        await self._stack.aclose()

    async def entries(self, service: DatabasesService, **wanted: Any) -> list[AuditEntry]:
        return list((await service.audit.entries(self.id, AuditFilter(**wanted))).entries)


@pytest.fixture
async def audited(
    bench: FreshDatabase, name: str, tmp_path: Path, connections: ProjectConnectionManager
) -> AsyncIterator[Audited]:
    made = Audited(bench, name, tmp_path, connections)
    yield made
    await made.close()


async def run(service: DatabasesService, database_id: str, sql: str, **request: Any) -> Any:
    return await service.run_query(database_id, Request(sql, **request))


@pytest.mark.parametrize("to", ["file", "postgres"])
async def test_a_statement_is_found_again_with_what_it_did(audited: Audited, to: str):
    service = await audited.service(to=to, required=True)
    with acting_as(Caller("ada", Scope.READ)):
        await run(
            service, audited.id, "SELECT name FROM bench.customers WHERE email <> $1 AND id < 4", parameters=["hunter2"]
        )
    (entry,) = await audited.entries(service)
    assert (entry.caller, entry.outcome, entry.kind, entry.rows) == ("ada", "ok", "read", 3)
    assert entry.statement == "SELECT name FROM bench.customers WHERE email <> $1 AND id < $2"
    assert entry.tables == ("bench.customers",)
    assert entry.fingerprint
    assert entry.bytes
    assert entry.at <= datetime.now(UTC)


async def test_no_value_is_in_the_log(audited: Audited):
    service = await audited.service()
    await run(service, audited.id, "SELECT 'hunter2', $1::text", parameters=["hunter3"])
    with pytest.raises(QueryFailed):
        await run(service, audited.id, "SELECT 'hunter4'::int")
    with pytest.raises(InvalidStatement):
        await run(service, audited.id, "hunter5 is no SQL")
    (file,) = audited.files
    assert len(file.read_text().splitlines()) == 3
    assert "hunter" not in file.read_text()


async def test_refusals_failures_and_time_limits_are_written_with_their_codes(audited: Audited):
    service = await audited.service()
    for error, sql in [
        (StatementRefused, "SELECT pg_terminate_backend(1)"),
        (QueryFailed, "SELECT 1 / 0"),
        (QueryTookTooLong, "SELECT count(*) FROM generate_series(1, 1000000000)"),
    ]:
        with pytest.raises(error):
            await run(service, audited.id, sql, statement_seconds=0.2)
    assert [(entry.outcome, entry.error_code) for entry in await audited.entries(service)] == [
        ("timeout", "databases.timeout"),
        ("failed", "databases.query_failed"),
        ("refused", "databases.refused"),
    ]
    assert all(entry.fingerprint for entry in await audited.entries(service))


async def test_a_statement_whose_caller_leaves_is_written_as_cancelled(audited: Audited, superuser):
    service = await audited.service()
    sql = "SELECT count(*) FROM generate_series(1, 1000000000)"
    running = asyncio.create_task(run(service, audited.id, sql))
    active = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%generate_series(1, 1000%' AND pid <> pg_backend_pid()"
    )
    await until(lambda: superuser.fetchval(active))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [entry.outcome for entry in await audited.entries(service)] == ["cancelled"]


async def test_reading_on_is_an_entry_of_its_own(audited: Audited):
    service = await audited.service()
    first = await run(service, audited.id, "SELECT id FROM bench.orders ORDER BY id", max_rows=60)
    await run(service, audited.id, "", next=first.next)
    second, begun = await audited.entries(service)
    assert (begun.rows, begun.cut_by) == (60, "rows")
    assert (second.rows, second.continues) == (40, begun.id)


@pytest.mark.parametrize("to", ["file", "postgres"])
async def test_a_write_is_told_from_its_trial_and_stands_there_once(audited: Audited, to: str):
    service = await audited.service(to=to, required=True)
    delete = "DELETE FROM bench.orders WHERE id = 1"
    await run(service, audited.id, delete)
    await run(service, audited.id, delete, commit=True)
    kept, tried = await audited.entries(service)
    assert [(entry.outcome, entry.is_committed, entry.rows_affected) for entry in (kept, tried)] == [
        ("ok", True, 1),
        ("ok", False, 1),
    ]


async def test_what_is_explained_is_written_and_has_a_kind_only_if_it_ran(audited: Audited):
    service = await audited.service()
    await service.tuning.explain_query(audited.id, "DELETE FROM bench.orders")
    await service.tuning.explain_query(audited.id, "SELECT count(*) FROM bench.orders", analyze=True)
    with pytest.raises(WriteNotAllowed):
        await service.tuning.explain_query(audited.id, "DELETE FROM bench.orders", analyze=True)
    assert [(entry.outcome, entry.kind) for entry in await audited.entries(service)] == [
        ("refused", "delete"),
        ("ok", "read"),
        ("ok", None),
    ]


async def test_entries_are_found_by_what_they_are(audited: Audited):
    service = await audited.service()
    for name, sql in [("ada", "SELECT 1"), ("bob", "SELECT 2"), ("bob", "DELETE FROM bench.orders WHERE id = 1")]:
        with acting_as(Caller(name, Scope.WRITE)):
            await run(service, audited.id, sql)
    delete, second, first = await audited.entries(service)
    assert await audited.entries(service, caller="ada") == [first]
    assert await audited.entries(service, kind="delete") == [delete]
    assert await audited.entries(service, fingerprint=first.fingerprint) == [second, first]
    assert await audited.entries(service, since=second.at) == [delete, second]
    assert await audited.entries(service, until=second.at) == [first]
    page = await service.audit.entries(audited.id, limit=2)
    assert (list(page.entries), page.is_cut) == ([delete, second], True)


async def test_both_places_are_read_together(audited: Audited):
    for to in ("file", "postgres", "file"):
        service = await audited.service(to=to, required=True)
        await run(service, audited.id, f"SELECT '{to}'")
    entries = await audited.entries(service)
    assert [entry.outcome for entry in entries] == ["ok"] * 3
    assert entries == sorted(entries, key=lambda entry: entry.at, reverse=True)


async def test_what_the_registry_does_not_take_goes_into_the_files(audited: Audited, connections, monkeypatch):
    service = await audited.service(to="postgres", required=True)
    monkeypatch.setattr(connections, "_registry_pool", None)
    with capture_logs() as logs:
        await run(service, audited.id, "SELECT 1")
    monkeypatch.undo()
    assert [each["event"] for each in logs] == ["audit.kept_in_files"]
    assert len(audited.files) == 1
    assert len(await audited.entries(service)) == 1


async def test_what_waits_is_written_when_the_log_is_closed(audited: Audited):
    await run(await audited.service(to="postgres"), audited.id, "SELECT 1")
    await audited.close()
    assert len(await audited.entries(await audited.service())) == 1
    assert audited.files == []


@pytest.mark.parametrize("to", ["file", "postgres"])
async def test_what_is_old_is_deleted_and_the_rest_stays(audited: Audited, to: str):
    service = await audited.service(to=to, required=True)
    await run(service, audited.id, "SELECT 1")
    (entry,) = await audited.entries(service)
    assert await service.audit.purge(before=entry.at, database_id=audited.id) == 0
    await run(service, audited.id, "SELECT 2")
    assert await service.audit.purge(before=entry.at + timedelta(microseconds=1), database_id=audited.id) == 1
    assert len(await audited.entries(service)) == 1


async def test_the_log_is_for_administrators_and_only_as_far_as_they_see(audited: Audited):
    service = await audited.service()
    for database_id in (audited.id, f"{audited.id}-other"):
        await run(service, database_id, "SELECT 1")
    with acting_as(Caller("ada", Scope.WRITE)), pytest.raises(NotAllowed):
        await service.audit.entries()
    with acting_as(Caller("ada", Scope.ADMIN, databases=(DatabaseGrant("tag:eu"),))):
        assert {entry.database_id for entry in (await service.audit.entries()).entries} == {audited.id}
        with pytest.raises(DatabaseNotFound):
            await service.audit.entries(f"{audited.id}-other")
        with pytest.raises(NotAllowed):
            await service.audit.purge(before=datetime.now(UTC))
    with acting_as(ADMIN):
        assert {audited.id, f"{audited.id}-other"} <= {
            entry.database_id for entry in (await service.audit.entries()).entries
        }


async def test_a_log_in_the_registry_needs_one(audited: Audited):
    with pytest.raises(NotSupported):
        await audited.service(to="postgres", has_registry=False)


async def test_nothing_is_written_where_it_is_off(audited: Audited):
    service = await audited.service(to="off")
    await run(service, audited.id, "SELECT 1")
    assert audited.files == []


async def test_statements_are_counted_by_database_and_outcome(audited: Audited):
    service = await audited.service(to="off")
    labels = {"database": audited.id, "outcome": "ok"}
    await run(service, audited.id, "SELECT 1")
    await run(service, audited.id, "SELECT 1")
    assert REGISTRY.get_sample_value("moorage_sql_statements_total", labels) == 2


async def test_every_statement_about_the_log_is_understood(connections):
    async with connections.registry_pool.acquire() as registry:
        for each in load_statements("moorage.databases.audit"):
            await registry.prepare(each.sql)


async def test_a_page_of_one_database_is_found_by_an_index(connections):
    statement = load_statements("moorage.databases.audit").entry_list
    async with connections.registry_pool.acquire() as registry, registry.transaction():
        await registry.execute("SET LOCAL enable_seqscan = off")
        plan = await registry.fetch(f"EXPLAIN {statement.sql}", ["shop"], None, None, None, None, None, None, 10)
    assert "audited_statements_" in str(plan)
