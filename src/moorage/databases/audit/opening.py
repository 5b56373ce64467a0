"""Opening the audit log: where entries go, and the deleting of old ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from moorage.core.errors import MoorageError
from moorage.databases.audit.files import AuditFiles
from moorage.databases.audit.recorder import Recorder, Sink
from moorage.databases.audit.service import AuditService
from moorage.databases.audit.sinks import FileSink, TableSink
from moorage.databases.errors import NotSupported
from moorage.databases.settings import AuditSettings
from moorage.databases.sources.catalog import Catalog

if TYPE_CHECKING:
    from moorage.projects.connections import ProjectConnectionManager

log = structlog.get_logger(__name__)

FIRST_FORGETTING_SECONDS = 600.0
"""A program that runs for a moment only does not look for what is old."""

FORGETTING_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Audit:
    """The audit log, open: to write to, and to read."""

    recorder: Recorder
    service: AuditService


@asynccontextmanager
async def open_audit(
    settings: AuditSettings, catalog: Catalog, home: Path | None, registry: ProjectConnectionManager | None
) -> AsyncGenerator[Audit]:
    """Open the log; what waits to be written is written at the end.

    Args:
        home: the folder of everything Moorage keeps on this machine; without one nothing is written down.
        registry: where the table is; None where there is none.

    Raises:
        NotSupported: the log is to be kept in a registry that is not there.
    """
    files = None if home is None else _files(settings, home)
    service = AuditService(catalog, files, registry)
    async with AsyncExitStack() as stack:
        if files is not None:
            stack.callback(files.close)
            stack.push_async_callback(_ended, asyncio.create_task(_forget_regularly(service, settings.keep_days)))
        yield Audit(Recorder(settings, await _sink(settings, files, registry, stack)), service)


def _files(settings: AuditSettings, home: Path) -> AuditFiles:
    return AuditFiles(home / "audit" / "databases", max_bytes=int(settings.max_file_bytes), kept=settings.kept_files)


async def _sink(
    settings: AuditSettings, files: AuditFiles | None, registry: ProjectConnectionManager | None, stack: AsyncExitStack
) -> Sink | None:
    if settings.to == "off" or files is None:
        return None
    if settings.to == "file":
        return FileSink(files)
    if registry is None:
        raise NotSupported(
            "sql.audit.to is postgres, but this program has no registry to keep the audit log in",
            hint="Set sql.audit.to to file, or serve databases by `moorage serve`.",
        )
    return await stack.enter_async_context(TableSink(registry, FileSink(files)).open())


async def _forget_regularly(service: AuditService, keep_days: int) -> None:
    pause = FIRST_FORGETTING_SECONDS
    while True:
        await asyncio.sleep(pause)
        pause = FORGETTING_SECONDS
        try:
            await service.forget(before=datetime.now(UTC) - timedelta(days=keep_days))
        except (MoorageError, OSError) as error:
            log.warning("audit.not_forgotten", reason=str(error))


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
