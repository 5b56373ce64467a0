"""Deciding what a restore does, and refusing all at once what it may not do, before anything is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import moorage
from moorage.core.postgres.migrations import MigrationLine, SchemaIsNewer
from moorage.operations.backup.manifest import BackedUpProject, Manifest
from moorage.operations.restore.errors import BackupNewer, NamesTaken, NotInBackup, UnfitRequest
from moorage.operations.restore.models import PlannedProject, Request, RestorePlan
from moorage.projects.models import Project, ProjectState, database_name_of, parse_project_name
from moorage.projects.provisioning import REGISTRY_LINE
from moorage.projects.states import STANDING_STATES


def target_names(manifest: Manifest, request: Request) -> list[str]:
    """Return the names the restored projects will have, in the order of the manifest.

    Raises:
        NotInBackup, UnfitRequest, InvalidProjectName.
    """
    chosen = _chosen(manifest, request)
    if request.new_name is None:
        return [parse_project_name(each.name) for each in chosen]
    if len(chosen) != 1 or request.replace:
        raise UnfitRequest(
            "a new name is for one project, and for a place that is free",
            hint="Name the project with --project, and leave out --replace.",
            field="new_name",
        )
    return [parse_project_name(request.new_name)]


def plan_restore(
    backup: Path,
    manifest: Manifest,
    request: Request,
    *,
    existing: Mapping[str, Project],
    registry_is_empty: bool,
) -> RestorePlan:
    """Return what will be done.

    Args:
        existing: the projects there are of the target names, by name.

    Raises:
        NamesTaken: all names at once; UnfitRequest.
    """
    pairs = list(zip(target_names(manifest, request), _chosen(manifest, request), strict=True))
    kept = _already_restored(pairs, existing) if not (request.names or request.replace) else []
    wanted = [(name, source) for name, source in pairs if name not in kept]
    _refuse_taken([existing[name] for name, _ in wanted if name in existing], request)
    return RestorePlan(
        backup=backup,
        projects=tuple(_planned(name, source, request, existing.get(name)) for name, source in wanted),
        with_registry=registry_is_empty and not request.names and manifest.registry is not None,
        kept=tuple(kept),
    )


def refuse_newer(manifest: Manifest, request: Request, lines: Sequence[MigrationLine]) -> None:
    """Refuse a backup whose tables this program does not know.

    Raises:
        BackupNewer: with the versions.
    """
    known = {line.name: line for line in lines}
    for source in _chosen(manifest, request):
        for name, revision in source.lines.items():
            _refuse_unknown(manifest, known.get(name), revision)
    if manifest.registry is not None and not request.names:
        _refuse_unknown(manifest, REGISTRY_LINE, manifest.registry.revision)


def _chosen(manifest: Manifest, request: Request) -> list[BackedUpProject]:
    """Return the projects of the backup that are asked for; snapshots behind the projects they are of."""
    absent = [name for name in request.names if manifest.project(name) is None]
    if absent:
        reasons = {each.name: each.reason for each in (*manifest.failed, *manifest.skipped)}
        told = ", ".join(f"{name} ({reasons[name]})" if name in reasons else name for name in absent)
        raise NotInBackup(
            f"the backup does not have {told}",
            hint=f"It has: {', '.join(each.name for each in manifest.projects) or 'no projects'}.",
            projects=absent,
        )
    chosen = [each for each in manifest.projects if not request.names or each.name in request.names]
    return sorted(chosen, key=lambda each: each.project.snapshot_of is not None)


def _already_restored(pairs: Sequence[tuple[str, BackedUpProject]], existing: Mapping[str, Project]) -> list[str]:
    """Return what an interrupted run of the same restore has finished; its half-made projects tell that there was one.

    A project is the same when it has the same id.
    """
    same = [existing[name] for name, source in pairs if name in existing and existing[name].id == source.project.id]
    if not any(project.state is ProjectState.COPYING for project in same):
        return []
    return [project.name for project in same if project.state in STANDING_STATES]


def _refuse_taken(existing: Sequence[Project], request: Request) -> None:
    living = [each for each in existing if each.state is not ProjectState.COPYING]
    busy = [each for each in living if each.state not in STANDING_STATES]
    taken = busy if request.replace else living
    if taken:
        raise NamesTaken(
            f"there are projects of these names: {', '.join(f'{each.name} ({each.state.value})' for each in taken)}",
            hint="Finish what is being done to them; `moorage doctor` tells what that is."
            if request.replace
            else "Restore others with --project, one under another name with --as, or replace them with --replace.",
            projects=[each.name for each in taken],
        )
    for project in existing:
        if request.replace and project.state in STANDING_STATES and request.server not in (None, project.server):
            raise UnfitRequest(
                f"project {project.name!r} is on the server {project.server!r}, and is replaced there",
                hint="Leave out --server; `moorage project move` moves it.",
                field="server",
            )


def _planned(name: str, source: BackedUpProject, request: Request, existing: Project | None) -> PlannedProject:
    if existing is not None and existing.state in STANDING_STATES:
        return PlannedProject(source=source, project=existing, living=existing)
    was = source.project
    changes: dict[str, Any] = {
        "name": name,
        "database_name": database_name_of(name),
        "server": request.server or was.server,
        "state": ProjectState.ARCHIVED if was.state is ProjectState.ARCHIVED else ProjectState.READY,
    }
    if request.new_name is not None:
        changes |= {"id": uuid4(), "folder": None, "snapshot_of": None}
    if existing is not None:  # half-made by a run that was interrupted: its database may be in place already
        changes["id"] = existing.id
    return PlannedProject(source=source, project=was.model_copy(update=changes))


def _refuse_unknown(manifest: Manifest, line: MigrationLine | None, revision: str) -> None:
    try:
        if line is not None:
            line.is_current(revision)
            return
    except SchemaIsNewer:
        pass
    raise BackupNewer(
        f"Moorage {manifest.program_version} wrote the backup, with tables at {revision},"
        f" which this Moorage {moorage.__version__} does not know",
        hint=f"Upgrade Moorage to {manifest.program_version} or newer.",
        backup_version=manifest.program_version,
        program_version=moorage.__version__,
    )
