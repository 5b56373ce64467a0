"""Importing items of other programs: all of them or none, and none twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from moorage.core.access import current_caller
from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.projects.writing import find_writable
from moorage.workflow.documents import refuse_unfit
from moorage.workflow.entities.calls import WriteCalls
from moorage.workflow.entities.models import Entity
from moorage.workflow.entities.writing import insert
from moorage.workflow.errors import InvalidImport, TypeNotFound
from moorage.workflow.exchange import store
from moorage.workflow.exchange.importers.beads import read_beads
from moorage.workflow.exchange.importers.checklists import read_checklist
from moorage.workflow.exchange.importers.github import read_github
from moorage.workflow.exchange.importers.reading import refuse_many, refuse_unfit_text
from moorage.workflow.exchange.importers.sheets import read_sheet
from moorage.workflow.exchange.models import ImportedEntity, ImportFormat, ImportReport, OnProgress, Reading
from moorage.workflow.exchange.planning import Plan, plan_import
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.catalog import TypeCatalog
from moorage.workflow.types.models import EntityType, StoredType
from moorage.workflow.types.packs import pack_names, read_pack
from moorage.workflow.types.service import TypeService
from moorage.workflow.types.validation import compiled
from moorage.workflow.work.linking import comments_add_in, links_add_in, references_add_in

READERS: Mapping[ImportFormat, Callable[..., Reading]] = {
    "github": read_github,
    "beads": read_beads,
    "csv": read_sheet,
    "markdown": read_checklist,
}
_JSON_FORMATS = {"github", "beads"}
MAX_BYTES = 64 * 1024 * 1024
MAX_SOURCE_BYTES = 500
BATCH = 500
SHOWN_ENTITIES = 50
SHOWN_SKIPPED = 50


@dataclass(frozen=True)
class _Checked:
    """What an import will do, and the ready-made types that it needs for that."""

    plan: Plan
    missing_types: list[str]


class Importer:
    """Reads a text of some format, and makes entities of what is new in it."""

    def __init__(
        self,
        connections: ProjectConnectionManager,
        catalog: TypeCatalog,
        types: TypeService,
        settings: WorkflowSettings,
    ) -> None:
        self._connections = connections
        self._catalog = catalog
        self._types = types
        self._max_bytes = settings.max_document_bytes
        self._calls = WriteCalls(connections, catalog)

    async def run(
        self,
        project_name: str,
        text: str,
        import_format: ImportFormat,
        *,
        schema_name: str | None = None,
        source: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> ImportReport:
        """Import a text in one transaction; what was imported before stays as it is now.

        Ready-made types that are missing are registered first, and stay when the import is refused after that.

        Args:
            schema_name: the type of everything; None lets the source decide, where it can.
            source: names where the items are from, so that ids of two sources are not taken for one another.
            on_progress: told of the total with each entity that is written.

        Raises:
            InvalidImport: with every problem, by line or item; nothing was written. TypeNotFound, LinkRefused.
        """
        # Reading and planning take seconds for thousands of items; other callers are answered meanwhile.
        reading = await asyncio.to_thread(read_text, text, import_format, schema_name)
        origin = source or reading.source or import_format
        refuse_unfit({"source": origin}, what="source", max_bytes=MAX_SOURCE_BYTES)
        checked = await self._check(project_name, reading, origin)
        if dry_run:
            return _report(project_name, origin, checked.plan, checked.missing_types, [], dry_run=True)
        for name in checked.missing_types:
            await self._types.register(project_name, name)

        async def write(connection: Connection, project: Project) -> ImportReport:
            await store.import_lock_in(connection)
            types = {name: await self._catalog.get(project, connection, name) for name in _type_names(reading)}
            plan = await self._plan(connection, reading, types, origin)
            written = await _write_in(connection, plan, origin, on_progress or (lambda _: None))
            return _report(project.name, origin, plan, checked.missing_types, written, dry_run=False)

        return await self._calls.in_transaction(
            project_name,
            ImportReport,
            write,
            key=idempotency_key,
            tool="import_entities",
            arguments={"text": text, "format": import_format, "schema_name": schema_name, "source": source},
        )

    async def _check(self, project_name: str, reading: Reading, origin: str) -> _Checked:
        """Plan the import before anything is written, with the types that it will register."""
        project = await find_writable(self._connections, project_name)
        async with self._connections.connection_to(project) as connection:
            types = await self._known_types(project, connection, reading)
            names = [name for name in _type_names(reading) if name not in types]
            types.update({name: type_of_pack(name) for name in names})
            return _Checked(await self._plan(connection, reading, types, origin), names)

    async def _known_types(self, project: Project, connection: Connection, reading: Reading) -> dict[str, EntityType]:
        """Return the types that the project has, of those that are needed.

        Raises:
            TypeNotFound: one is neither there nor ready-made.
        """
        types = {}
        for name in _type_names(reading):
            try:
                types[name] = await self._catalog.get(project, connection, name)
            except TypeNotFound:
                if name not in pack_names():
                    raise
        return types

    async def _plan(
        self, connection: Connection, reading: Reading, types: Mapping[str, EntityType], origin: str
    ) -> Plan:
        names = {each.external_id for each in reading.proposals}
        names |= {end for each in reading.links for end in (each.source, each.target)}
        known = await store.origin_find(connection, origin, sorted(names), _uuids(names))
        return await asyncio.to_thread(plan_import, reading, types, known, max_bytes=self._max_bytes)


def read_text(text: str, import_format: ImportFormat, schema_name: str | None) -> Reading:
    """Return what a text of another program holds.

    Raises:
        InvalidImport: it is too large, holds nothing, or cannot be read.
    """
    refuse_unfit_text(text, max_bytes=MAX_BYTES, is_json=import_format in _JSON_FORMATS)
    reading = READERS[import_format](text.removeprefix("\ufeff"), schema_name=schema_name)
    count = len(reading.proposals)
    refuse_many(count)
    if not count:
        seen = f" but {'; '.join(reading.skipped[:3])}" if reading.skipped else ""
        raise InvalidImport(f"there is nothing to import{seen}", hint=f"Is it {import_format}? Name its format.")
    return reading


async def _write_in(transaction: Connection, plan: Plan, origin: str, on_progress: OnProgress) -> list[Entity]:
    """Write what the plan says; return the entities in its order."""
    actor = current_caller().name
    written: list[Entity] = []
    for start in range(0, len(plan.entities), BATCH):
        batch = await insert(transaction, plan.entities[start : start + BATCH], actor=actor)
        written.extend(batch)
        for _ in batch:
            on_progress(len(plan.entities))
    origins = {each.external_id: entity.id for each, entity in zip(plan.proposals, written, strict=True)}
    await store.origin_insert_in(transaction, origin, origins, actor=actor)
    await links_add_in(transaction, plan.links, actor=actor)
    await references_add_in(transaction, plan.references, actor=actor)
    await comments_add_in(transaction, plan.comments, actor=actor)
    return written


def _type_names(reading: Reading) -> list[str]:
    return sorted({each.schema_name for each in reading.proposals})


def type_of_pack(name: str) -> EntityType:
    """Return a ready-made type as it will be once it is registered."""
    pack, now = read_pack(name), datetime.now(UTC)
    row = StoredType(
        **pack.model_dump(exclude={"rules"}),
        rules=pack.rules,
        version=1,
        key_prefix=pack.rules.key_prefix or "X",
        created_at=now,
        created_by="",
        updated_at=now,
        updated_by="",
    )
    return compiled(row)


def _uuids(names: set[str]) -> list[UUID]:
    found = []
    for each in names:
        try:
            found.append(UUID(each))
        except ValueError:
            continue
    return found


def _report(
    project_name: str, origin: str, plan: Plan, types: Sequence[str], written: Sequence[Entity], *, dry_run: bool
) -> ImportReport:
    keys = [each.key for each in written]
    shown = [
        ImportedEntity(
            external_id=proposal.external_id,
            schema_name=proposal.schema_name,
            key=keys[place] if keys else None,
            title=entity.traits.title,
        )
        for place, (proposal, entity) in enumerate(zip(plan.proposals, plan.entities, strict=True))
        if place < SHOWN_ENTITIES
    ]
    return ImportReport(
        project_name=project_name,
        source=origin,
        dry_run=dry_run,
        created=len(plan.entities),
        existing=plan.existing,
        entities=shown,
        links=len(plan.links),
        references=len(plan.references),
        comments=len(plan.comments),
        types_registered=list(types),
        left_out=plan.left_out,
        skipped=_cut(plan.skipped),
    )


def _cut(skipped: Sequence[str]) -> list[str]:
    more = len(skipped) - SHOWN_SKIPPED
    return [*skipped[:SHOWN_SKIPPED], *([f"and {more} more"] if more > 0 else [])]
