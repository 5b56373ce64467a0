"""The databases of projects, which appear by themselves as `project:<name>` and are only read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moorage.core.access import current_caller
from moorage.core.postgres.address import Address
from moorage.databases.definitions import PROJECT_PREFIX, Database, DirectPostgres, Origin, Policy
from moorage.databases.sources.urls import known_fields_of
from moorage.projects import store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import InvalidProjectName, ProjectNotFound, ServerUnknown
from moorage.projects.models import READABLE_STATES, Project

REMEMBERED_PROJECTS = 10_000


class RegistryDatabases:
    """The projects of a registry as databases: found where they are now, also after they moved.

    Args:
        policy: what holds for all of them.
    """

    def __init__(self, connections: ProjectConnectionManager, policy: Policy) -> None:
        self._connections = connections
        self._policy = policy
        self._templates: dict[str, DirectPostgres] = {}
        self._made: dict[str, tuple[tuple[str, ...], Database]] = {}

    async def all(self) -> Sequence[Database]:
        """Return those of the projects that the caller sees.

        Raises:
            RegistryUnavailable: the registry does not answer.
        """
        with self._connections.registry() as registry:
            projects = await store.project_list(registry, visible=current_caller().projects)
        return [found for each in projects if (found := self._database(each)) is not None]

    async def find(self, project_name: str) -> Database | None:
        """Return the database of a project; None when there is none to read that the caller sees.

        Raises:
            RegistryUnavailable: the registry does not answer.
        """
        try:
            return self._database(await self._connections.recall_project(project_name))
        except (InvalidProjectName, ProjectNotFound):
            return None

    def _database(self, project: Project) -> Database | None:
        """Return the project as a database, the same one as long as nothing changes; None in other states."""
        if project.state not in READABLE_STATES:
            return None
        seen = (project.server, project.database_name, project.description or "")
        known, made = self._made.get(project.name, ((), None))
        if known != seen or made is None:
            made = self._make(project)
            if made is not None:
                if len(self._made) >= REMEMBERED_PROJECTS:
                    self._made.clear()
                self._made[project.name] = (seen, made)
        return made

    def _make(self, project: Project) -> Database | None:
        try:
            template = self._template(project.server)
        except ServerUnknown:
            return None
        fields = {"database": project.database_name, "description": project.description or ""}
        return Database(
            id=f"{PROJECT_PREFIX}{project.name}", definition=template.model_copy(update=fields), origin=Origin.PROJECT
        )

    def _template(self, server: str) -> DirectPostgres:
        """Return what the databases of one server have in common."""
        if server not in self._templates:
            address = self._connections.servers[server].provisioner.address
            policy = {name: getattr(self._policy, name) for name in Policy.model_fields}
            fields = {
                **policy,
                **fields_of_address(address.pooler or address),
                "database": "postgres",
                "readonly": True,
            }
            self._templates[server] = DirectPostgres.model_validate(fields)
        return self._templates[server]


def fields_of_address(address: Address) -> Mapping[str, Any]:
    """Return how a server is reached, in the fields of a definition."""
    arguments = dict(address.arguments)
    fields = known_fields_of(str(arguments.pop("dsn"))) if "dsn" in arguments else {}
    named = {"host": "hostname", "port": "port", "user": "username", "password": "password"}
    return fields | {named[name]: value for name, value in arguments.items() if name in named}
