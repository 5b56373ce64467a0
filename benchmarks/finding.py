"""Finding entities among ten thousand and a hundred thousand, against the same rows by bare SQL."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.entities import PROJECT, WorkGround, work_ground
from benchmarks.measure import Figure, interleaved, latencies, timed
from benchmarks.options import Options
from benchmarks.work_items import write_tasks
from moorage.workflow.querying.models import Query

SIZES = (10_000, 100_000)
ROUNDS = 200
LIMIT = 20
QUERY_MS = 20
SOON, LATER = "2026-01-02T00:00:00Z", "2026-01-02T06:00:00Z"

COLUMNS = "SELECT id, key, schema_name, title, state, version, updated_at FROM workflow.entities"


@dataclass(frozen=True)
class Case:
    """One question, and the statement that somebody who knows the tables would write for it."""

    name: str
    query: Query
    statement: str
    arguments: Sequence[Any]


def _cases() -> list[Case]:
    of_type = f"{COLUMNS} WHERE schema_name = 'task' AND deleted_at IS NULL"
    newest = f"ORDER BY updated_at DESC, id LIMIT {LIMIT}"
    blocked = {"status": "blocked", "assignee": "agent7"}
    return [
        Case("by two fields", Query("task", blocked, limit=LIMIT), f"{of_type} AND data @> $1 {newest}", [blocked]),
        Case(
            "by a declared field, newest first",
            Query("task", {"priority": "critical"}, sort=("-@updated_at",), limit=LIMIT),
            f"{of_type} AND data #> '{{priority}}' = $1 {newest}",
            ["critical"],
        ),
        Case(
            "by a range of instants, sorted by them",
            Query("task", {"due_date": {"gte": SOON, "lt": LATER}}, sort=("due_date",), limit=LIMIT),
            f"{of_type} AND workflow.instant(data #> '{{due_date}}') >= $1"
            " AND workflow.instant(data #> '{due_date}') < $2"
            f" ORDER BY workflow.instant(data #> '{{due_date}}'), id LIMIT {LIMIT}",
            [datetime.fromisoformat(SOON), datetime.fromisoformat(LATER)],
        ),
        Case("the newest of a type", Query("task", limit=LIMIT), f"{of_type} {newest}", []),
        Case(
            "by a tag in a list",
            Query("task", {"tags": {"contains": "tag30"}}, limit=LIMIT),
            f"{of_type} AND data @> $1 {newest}",
            [{"tags": ["tag30"]}],
        ),
        Case(
            "by words",
            Query("task", search="measure parser module 42", limit=LIMIT),
            f"{of_type} AND search @@ websearch_to_tsquery('english', $1)"
            f" ORDER BY ts_rank(search, websearch_to_tsquery('english', $1)) DESC, id LIMIT {LIMIT}",
            ["measure parser module 42"],
        ),
    ]


async def measure(options: Options) -> list[Figure]:
    figures: list[Figure] = []
    async with work_ground() as ground:
        written = 0
        for size in map(options.scaled, SIZES):
            await write_tasks(ground.bare, written + 1, size)
            written = size
            for case in _cases():
                figures += await _one(ground, size, case, options.scaled(ROUNDS))
            figures += await _meaning(ground, size, options.scaled(ROUNDS // 10))
    return figures


async def _one(ground: WorkGround, size: int, case: Case, rounds: int) -> list[Figure]:
    async def ours() -> None:
        await ground.service.queries.query(PROJECT, case.query)

    async def bare() -> None:
        await ground.bare.fetch(case.statement, *case.arguments)

    taken, floor = await interleaved([ours, bare], rounds=rounds)
    name = f"{case.name}, of {size:,}"
    return latencies(
        name, taken, floor=("the same rows by a bare statement", floor), targets={0.95: QUERY_MS}, shares=(0.5, 0.95)
    )


async def _meaning(ground: WorkGround, size: int, rounds: int) -> list[Figure]:
    """Search by meaning: the first question also makes the vectors of all entities, as far as one call does."""
    asked = itertools.cycle(["logins that end too soon", "money owed by customers", "reading source text"])

    async def ask() -> None:
        await ground.service.queries.query(PROJECT, Query("task", meaning=next(asked), limit=LIMIT))

    first = await timed(ask)
    (taken,) = await interleaved([ask], rounds=max(rounds, 3))
    name = f"by meaning, of {size:,}"
    return [Figure(f"{name}, first question", first, "s"), *latencies(name, taken, shares=(0.5, 0.95))]
