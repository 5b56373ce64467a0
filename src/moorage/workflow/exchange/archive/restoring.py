"""Bringing an export back: ids, keys, versions, times and names of actors as they were.

It writes what others are said to have done, so it is for whoever runs the program, not for callers over the network.
It is the one place besides `entities.writing` that writes entities: their history exists already and is not made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from moorage.core.access import current_caller
from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.writing import find_writable
from moorage.workflow.exchange.archive import store
from moorage.workflow.exchange.archive.folders import (
    DEPLOYMENT_FILE,
    DEPLOYMENTS,
    ENTITY_FILE,
    TYPE_FILE,
    TYPES,
    Document,
    files_of,
    read_document,
    refuse_no_export,
)
from moorage.workflow.exchange.archive.models import ArchivedDeployment, ArchivedEntity, ArchivedType
from moorage.workflow.exchange.archive.versions import (
    TypeVersions,
    problems_of_entity,
    problems_of_type,
    traits_of,
    versions_of,
)
from moorage.workflow.exchange.importers.reading import refuse
from moorage.workflow.exchange.models import OnProgress, RestoredFolder
from moorage.workflow.work.linking import refuse_cycles_in
from moorage.workflow.work.store import entity_share_in, graph_lock_in

BATCH = 200


async def restore_folder(
    connections: ProjectConnectionManager,
    project_name: str,
    folder: Path,
    *,
    max_bytes: int,
    dry_run: bool,
    on_progress: OnProgress,
) -> RestoredFolder:
    """Write what an export holds and the project has not, all or nothing; a dry run takes it back at the end.

    Entities and deployments with ids that the project has stay as they are there.

    Raises:
        InvalidImport: with the files that cannot be read, do not satisfy their type, or contradict what is there.
        LinkRefused: the links close a cycle.
    """
    refuse_no_export(folder)
    project = await find_writable(connections, project_name)
    async with connections.connection_to(project) as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            restorer = _Restorer(connection, folder, max_bytes=max_bytes, dry_run=dry_run, on_progress=on_progress)
            restored = await restorer.run(project.name)
        except BaseException:
            await transaction.rollback()
            raise
        await (transaction.rollback() if dry_run else transaction.commit())
        return restored


class _Restorer:
    """One restoring, in somebody's transaction."""

    def __init__(
        self, transaction: Connection, folder: Path, *, max_bytes: int, dry_run: bool, on_progress: OnProgress
    ) -> None:
        self._transaction = transaction
        self._folder = folder
        self._paths = files_of(folder)
        self._max_bytes = max_bytes
        self._dry_run = dry_run
        self._on_progress = on_progress
        self._actor = current_caller().name

    async def run(self, project_name: str) -> RestoredFolder:
        types, new_types = await self._restore_types()
        paths = self._paths_of(ENTITY_FILE)
        await self._reserve_numbers(paths)
        new: list[ArchivedEntity] = []
        for batch in _batches(paths):
            new += [_without_history(each) for each in await self._restore_entities(batch, len(paths), types)]
        await self._restore_links(new)
        deployments = await self._restore_deployments()
        return RestoredFolder(
            project_name=project_name,
            dry_run=self._dry_run,
            entities=len(new),
            existing=len(paths) - len(new),
            types=new_types,
            deployments=deployments,
        )

    def _paths_of(self, pattern: re.Pattern[str]) -> list[str]:
        return [path for path in self._paths if pattern.fullmatch(path)]

    def _read(self, paths: Sequence[str], kind: type[Document]) -> list[Document]:
        return [read_document(self._folder, path, kind) for path in paths]

    async def _restore_types(self) -> tuple[TypeVersions, int]:
        """Write the types that the project has not; return all of the export, and how many are new."""
        paths = self._paths_of(TYPE_FILE)
        types = self._read(paths, ArchivedType)
        await store.type_keep_in(self._transaction)
        there = {each.schema_name: each for each in await store.type_all(self._transaction)}
        problems = []
        for path, each in zip(paths, types, strict=True):
            problems += [f"{path}: {problem}" for problem in problems_of_type(each)]
            if path != f"{TYPES}/{each.schema_name}.json":
                problems.append(f"{path}: holds the type {each.schema_name!r}")
            if each.schema_name in there and not _is_same(each, there[each.schema_name]):
                problems.append(f"{path}: the project has a type of this name that is another, or at another version")
        refuse(problems)
        new = [each for each in types if each.schema_name not in there]
        await store.type_restore_in(self._transaction, new, actor=self._actor)
        return versions_of(types), len(new)

    async def _reserve_numbers(self, paths: Sequence[str]) -> None:
        numbers = [int(path.removesuffix(".json").rpartition("-")[2]) for path in paths]
        if numbers and not self._dry_run:
            await store.number_reserve(self._transaction, max(numbers))

    async def _restore_entities(self, paths: Sequence[str], total: int, types: TypeVersions) -> list[ArchivedEntity]:
        """Write those of a batch that the project has not, and return them."""
        entities = self._read(paths, ArchivedEntity)
        there = await store.entity_there(
            self._transaction, [each.id for each in entities], [each.key for each in entities]
        )
        problems = []
        for path, each in zip(paths, entities, strict=True):
            problems += [f"{path}: {one}" for one in problems_of_entity(each, types, max_bytes=self._max_bytes)]
            if path != f"{each.schema_name}/{each.key}.json":
                problems.append(f"{path}: holds {each.key} of type {each.schema_name!r}")
            if each.key in there.values() and there.get(each.id) != each.key:
                problems.append(f"{path}: the project has another entity with the key {each.key}")
        refuse(problems)
        new = [each for each in entities if each.id not in there]
        await store.entity_restore_in(
            self._transaction, new, [traits_of(each, types) for each in new], actor=self._actor
        )
        for _ in entities:
            self._on_progress(total)
        return new

    async def _restore_links(self, entities: Sequence[ArchivedEntity]) -> None:
        """Write the links of new entities.

        Raises:
            InvalidImport: a link leads to an entity that is nowhere. LinkRefused.
        """
        targets = sorted({link.target for each in entities for link in each.links})
        there = await store.entity_there(self._transaction, [], targets)
        refuse(
            [
                f"a link leads to {key}, which is neither in the export nor in the project"
                for key in targets
                if key not in there.values()
            ]
        )
        # As everybody does: what is linked is locked first, and only then the graph.
        await entity_share_in(self._transaction, sorted(there))
        await graph_lock_in(self._transaction)
        links = await store.link_restore_in(self._transaction, entities, actor=self._actor)
        await refuse_cycles_in(self._transaction, links)

    async def _restore_deployments(self) -> int:
        """Write the deployments that the project has not; return how many."""
        written = 0
        for paths in _batches(self._paths_of(DEPLOYMENT_FILE)):
            deployments = self._read(paths, ArchivedDeployment)
            there = await store.deployment_there(self._transaction, deployments)
            refuse(list(_contradictions(deployments, there)))
            ids = {each["id"] for each in there}
            new = [each for each in deployments if each.id not in ids]
            await self._refuse_missing_items(new)
            await store.deployment_restore_in(self._transaction, new, actor=self._actor)
            written += len(new)
        return written

    async def _refuse_missing_items(self, deployments: Sequence[ArchivedDeployment]) -> None:
        keys = sorted({key for each in deployments for key in each.work_items})
        there = set((await store.entity_there(self._transaction, [], keys)).values())
        refuse(
            [
                f"a deployment carries {key}, which is neither in the export nor in the project"
                for key in keys
                if key not in there
            ]
        )


def _batches(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(paths), BATCH):
        yield paths[start : start + BATCH]


def _without_history(entity: ArchivedEntity) -> ArchivedEntity:
    """Return what links need of an entity, so that a large export need not be in memory."""
    return entity.model_copy(update={"data": {}, "versions": [], "comments": [], "references": [], "origins": []})


def _is_same(one: ArchivedType, other: ArchivedType) -> bool:
    def told(each: ArchivedType) -> tuple[object, ...]:
        return each.version, each.key_prefix, [(v.version, v.schema_definition, v.rules) for v in each.versions]

    return told(one) == told(other)


def _contradictions(deployments: Sequence[ArchivedDeployment], there: Sequence[store.Plain]) -> Iterator[str]:
    own = {each["id"]: each for each in there}
    places = {(each["environment"], each["commit_sha"], each["attempt"]): each["id"] for each in there}
    for each in deployments:
        place = (each.environment, each.commit_sha, each.attempt)
        if each.id not in own and place in places:
            name = f"attempt {each.attempt} of {each.commit_sha} in {each.environment!r}"
            yield f"{DEPLOYMENTS}/{each.id}.json: the project has another deployment that is {name}"
