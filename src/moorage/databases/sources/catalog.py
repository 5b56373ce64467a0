"""The databases there are, by id: an id is looked up and never becomes part of anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from moorage.core.access import current_caller
from moorage.core.errors import Unavailable
from moorage.core.shape import Check
from moorage.databases.definitions import ALL, PROJECT_PREFIX, TAG_PREFIX, Database, Origin
from moorage.databases.errors import DatabaseNotFound, DatabaseNotNamed
from moorage.databases.saved_queries import ReadyQuery
from moorage.databases.settings import DatabasesSettings
from moorage.databases.sources.grants import may_see
from moorage.databases.sources.problems import NAME_CHARACTERS, did_you_mean, nearest_of
from moorage.databases.sources.watching import Watched

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Known:
    """What the settings and files say.

    Attributes:
        databases: by id.
        default: the id that a call means which names none.
        queries: those that were saved, by name.
    """

    databases: Mapping[str, Database] = field(default_factory=dict)
    default: str | None = None
    queries: Mapping[str, ReadyQuery] = field(default_factory=dict)


def known_from(settings: DatabasesSettings, queries: Mapping[str, ReadyQuery] | None = None) -> Known:
    """Return what the settings say, with where each definition comes from.

    Args:
        queries: those of the settings, ready to run.
    """
    databases = {
        name: Database(
            id=name,
            definition=definition,
            origin=Origin.FLAGS if name in settings.from_flags else Origin.FILE,
        )
        for name, definition in settings.databases.items()
    }
    return Known(databases, settings.default_database, queries or {})


class ProjectDatabases(Protocol):
    """The databases of projects, which appear by themselves."""

    async def all(self) -> Sequence[Database]:
        """Return those of the projects that the caller sees."""
        ...

    async def find(self, project_name: str) -> Database | None:
        """Return the database of a project that the caller sees; None when there is none that can be read."""
        ...


class Catalog:
    """Every database of this process, whatever its definition comes from.

    Args:
        known: what is read from files, and read again when they change.
        projects: None where there are none.
        on_change: told after a change which definitions hold now, by id.
    """

    def __init__(
        self,
        known: Watched[Known],
        *,
        projects: ProjectDatabases | None = None,
        on_change: Callable[[Mapping[str, Database]], Awaitable[None]] | None = None,
    ) -> None:
        self._known = known
        self._projects = projects
        self._on_change = on_change
        self.projects_problem: str | None = None

    @property
    def problem(self) -> str | None:
        """Why the files, as they stand now, are not followed; the definitions read before hold on."""
        return self._known.problem

    @property
    def default(self) -> str | None:
        return self._known.value.default

    @property
    def is_only_read(self) -> bool:
        """Whether no database may be written, as definitions were last looked up; those of projects never are."""
        return all(each.definition.readonly for each in self._known.value.databases.values())

    @property
    def queries(self) -> Mapping[str, ReadyQuery]:
        """The saved queries by name, as the files had them when something was last looked up."""
        return self._known.value.queries

    async def all(self) -> Sequence[Database]:
        """Return those that the caller may see, in the order of their ids."""
        await self._look()
        caller = current_caller()
        found = [*self._known.value.databases.values(), *await self._of_projects()]
        return sorted((each for each in found if may_see(each, caller)), key=lambda each: each.id)

    async def find(self, database_id: str | None) -> Database:
        """Return the database that a call means.

        Raises:
            DatabaseNotNamed: none is named, and there is no default.
            DatabaseNotFound: there is none of this id, or the caller may not see it.
        """
        await self._look()
        name = self.default if database_id is None else database_id
        found = await self._named(name) if isinstance(name, str) else None
        if found is not None and may_see(found, current_caller()):
            return found
        if database_id is None:
            raise DatabaseNotNamed("database_id is missing", hint="Name one; list_databases shows them.")
        return await self._refuse(name)

    async def check(self) -> Sequence[Check]:
        """Tell `/health/ready` whether the files are followed as they stand; the process is of use all the same."""
        await self._look()
        detail = "" if self.problem is None else "the file is not followed; list_databases tells administrators why"
        return [Check("definitions", ok=self.problem is None, detail=detail, required=False)]

    async def read_again(self) -> None:
        """Follow the files as they stand now, without waiting for the next look."""
        if await self._known.read():
            await self._tell()

    async def _look(self) -> None:
        if self._known.is_due and await self._known.look():
            await self._tell()

    async def _tell(self) -> None:
        if self._on_change is not None:
            await self._on_change(self._known.value.databases)

    async def _named(self, name: str) -> Database | None:
        found = self._known.value.databases.get(name)
        if found is None and self._projects is not None and name.startswith(PROJECT_PREFIX):
            return await self._projects.find(name.removeprefix(PROJECT_PREFIX))
        return found

    async def _of_projects(self) -> Sequence[Database]:
        """Return the databases of projects; a registry that is down costs the other databases nothing."""
        if self._projects is None:
            return []
        try:
            found = await self._projects.all()
        except Unavailable as error:
            if self.projects_problem is None:
                log.warning("databases.projects_unknown", problem=error.message)
            self.projects_problem = error.message
            return []
        self.projects_problem = None
        return found

    async def _refuse(self, name: object) -> Database:
        if not isinstance(name, str) or not name:
            hint = "Leave database_id out for the default database; list_databases shows all."
            raise DatabaseNotFound(f"{str(name)[:NAME_CHARACTERS]!r} is no id of a database", hint=hint, nearest=[])
        if name == ALL or name.startswith(TAG_PREFIX) or "," in name:
            hint = "Give one id; run_everywhere reads many at once, where the operator has turned it on."
            raise DatabaseNotFound(f"{name[:NAME_CHARACTERS]!r} is not one database", hint=hint, nearest=[])
        nearest = await asyncio.to_thread(nearest_of, name, [each.id for each in await self.all()])
        raise DatabaseNotFound(
            f"there is no database {name[:NAME_CHARACTERS]!r}",
            hint=did_you_mean(nearest) or "list_databases shows all.",
            nearest=nearest,
        )
