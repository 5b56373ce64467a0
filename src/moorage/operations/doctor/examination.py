"""The examination of everything: the registry's rows, every server, every project's database.

A server or a project that does not let itself be looked at is a finding of its own, and does not stop the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from moorage.core.errors import MoorageError
from moorage.core.postgres.errors import translated
from moorage.core.postgres.pools import connected
from moorage.core.shape import Diagnosis, Finding, Severity
from moorage.operations.doctor import database_checks, inside_checks, project_checks, server_checks
from moorage.operations.doctor.inside_checks import Inside
from moorage.operations.doctor.store import Database
from moorage.operations.doctor.views import ServerView, view_server
from moorage.projects import store as registry_store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import MAIN_SERVER, Project
from moorage.projects.provisioning import Provisioner
from moorage.projects.states import STANDING_STATES

# Databases looked into at once; each takes one connection.
AT_ONCE = 4

# What rows and databases seem to disagree in when a project is made, moved or deleted between looking at one and at the
# other; looking again tells.
MOMENTARY = frozenset({
    "row_without_database", "database_without_row", "half_created", "half_copied", "half_moved", "half_deleted",
    "archived_but_writable", "ready_but_read_only", "identity_mismatch", "not_examined",
})  # fmt: skip

ORDER = {severity: place for place, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Doctor:
    """Looks at everything that the connections reach.

    Args:
        diagnoses: of the systems, for each project.
    """

    connections: ProjectConnectionManager
    diagnoses: Sequence[Diagnosis] = ()

    async def examine(self, project_name: str | None = None) -> list[Finding]:
        """Return what is wrong, the worst first; with one project only what concerns it.

        Raises:
            ProjectNotFound: no project has this name.
            RegistryUnavailable: the registry does not answer.
        """
        if project_name is not None:
            await self.connections.find_project(project_name)
        projects = await self._projects()
        findings = list(_without_server(self.connections, projects))
        for server in self.connections.servers:
            findings += await self._examine_server(server.provisioner, projects, project_name)
        wanted = [each for each in findings if project_name in (None, each.project_name)]
        sure = [each for each in wanted if each.code not in MOMENTARY or await self._is_still_so(each)]
        return sorted(sure, key=lambda each: (ORDER[each.severity], each.subject, each.code))

    async def find_again(self, finding: Finding, *, holds_lock: bool) -> Finding | None:
        """Return the finding as it is now, None when there is nothing to mend any more.

        Args:
            holds_lock: the caller holds the lock of the project concerned.
        """
        provisioner = self.connections.servers[finding.server or MAIN_SERVER].provisioner
        projects = await self._projects()
        view = await view_server(
            self.connections, provisioner, projects, locked=finding.project_name if holds_lock else None
        )
        project = next((each for each in view.projects if each.name == finding.project_name), None)
        findings = _of_server(view) if project is None else await self._of_project(view, project)
        same = (each for each in findings if (each.code, each.subject) == (finding.code, finding.subject))
        return next(same, None)

    async def _is_still_so(self, finding: Finding) -> bool:
        try:
            return await self.find_again(finding, holds_lock=False) is not None
        except MoorageError:
            return True

    async def _examine_server(
        self, provisioner: Provisioner, projects: Sequence[Project], project_name: str | None
    ) -> list[Finding]:
        try:
            view = await view_server(self.connections, provisioner, projects)
        except MoorageError as error:
            return [_server_down(provisioner, error)]
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(project: Project) -> list[Finding]:
            async with gate:
                return await self._of_project(view, project)

        async with asyncio.TaskGroup() as group:
            wanted = [each for each in view.projects if project_name in (None, each.name)]
            tasks = [group.create_task(one(project)) for project in wanted]
        return _of_server(view) + [finding for task in tasks for finding in task.result()]

    async def _of_project(self, view: ServerView, project: Project) -> list[Finding]:
        findings = [finding for check in project_checks.CHECKS for finding in check(view, project)]
        database = view.databases.get(project.database_name)
        if database is None or project.state not in STANDING_STATES:
            return findings
        findings += _of_database(view, database)
        if not database.lets_in:
            return findings
        try:
            return findings + await self._from_inside(view, project)
        except MoorageError as error:
            return [*findings, _not_examined(project, error)]

    async def _from_inside(self, view: ServerView, project: Project) -> list[Finding]:
        with translated(f"looking into project {project.name!r}"):
            async with connected(view.provisioner.address, project.database_name) as connection:
                inside = Inside(view, project, connection)
                for check in inside_checks.DECISIVE:
                    if found := await check(inside):
                        return found
                findings = [finding for check in inside_checks.CHECKS for finding in await check(inside)]
                for diagnosis in self.diagnoses:
                    found = await diagnosis(project.name, connection)
                    findings += [each.model_copy(update={"server": project.server}) for each in found]
                return findings

    async def _projects(self) -> list[Project]:
        with self.connections.registry() as registry:
            return await registry_store.project_list(registry)


def _of_server(view: ServerView) -> list[Finding]:
    findings = [finding for check in server_checks.CHECKS for finding in check(view)]
    registry = view.databases.get(view.provisioner.registry_database)
    is_main = view.server == MAIN_SERVER
    return findings + (_of_database(view, registry) if registry and is_main else [])


def _of_database(view: ServerView, database: Database) -> list[Finding]:
    return [finding for check in database_checks.CHECKS for finding in check(view, database)]


def _without_server(connections: ProjectConnectionManager, projects: Sequence[Project]) -> Iterator[Finding]:
    """Yield the projects on servers that the settings do not name."""
    for project in projects:
        if project.server not in connections.servers.names:
            yield Finding(
                code="server_unknown",
                severity=Severity.ERROR,
                subject=f"project {project.name}",
                message=f"it is on the server {project.server!r}, which the settings do not name",
                remedy=f"Set postgres.servers.{project.server} in moorage.yaml.",
                project_name=project.name,
                server=project.server,
            )


def _server_down(provisioner: Provisioner, error: MoorageError) -> Finding:
    return Finding(
        code="server_down",
        severity=Severity.ERROR,
        subject=f"server {provisioner.server}",
        message=error.message,
        remedy=f"{error.hint} Projects on other servers work.".strip(),
        server=provisioner.server,
    )


def _not_examined(project: Project, error: MoorageError) -> Finding:
    return Finding(
        code="not_examined",
        severity=Severity.ERROR,
        subject=f"project {project.name}",
        message=error.message,
        remedy=error.hint,
        project_name=project.name,
        server=project.server,
    )
