"""Which databases there are, and changing that, as tools."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import Field

from moorage.core.access import Scope, current_caller
from moorage.core.shape import Tool
from moorage.databases.arguments import Absent
from moorage.databases.connectors.connections import Connections
from moorage.databases.definitions import Database
from moorage.databases.managing.listing import matching, page_of
from moorage.databases.managing.service import ManagingService
from moorage.databases.roles.power import RolePowers, too_much
from moorage.databases.sources.catalog import Catalog

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
DatabaseId = Annotated[str, Field(description="Its id: letters, digits and _ . : -", min_length=1, max_length=100)]
_FIELDS = (
    "Fields as in the file: type (direct_postgres, rds_data_api), hostname, port, database, username, password_file,"
    " readonly, writes, description, tags, limits and so on; or url."
)


class ManagingTools:
    """The doors: arguments in, use case called, text out."""

    def __init__(
        self, catalog: Catalog, connections: Connections, service: ManagingService, powers: RolePowers
    ) -> None:
        self._catalog = catalog
        self._connections = connections
        self._service = service
        self._powers = powers

    def core(self) -> list[Tool]:
        return [
            Tool(
                self.list_databases,
                title="List databases",
                read_only=True,
                destructive=False,
                idempotent=True,
                open_world=False,
                structured=False,
            )
        ]

    def manage(self) -> list[Tool]:
        return [
            self._tool(self.add_database, "Add a database", destructive=False, idempotent=False),
            self._tool(self.change_database, "Change a database", destructive=True, idempotent=True),
            self._tool(self.remove_database, "Remove a database", destructive=True, idempotent=True),
            self._tool(self.test_database, "Test a database", read_only=True, destructive=False, idempotent=True),
        ]

    @staticmethod
    def _tool(function: Any, title: str, *, destructive: bool, idempotent: bool, read_only: bool = False) -> Tool:
        return Tool(
            function,
            title=title,
            read_only=read_only,
            destructive=destructive,
            idempotent=idempotent,
            open_world=True,
            structured=False,
            needs_admin=True,
        )

    async def list_databases(
        self,
        search: Annotated[str, Field(description="Words in id, tags, description; or tag:NAME.")] = "",
        offset: Annotated[int, Field(description="Skip so many.", ge=0)] = 0,
        limit: Annotated[int, Field(description="At most so many.", ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    ) -> str:
        """List databases: what each is for, what may be done, health. Begin here."""
        found = matching(await self._catalog.all(), search)
        return page_of(
            found,
            current_caller(),
            health_of=self._health,
            default=self._catalog.default,
            offset=offset,
            limit=limit,
            notices=self._notices(),
        )

    async def add_database(
        self, database_id: DatabaseId, definition: Annotated[dict[str, Any], Field(description=_FIELDS)]
    ) -> str:
        """Describe a further database in the configuration file; it can be used at once. test_database tries it first.

        Passwords belong into ${VARIABLE}, password_file or secret_arn.
        """
        await self._service.add(database_id, definition)
        return json.dumps({"added": database_id})

    async def change_database(
        self,
        database_id: DatabaseId,
        changes: Annotated[dict[str, Any], Field(description=f"{_FIELDS} null takes a field away.")],
    ) -> str:
        """Change how a database is described; its connections are made anew. Fields not named stay as they are."""
        await self._service.change(database_id, changes)
        return json.dumps({"changed": database_id})

    async def remove_database(self, database_id: DatabaseId) -> str:
        """Take a database out of the configuration file; in the database itself nothing is touched."""
        await self._service.remove(database_id)
        return json.dumps({"removed": database_id})

    async def test_database(
        self,
        database_id: Annotated[str | Absent, Field(description="One that is there; or a name for the new one.")] = None,
        definition: Annotated[dict[str, Any] | Absent, Field(description=f"To try a new one. {_FIELDS}")] = None,
    ) -> str:
        """Connect to a database and tell version, times, TLS, extensions, and what its role could do; or why not."""
        trial = await self._service.test(database_id, definition)
        return trial.model_dump_json(exclude_defaults=True)

    def _health(self, database: Database) -> str:
        state = self._connections.state_of(database)
        if state.status == "down" and state.since is not None:
            return f"down since {state.since:%Y-%m-%d %H:%M}Z"
        power = self._powers.known(database)
        return f"{state.status}, role too powerful" if power and too_much(power, database.definition) else state.status

    def _notices(self) -> list[str]:
        """Return what administrators should know of the list itself."""
        caller = current_caller()
        if not caller.scope.includes(Scope.ADMIN) or caller.is_limited:
            return []
        problem, projects = self._catalog.problem, self._catalog.projects_problem
        notices = [f"The file as it stands is not followed: {problem}"] if problem else []
        return [*notices, *([f"Projects cannot be listed: {projects}"] if projects else [])]
