"""Trying many databases at once, with a progress bar."""

from __future__ import annotations

from collections.abc import Sequence

from moorage.core.shell import Shell
from moorage.databases.definitions import Database
from moorage.databases.managing.trying import FailedTrial, Trial
from moorage.databases.service import DatabasesService
from moorage.databases.spreading import Asked, spread

AT_ONCE = 24
EACH_SECONDS, ALL_SECONDS = 15.0, 300.0


async def try_all(
    shell: Shell, service: DatabasesService, databases: Sequence[Database]
) -> dict[str, Trial | FailedTrial]:
    """Return what came of trying each database, by id."""
    with shell.progress("connecting") as count:

        async def ask(database: Database) -> Trial | FailedTrial:
            try:
                return await service.managing.test(database.id)
            finally:
                count(len(databases))

        asked = await spread(databases, ask, at_once=AT_ONCE, each_seconds=EACH_SECONDS, all_seconds=ALL_SECONDS)
    return {each.database.id: trial for each in asked if (trial := _trial_of(each)) is not None}


def _trial_of(asked: Asked[Trial | FailedTrial]) -> Trial | FailedTrial | None:
    error = asked.error
    if error is None:
        return asked.result
    return FailedTrial(database_id=asked.database.id, code=error.code, message=error.message, hint=error.hint)
