"""The types of each project as this process knows them; what is written checks that they are still true.

A statement that writes entities names the edition of the type they were validated against, and writes nothing when
the type is another. So what is remembered here may be old, and costs one more round trip when it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from moorage.core.postgres.queries import Executor
from moorage.projects.models import Project
from moorage.workflow.errors import TypeChanged, TypeNotFound
from moorage.workflow.types import store
from moorage.workflow.types.models import EntityType
from moorage.workflow.types.packs import pack_names
from moorage.workflow.types.validation import compiled

Result = TypeVar("Result")

REMEMBERED_PROJECTS = 256


class TypeCatalog:
    """Remembers compiled types by project and its generation: a database put in its place has types of its own."""

    def __init__(self) -> None:
        self._projects: dict[tuple[UUID, int], dict[str, EntityType]] = {}

    async def get(self, project: Project, connection: Executor, schema_name: str) -> EntityType:
        """Return a type, as it was when last looked at.

        Raises:
            TypeNotFound: with the types there are, and the packs that could be registered.
        """
        known = self._of(project)
        if schema_name not in known:
            row = await store.type_get(connection, schema_name)
            if row is None:
                raise await type_not_found(connection, schema_name)
            known[schema_name] = compiled(row, await store.type_steps(connection, schema_name, upto=row.version))
        return known[schema_name]

    def forget(self, project: Project) -> None:
        """Look at the project's types anew."""
        self._projects.pop((project.id, project.generation), None)

    async def with_current(self, project: Project, act: Callable[[], Awaitable[Result]]) -> Result:
        """Do something that uses types; when one of them turns out to be old, forget them and do it once more."""
        try:
            return await act()
        except TypeChanged:
            self.forget(project)
            return await act()

    def _of(self, project: Project) -> dict[str, EntityType]:
        place = (project.id, project.generation)
        if place not in self._projects:
            if len(self._projects) >= REMEMBERED_PROJECTS:
                self._projects.pop(next(iter(self._projects)))
            self._projects[place] = {}
        return self._projects[place]


async def refuse_unknown_type(connection: Executor, schema_name: str | None) -> None:
    """Refuse the name of a type that there is not, neither here nor ready-made; None names none.

    Raises:
        TypeNotFound.
    """
    if schema_name is None or schema_name in pack_names():
        return
    if await store.type_get(connection, schema_name) is None:
        raise await type_not_found(connection, schema_name)


async def type_not_found(connection: Executor, schema_name: str) -> TypeNotFound:
    """Return the failure that names the types there are, and those that could be registered."""
    known = [each.schema_name for each in await store.type_list(connection)]
    packs = [name for name in pack_names() if name not in known]
    listed, ready_made = ", ".join(known) or "none yet", ", ".join(packs) or "none"
    return TypeNotFound(
        f"the project has no type {schema_name!r}",
        hint=f"Types: {listed}. register_entity_type makes one; ready-made: {ready_made}.",
        types=known,
        packs=packs,
    )
