"""What can be done with projects."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from moorage.core.access import current_caller
from moorage.core.errors import InvalidInput
from moorage.projects import store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.describing import check_description, refuse_unseen
from moorage.projects.errors import (
    FolderTaken,
    NotConfirmed,
    ProjectRequired,
)
from moorage.projects.lifecycle.copies import ProjectCopies
from moorage.projects.lifecycle.service import ProjectLifecycle
from moorage.projects.measuring import measure
from moorage.projects.models import (
    MAIN_SERVER,
    CreatedProject,
    DeletedProject,
    Project,
    ProjectName,
    ProjectOrder,
    ProjectPage,
    ProjectState,
    ProjectStats,
    Tombstone,
    name_from_folder,
    parse_project_name,
)
from moorage.projects.placing import choose_server
from moorage.projects.roles import drop_roles
from moorage.projects.sessions import refuse_when_used
from moorage.projects.states import not_ready

MAX_PAGE = 200
_SHOWN_PROJECTS = 10

BackUp = Callable[[str], Awaitable[str]]


class ProjectService:
    """Create, find, list, measure and delete projects; decide which one a call means.

    Args:
        default_project: the project of a process that serves one; calls that name none mean it.
        placed_on: the servers new projects may be placed on; the least loaded of several is chosen.
        back_up: backs up a project by its name, and returns where the backup lies.
    """

    def __init__(
        self,
        connections: ProjectConnectionManager,
        *,
        default_project: str | None = None,
        placed_on: Sequence[str] = (MAIN_SERVER,),
        back_up: BackUp | None = None,
    ) -> None:
        self.connections = connections
        self.lifecycle = ProjectLifecycle(connections)
        self.copies = ProjectCopies(connections)
        self._placed_on = placed_on
        self._back_up = back_up or _no_backup
        self.default = None if default_project is None else parse_project_name(default_project)

    async def resolve(self, project_name: str | None) -> ProjectName:
        """Return the project a call means: the one it names, else the process's own, where the caller sees that.

        Raises:
            ProjectRequired: neither; the message lists the projects that the caller sees.
        """
        if project_name is not None:
            return parse_project_name(project_name)
        caller = current_caller()
        if self.default is not None and caller.sees(self.default):
            return self.default
        with self.connections.registry() as registry:
            known = await store.project_list(registry, limit=_SHOWN_PROJECTS, visible=caller.projects)
        names = ", ".join(project.name for project in known) or "none yet"
        raise ProjectRequired(
            "project_name is missing, and this process serves no project of its own",
            hint=f"Name one: {names}. create_project makes another. "
            "In a shell --project names one, and `moorage up` makes one for the folder.",
            projects=[project.name for project in known],
        )

    async def create(
        self,
        name: str,
        *,
        description: str | None = None,
        folder: Path | None = None,
        created_by: str,
        server: str | None = None,
    ) -> CreatedProject:
        """Make a project with its database; repeating the call finishes an interrupted one or changes nothing.

        Args:
            server: the PostgreSQL server it is placed on; None leaves the choice to the settings.

        Raises:
            InvalidProjectName, FolderTaken, DatabaseTaken, ServerUnknown, ServerDown.
            ProjectNotReady: the project is archived or being deleted.
            NotAllowed: the caller may not see a project of this name.
        """
        parse_project_name(name)
        refuse_unseen(name)
        check_description(description)
        chosen = await choose_server(self.connections, self._placed_on if server is None else [server])
        with self.connections.registry() as registry:
            inserted = await store.project_insert(
                registry,
                name=name,
                description=description or None,
                folder=None if folder is None else str(folder),
                created_by=created_by,
                server=chosen,
            )
        project = inserted or await self._existing(name, folder)
        if server is not None and project.server != server:
            raise InvalidInput(
                f"project {name!r} exists on the server {project.server!r}, not on {server!r}",
                hint=f"`moorage project move {name} --to {server}` moves it.",
                field="server",
            )
        if project.state is ProjectState.CREATING:
            project = await self._finish_creating(project)
        return CreatedProject(**project.model_dump(), created=inserted is not None)

    async def open_folder(self, folder: Path, *, created_by: str) -> CreatedProject:
        """Return the folder's project, making it where there is none; two folders never share one."""
        for number in range(1, MAX_PAGE):
            known = await self._of_folder(folder)
            if known is not None:
                return await self.create(known.name, folder=folder, created_by=created_by)
            name = name_from_folder(folder.name, number=number)
            if await self._named(name) is None:
                with contextlib.suppress(FolderTaken):  # another process opens the same folder just now
                    made = await self.create(name, folder=folder, created_by=created_by)
                    if made.folder == str(folder):  # else another folder of this name came first
                        return made
        raise FolderTaken(
            f"no project name is free for the folder {folder}",
            hint="Choose one: moorage up --project NAME.",
        )

    async def find_by_folder(self, folder: Path) -> Project | None:
        """Return the project of the folder or of the nearest folder above it."""
        for candidate in (folder, *folder.parents):
            project = await self._of_folder(candidate)
            if project is not None:
                return project
        return None

    async def get(self, name: str) -> Project:
        return await self.connections.find_project(name)

    async def list(self, *, after: str = "", limit: int = 50) -> ProjectPage:
        """Return a page of the projects that the caller sees, in the order of their names."""
        _check_page(limit)
        with self.connections.registry() as registry:
            rows = await store.project_list(registry, after=after, limit=limit + 1, visible=current_caller().projects)
        shown = rows[:limit]
        return ProjectPage(projects=tuple(shown), next_after=shown[-1].name if len(rows) > limit else None)

    async def foremost(self, order: ProjectOrder, *, limit: int = 50) -> ProjectPage:
        """Return the largest projects, or those used last, of those that the caller sees; there is no next page."""
        _check_page(limit)
        with self.connections.registry() as registry:
            rows = await store.project_foremost(registry, order, limit=limit, visible=current_caller().projects)
        return ProjectPage(projects=tuple(rows))

    async def stats(self, name: str) -> ProjectStats:
        """Return the size of a project's database and the state of its pool."""
        project = await self.get(name)
        async with self.connections.get_project_connection(name) as connection:
            tables = await store.table_sizes(connection)
        return ProjectStats(
            project_name=project.name,
            database_name=project.database_name,
            database_bytes=await measure(self.connections, project),
            tables=tuple(tables),
            pool=self.connections.get_pool_stats().get(project.name, {}),
        )

    async def delete(
        self, name: str, *, confirm: str, force: bool = False, back_up_first: bool = False
    ) -> DeletedProject:
        """Drop the project's database and keep a tombstone; repeating the call finishes an interrupted one.

        Args:
            confirm: the name once more.
            force: also while somebody works in it; their transactions roll back.
            back_up_first: nothing is deleted when the backup fails. The project is archived before, so that nothing
                is written after it was read; so it is archived when it is restored.

        Raises:
            ProjectNotFound, NotConfirmed, ProjectInUse, and those of the backup.
        """
        project = await self.get(name)
        if confirm != name:
            raise NotConfirmed(
                f"deleting project {name!r} destroys its index and its work items",
                hint=f"Repeat the call with confirm={name!r} to go on.",
                project_name=name,
            )
        await self.connections.forget(project)
        if not force:
            await refuse_when_used(self.connections.provisioner_of(project), project)
        is_begun = project.state is ProjectState.DELETING
        backup = await self._backed_up(project, force=force) if back_up_first and not is_begun else None
        await self._delete(project, backup)
        return DeletedProject(name=project.name, database_name=project.database_name, backup=backup)

    async def deleted(self, *, limit: int = 50) -> Sequence[Tombstone]:
        """Return what is left of deleted projects that the caller saw, the last one first."""
        _check_page(limit)
        with self.connections.registry() as registry:
            return await store.tombstone_list(registry, limit=limit, visible=current_caller().projects)

    async def _named(self, name: str) -> Project | None:
        with self.connections.registry() as registry:
            return await store.project_by_name(registry, name)

    async def _of_folder(self, folder: Path) -> Project | None:
        with self.connections.registry() as registry:
            return await store.project_by_folder(registry, str(folder))

    async def _existing(self, name: str, folder: Path | None) -> Project:
        """Return the project whose insertion was refused: by its name, or by its folder."""
        project = await self._named(name)
        if project is None:
            raise FolderTaken(
                f"the folder {folder} belongs to another project",
                hint="moorage project list shows it; use that project, or delete it first.",
            )
        if project.state not in (ProjectState.CREATING, ProjectState.READY):
            raise not_ready(project)
        return project

    async def _finish_creating(self, project: Project) -> Project:
        await self.connections.provisioner_of(project).ensure_database(project)
        with self.connections.registry() as registry:
            ready = await store.project_set_state(
                registry, project.id, ProjectState.READY, from_states=[ProjectState.CREATING]
            )
        return ready or await self.get(project.name)  # somebody else finished it first

    async def _backed_up(self, project: Project, *, force: bool) -> str:
        """Back up what nobody writes to any more; when that fails the project is what it was."""
        was_ready = project.state is ProjectState.READY
        if was_ready:
            await self.lifecycle.archive(project.name, force=force)
        try:
            return await self._back_up(project.name)
        except BaseException:
            if was_ready:
                await self.lifecycle.unarchive(project.name)
            raise

    async def _delete(self, project: Project, backup: str | None) -> None:
        """Delete the project where it is, once whoever moves, restores or copies it as a whole has ended.

        Until then nothing is changed: a move that found the project half-deleted left a copy on the other server.
        """
        provisioner = self.connections.provisioner_of(project)
        async with provisioner.locked(project):
            # The tombstone comes first, so that whoever finishes this after a crash knows where the backup lies.
            with self.connections.registry() as registry:
                await store.project_begin_delete(registry, project.id, deleted_by=current_caller().name, backup=backup)
            doomed = await self._named(project.name)  # it may have moved while it was backed up
            if doomed is None or doomed.id != project.id:  # somebody else has finished this
                return
            provisioner = self.connections.provisioner_of(doomed)
            await provisioner.drop_database(doomed)
            await drop_roles(provisioner, doomed)
            with self.connections.registry() as registry:
                await store.project_delete(registry, project.id)


def _check_page(limit: int) -> None:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput(f"limit {limit} is out of range", hint=f"Use 1 to {MAX_PAGE}.", field="limit")


async def _no_backup(name: str) -> str:
    raise InvalidInput(f"this process takes no backup of {name!r}", hint="Delete it from the shell, with --backup.")
