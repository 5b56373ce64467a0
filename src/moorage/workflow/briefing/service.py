"""What matters now in a project, as prose for an agent and as a board for people."""

from __future__ import annotations

from datetime import UTC, datetime

from moorage.core.access import current_caller
from moorage.core.errors import InvalidInput
from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.workflow.briefing import store
from moorage.workflow.briefing.boards import columns_of
from moorage.workflow.briefing.models import Board, Situation, Some
from moorage.workflow.briefing.prose import prose_of
from moorage.workflow.types import store as type_store
from moorage.workflow.types.catalog import TypeCatalog
from moorage.workflow.types.models import EntityType
from moorage.workflow.work import store as work_store
from moorage.workflow.work.answers import ReadyItem

# What a briefing looks at; its prose has room for no more.
HELD, READY, BLOCKED, CHANGES, ENVIRONMENTS = 3, 5, 3, 4, 3
DEFAULT_TYPE = "task"


class BriefingService:
    """Tell an agent, or show a person, how the work of a project stands."""

    def __init__(self, connections: ProjectConnectionManager, catalog: TypeCatalog) -> None:
        self._connections = connections
        self._catalog = catalog

    async def prime(self, project_name: str) -> str:
        """Return what matters now to the caller, under 1,000 tokens whatever the project holds."""
        async with self._connections.get_project_connection(project_name) as connection:
            return prose_of(await _situation(connection, project_name))

    async def board(self, project_name: str, schema_name: str | None = None, *, cards: int = 20) -> Board:
        """Return the entities of a type by state, with so many cards a column.

        Args:
            schema_name: None is `task`, or the one type that has states.

        Raises:
            TypeNotFound, InvalidInput: (the type has no states), and those of the project.
        """
        project = await self._connections.find_project(project_name)
        async with self._connections.connection_to(project) as connection:
            entity_type = await self._type_of_board(project, connection, schema_name)
            filled = await store.board_cards(connection, entity_type, limit=cards)
        return Board(project_name=project_name, schema_name=entity_type.name, columns=columns_of(entity_type, filled))

    async def _type_of_board(self, project: Project, connection: Connection, schema_name: str | None) -> EntityType:
        wanted = schema_name or await _type_with_states(connection)
        entity_type = await self._catalog.get(project, connection, wanted)
        if entity_type.rules.state is None:
            raise InvalidInput(
                f"the type {entity_type.name!r} has no states, and so no board",
                hint="query_entities lists its entities; `moorage workflow list` does on the command line.",
            )
        return entity_type


async def _type_with_states(connection: Connection) -> str:
    """Return the type whose board is meant when none is named."""
    names = [each.schema_name for each in await type_store.type_list(connection) if each.rules.state is not None]
    return names[0] if len(names) == 1 else DEFAULT_TYPE


async def _ready(connection: Connection) -> Some[ReadyItem]:
    found, number = await work_store.entity_ready(connection, limit=READY)
    return Some([item for _, item in found], number)


async def _situation(connection: Connection, project_name: str) -> Situation:
    caller = current_caller().name
    return Situation(
        project_name=project_name,
        caller=caller,
        now=datetime.now(UTC),
        types=await store.types_in_use(connection),
        held=await store.claim_live(connection, caller, limit=HELD),
        ready=await _ready(connection),
        blocked=await store.blocked_top(connection, limit=BLOCKED),
        changes=await store.change_last(connection, limit=CHANGES),
        live=await store.deployment_live(connection, limit=ENVIRONMENTS),
    )
