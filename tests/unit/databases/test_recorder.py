"""How the end of a statement is written down, whatever it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from moorage.core.access import Caller, Scope, acting_as
from moorage.core.telemetry.subjects import about
from moorage.databases.audit.recorder import Recorder
from moorage.databases.audit.records import AuditEntry, line_of
from moorage.databases.definitions import StatementKind
from moorage.databases.errors import (
    AuditUnavailable,
    DatabaseUnavailable,
    InvalidStatement,
    NotConfirmed,
    OutcomeUnknown,
    QueryFailed,
    QueryTookTooLong,
    StatementRefused,
    WriteNotAllowed,
)
from moorage.databases.policy.guard import Verdict
from moorage.databases.policy.parsing import fingerprint
from moorage.databases.settings import AuditSettings


class Shelf:
    """Keeps entries as a file would, or refuses all."""

    def __init__(self, *, is_full: bool = False) -> None:
        self.entries: list[AuditEntry] = []
        self.is_full = is_full

    async def write(self, entry: Mapping[str, Any], *, wait: bool) -> None:
        if self.is_full:
            raise AuditUnavailable("the disk is full")
        self.entries.append(AuditEntry.model_validate_json(line_of(entry)))


def recorder(shelf: Shelf, **settings: Any) -> Recorder:
    return Recorder(AuditSettings(**settings), shelf)


async def record(shelf: Shelf, sql: str = "SELECT 'hunter2'", **settings: Any) -> AuditEntry:
    async with recorder(shelf, **settings).recorded("shop", sql) as entry:
        entry.judged(Verdict(StatementKind.READ, ("bench.orders",)))
        entry.rows, entry.bytes, entry.cut_by = 3, 120, "rows"
    return shelf.entries[-1]


async def test_an_entry_tells_who_did_what_and_how_it_ended():
    call = {"tool": "run_query", "transport": "http", "client": "claude-code", "request_id": "r1", "trace_id": "t"}
    with acting_as(Caller("ada", Scope.READ)), about(**call):
        entry = await record(Shelf())
    assert entry.model_dump(exclude={"at", "id", "duration_ms"}, exclude_none=True) == {
        "database_id": "shop",
        "caller": "ada",
        "outcome": "ok",
        "kind": "read",
        "fingerprint": fingerprint("SELECT 'hunter3'"),
        "tables": ("bench.orders",),
        "statement": "SELECT $1",
        "rows": 3,
        "bytes": 120,
        "cut_by": "rows",
        "tool": "run_query",
        "transport": "http",
        "client": "claude-code",
        "request_id": "r1",
    }


@pytest.mark.parametrize(
    ("setting", "kept", "characters"),
    [("masked", "SELECT $1", None), ("full", "SELECT 'hunter2'", None), ("none", None, 16)],
)
async def test_as_much_of_the_text_is_kept_as_is_set(setting: str, kept: str | None, characters: int | None):
    entry = await record(Shelf(), statements=setting)
    assert (entry.statement, entry.statement_characters) == (kept, characters)


async def test_of_what_cannot_be_masked_the_length_is_kept():
    entry = await record(Shelf(), "hunter2 is my password")
    assert (entry.statement, entry.statement_characters) == (None, 22)


async def test_text_that_no_file_or_table_takes_is_kept_without_it():
    with about(client="a\0b\ud800"):
        entry = await record(Shelf(), "SELECT '\0\ud800'", statements="full")
    assert (entry.client, entry.statement) == ("a?b?", "SELECT '??'")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (InvalidStatement("no"), "refused"),
        (StatementRefused("no"), "refused"),
        (WriteNotAllowed("no"), "refused"),
        (NotConfirmed("no"), "refused"),
        (QueryFailed("no"), "failed"),
        (DatabaseUnavailable("no"), "failed"),
        (QueryTookTooLong("no"), "timeout"),
        (OutcomeUnknown("no"), "committing"),
        (RuntimeError("a defect"), "failed"),
        (asyncio.CancelledError(), "cancelled"),
    ],
)
@pytest.mark.parametrize("is_full", [False, True])
async def test_a_statement_that_fails_is_written_down_and_fails_as_before(
    error: BaseException, outcome: str, *, is_full: bool
):
    shelf = Shelf(is_full=is_full)
    with pytest.raises(type(error)) as raised:
        async with recorder(shelf, required=True).recorded("shop", "SELECT 1"):
            raise error
    assert raised.value is error
    if not is_full:
        expected = None if outcome == "cancelled" else getattr(error, "code", "internal.error")
        assert [(each.outcome, each.error_code) for each in shelf.entries] == [(outcome, expected)]


async def test_a_commit_is_announced_before_it_happens():
    shelf = Shelf()
    audit = recorder(shelf)
    async with audit.recorded("shop", "DELETE FROM t") as entry:
        await audit.before_commit(entry)
        assert [each.outcome for each in shelf.entries] == ["committing"]
        entry.is_committed = True
    assert [(each.outcome, each.is_committed) for each in shelf.entries] == [("committing", None), ("ok", True)]
    assert len({each.id for each in shelf.entries}) == 1


async def test_without_its_log_an_answer_is_given_and_the_loss_is_told_once_in_a_while():
    audit = recorder(Shelf(is_full=True))
    with capture_logs() as logs:
        for _ in range(3):
            async with audit.recorded("shop", "SELECT 1"):
                pass
    assert [each["event"] for each in logs] == ["audit.not_written"]


async def test_where_the_log_is_required_no_answer_is_given_without_it():
    with pytest.raises(AuditUnavailable):
        async with recorder(Shelf(is_full=True), required=True).recorded("shop", "SELECT 1"):
            pass


async def test_where_the_log_is_required_nothing_is_committed_without_it():
    audit = recorder(Shelf(is_full=True), required=True)
    async with audit.recorded("shop", "DELETE FROM t") as entry:
        with pytest.raises(AuditUnavailable):
            await audit.before_commit(entry)
        entry.is_committed = True  # or leaving would fail as well


async def test_what_was_committed_is_told_even_if_the_log_broke_meanwhile():
    shelf = Shelf()
    audit = recorder(shelf, required=True)
    async with audit.recorded("shop", "DELETE FROM t") as entry:
        await audit.before_commit(entry)
        entry.is_committed, shelf.is_full = True, True
    assert [each.outcome for each in shelf.entries] == ["committing"]


def test_a_line_is_one_line_of_json():
    line = line_of({"at": "2026-11-21T00:00:00.000000+00:00", "statement": 'SELECT a\nFROM "b\u2028"'})
    assert line.count(b"\n") == 1
    assert json.loads(line)["statement"] == 'SELECT a\nFROM "b\u2028"'
