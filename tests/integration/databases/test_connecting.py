"""Connections to databases of others: opened when needed, shared, and clean for the next caller."""

from __future__ import annotations

from moorage.databases.execution.running import Request
from tests.support.many_databases import ORDERS, open_service


async def test_a_reader_sees_the_rows_of_a_database(bench):
    async with open_service({"shop": bench.definition()}) as service:
        answer = await service.run_query("shop", Request("SELECT count(*) FROM bench.orders"))
    assert answer.rows == [[ORDERS]]
