"""A look at a folder is never older than the index it is compared with."""

from __future__ import annotations

import asyncio
from typing import Any

from moorage.codebase.freshness import Freshness
from moorage.codebase.models import Repository
from moorage.codebase.scanning import ScanLimits
from tests.unit.codebase.builders import make_repository


class SlowFreshness(Freshness):
    """Counts as many changes as the test says, when the test lets it."""

    changes = 3
    gate: asyncio.Event

    async def _count_changes(self, project: str, repository: Repository) -> int:
        counted = self.changes
        await self.gate.wait()
        return counted


async def test_a_look_begun_before_the_index_changed_is_not_shown_after():
    nothing: Any = None
    freshness, repository = SlowFreshness(nothing, ScanLimits()), make_repository()
    freshness.gate = asyncio.Event()
    assert await freshness.look("app", repository) is None  # still under way
    freshness.changes = 0
    freshness.forget("app", repository.id)
    freshness.gate.set()
    look = await freshness.look("app", repository)
    assert look is not None
    assert look.changed == 0
    await freshness.close()


async def test_a_clone_of_a_project_is_looked_at_for_itself():
    """Its repositories have the ids that they have in its source."""
    nothing: Any = None
    freshness, repository = SlowFreshness(nothing, ScanLimits()), make_repository()
    freshness.gate = asyncio.Event()
    freshness.gate.set()
    await freshness.look("app", repository)
    freshness.changes = 0
    looks = [await freshness.look(project, repository) for project in ("app", "app_clone")]
    assert [look and look.changed for look in looks] == [3, 0]
    await freshness.close()
