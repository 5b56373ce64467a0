"""The registry's own rows: those of projects as they begin, tombstones and tokens as they were."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from moorage.core.postgres.migrations import migrate
from moorage.core.postgres.pools import Connection, connected
from moorage.operations.restore import store
from moorage.operations.restore.filling import Dump, fill_database
from moorage.projects.provisioning import REGISTRY_LINE, Provisioner
from moorage.projects.staging import staged


@dataclass(frozen=True)
class RestoredTables:
    """How many rows of the registry's own came back; None where they were not asked for."""

    tombstones: int | None = None
    tokens: int | None = None


async def restore_tables(
    registry: Provisioner, target: Connection, dump: Dump, *, programs_folder: Path | None = None
) -> RestoredTables:
    """Give the registry the tombstones and tokens of a backup.

    They are read from a copy that is brought to this program's tables first, so an older backup will do.
    """
    async with staged(registry) as staging:
        await fill_database(registry, staging, dump, programs_folder=programs_folder)
        await migrate(registry.address, staging, (REGISTRY_LINE,))
        async with connected(registry.address, staging) as copy:
            tombstones, tokens = await store.tombstone_list(copy), await store.token_list(copy)
    async with target.transaction():
        return RestoredTables(
            tombstones=await store.tombstone_restore_in(target, tombstones),
            tokens=await store.token_restore_in(target, tokens),
        )
