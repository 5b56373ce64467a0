"""Restoring a backup: the registry first, then its projects, several at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from moorage.operations.backup.manifest import BackedUpProject, BackedUpRegistry, Manifest, path_of, read_manifest
from moorage.operations.backup.verifying import problem_of
from moorage.operations.restore import store
from moorage.operations.restore.building import Builder, described
from moorage.operations.restore.errors import BackupHarmed, NamesTaken
from moorage.operations.restore.filling import Dump
from moorage.operations.restore.models import PlannedProject, Request, RestoredProject, RestorePlan, RestoreReport
from moorage.operations.restore.planning import plan_restore, refuse_newer, target_names
from moorage.operations.restore.registry import RestoredTables, restore_tables
from moorage.operations.settings import BackupSettings
from moorage.projects import store as registry_store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.projects.roles import grant_again
from moorage.projects.staging import owner_of

# Told how many projects there are each time one is done.
OnProject = Callable[[int], None]


async def restore_backup(
    connections: ProjectConnectionManager,
    backup: Path,
    request: Request,
    *,
    settings: BackupSettings,
    jobs: int = 1,
    on_project: OnProject | None = None,
) -> RestoreReport:
    """Restore a backup, or projects of it; repeating the call goes on where one was interrupted.

    One project that fails does not stop the others; it is told in the report.

    Args:
        jobs: how many projects are restored at once; what is left over of them, tables of one project.

    Raises:
        BackupNotFound, ManifestUnreadable, ManifestNewer, BackupNewer, BackupHarmed, NotInBackup, UnfitRequest,
        NamesTaken, ProjectInUse, ServerUnknown: nothing was changed.
    """
    async with _planned(connections, backup, request, settings) as (manifest, plan):
        builder = Builder(
            connections, backup, max(1, jobs // max(1, len(plan.projects))), request.force, settings.programs
        )
        report = await _Run(connections, manifest, plan, builder, on_project).run(at_once=jobs)
    failed = {each.name for each in report.projects if each.outcome == "failed"}
    for each in plan.projects:
        if each.name not in failed:
            await grant_again(connections.provisioner_of(each.project), each.project)
    return report


async def plan_of_restore(
    connections: ProjectConnectionManager, backup: Path, request: Request, *, settings: BackupSettings
) -> RestoreReport:
    """Return what `restore_backup` would do, after everything that it checks before it begins."""
    async with _planned(connections, backup, request, settings) as (manifest, plan):
        planned = [described(each, "to replace" if each.living else "to restore") for each in plan.projects]
        return _report(manifest, plan, planned, RestoredTables())


@asynccontextmanager
async def _planned(
    connections: ProjectConnectionManager, backup: Path, request: Request, settings: BackupSettings
) -> AsyncGenerator[tuple[Manifest, RestorePlan]]:
    """Read the backup, keep others away from the projects concerned, and refuse what cannot be done."""
    manifest = read_manifest(backup)
    names = target_names(manifest, request)
    refuse_newer(manifest, request, connections.provisioner.lines)
    async with connections.provisioner.claimed(*names):
        with connections.registry() as registry:
            existing = await registry_store.project_list(registry, visible=names)
            plan = plan_restore(
                backup,
                manifest,
                request,
                existing={each.name: each for each in existing},
                registry_is_empty=await store.registry_is_empty(registry),
            )
        await _refuse_foreign_databases(connections, plan)
        await _refuse_harmed(manifest, plan, settings)
        yield manifest, plan


async def _refuse_foreign_databases(connections: ProjectConnectionManager, plan: RestorePlan) -> None:
    """Refuse when databases have the names of projects without being theirs.

    Raises:
        NamesTaken: with all of them.
    """
    taken = [each.project.database_name for each in plan.projects if await _is_foreign(connections, each.project)]
    if taken:
        raise NamesTaken(
            f"there are databases of these names that belong to no such project: {', '.join(taken)}",
            hint="`moorage doctor` tells whose they are; rename or drop them, or restore under another name with --as.",
            databases=taken,
        )


async def _is_foreign(connections: ProjectConnectionManager, project: Project) -> bool:
    provisioner = connections.provisioner_of(project)
    async with provisioner.maintenance() as server:
        if await registry_store.database_state(server, project.database_name) is None:
            return False
    return await owner_of(provisioner, project.database_name) != project.id


async def _refuse_harmed(manifest: Manifest, plan: RestorePlan, settings: BackupSettings) -> None:
    """Read every file that will be used, before anything is touched.

    Raises:
        BackupHarmed: with all that is wrong.
    """
    used: list[BackedUpProject | BackedUpRegistry] = [each.source for each in plan.projects]
    if plan.with_registry and manifest.registry is not None:
        used.append(manifest.registry)
    problems = {each.file: await problem_of(plan.backup, each, settings.programs) for each in used}
    harmed = {file: problem for file, problem in problems.items() if problem is not None}
    if harmed:
        raise BackupHarmed(
            "the backup is harmed: " + "; ".join(f"{file}: {problem}" for file, problem in harmed.items()),
            hint="Nothing was changed. Use another backup, or restore the projects that are unharmed with --project.",
            files=harmed,
        )


@dataclass(frozen=True)
class _Run:
    """One restore, with every project of the plan claimed."""

    connections: ProjectConnectionManager
    manifest: Manifest
    plan: RestorePlan
    builder: Builder
    on_project: OnProject | None

    async def run(self, *, at_once: int) -> RestoreReport:
        tables = await self._restore_tables()
        rows = await self._enter_projects()
        try:
            projects = await self._restore_projects(rows, asyncio.Semaphore(at_once))
        finally:
            with self.connections.registry() as registry:  # whatever failed is not to be found half-made
                await registry_store.project_discard(registry, list(rows))
        return _report(self.manifest, self.plan, projects, tables)

    async def _restore_tables(self) -> RestoredTables:
        dumped = self.manifest.registry
        if not self.plan.with_registry or dumped is None:
            return RestoredTables()
        dump = Dump(path_of(self.plan.backup, dumped), dumped.dumped_with)
        folder = self.builder.programs_folder
        with self.connections.registry() as pool:
            async with pool.acquire() as registry:
                return await restore_tables(self.connections.provisioner, registry, dump, programs_folder=folder)

    async def _enter_projects(self) -> dict[str, Project]:
        """Enter the new projects into the registry, half-made as they are; return the rows of all by name."""
        rows = {each.name: each.living for each in self.plan.projects if each.living is not None}
        with self.connections.registry() as pool:
            async with pool.acquire() as registry, registry.transaction():
                new = [each for each in self.plan.projects if each.living is None]
                await registry_store.project_discard(registry, [each.name for each in new])
                for each in new:
                    entered = await store.project_restore(registry, each.project)
                    if entered is None:
                        raise _just_taken(each)
                    rows[each.name] = entered
        return rows

    async def _restore_projects(self, rows: dict[str, Project], gate: asyncio.Semaphore) -> list[RestoredProject]:
        async def one(planned: PlannedProject) -> RestoredProject:
            async with gate:
                restored = await self.builder.restore(planned, rows[planned.name])
            if self.on_project is not None:
                self.on_project(len(self.plan.projects))
            return restored

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(each)) for each in self.plan.projects]
        return [task.result() for task in tasks]


def _report(
    manifest: Manifest, plan: RestorePlan, projects: list[RestoredProject], tables: RestoredTables
) -> RestoreReport:
    is_whole = plan.with_registry or bool(plan.kept)
    return RestoreReport(
        backup=plan.backup,
        projects=tuple(projects),
        kept=plan.kept,
        tombstones=tables.tombstones,
        tokens=tables.tokens,
        absent=(*manifest.failed, *manifest.skipped) if is_whole else (),
    )


def _just_taken(planned: PlannedProject) -> NamesTaken:
    return NamesTaken(
        f"the project {planned.name!r}, or its id, is in the registry already",
        hint="Restore it under another name with --as.",
        projects=[planned.name],
    )
