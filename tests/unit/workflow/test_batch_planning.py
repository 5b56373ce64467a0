"""Batches are planned without holding those who do something else meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import sentinel

from moorage.workflow.batch.drafts import Drafts
from moorage.workflow.batch.models import Create
from moorage.workflow.batch.planning import Planner
from moorage.workflow.documents import MAX_BYTES
from moorage.workflow.exchange.importing import type_of_pack


async def test_others_have_their_turn_after_each_operation():
    """A thousand documents that take as long to check as they may would be a minute."""
    done: list[str] = []

    async def type_of(name: str) -> Any:
        done.append("planned")
        return type_of_pack(name)

    async def go_on() -> None:
        while True:
            done.append("other")
            await asyncio.sleep(0)

    other = asyncio.create_task(go_on())
    operations = [Create(op="create", schema_name="task", data={"title": "a"})] * 3
    steps, problems = await Planner(sentinel.unasked, Drafts({}), type_of, MAX_BYTES, "ada").plan(operations)
    other.cancel()
    assert (len(steps), problems) == (3, [])
    assert done[:5] == ["planned", "other", "planned", "other", "planned"]
