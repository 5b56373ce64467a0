"""The services of work items, put together once."""

from __future__ import annotations

from dataclasses import dataclass

from moorage.projects.connections import ProjectConnectionManager
from moorage.workflow.briefing.service import BriefingService
from moorage.workflow.deployments.service import DeploymentService
from moorage.workflow.entities.service import EntityService
from moorage.workflow.evolution.service import EvolutionService
from moorage.workflow.feed.service import ChangeFeed
from moorage.workflow.history.service import HistoryService
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.catalog import TypeCatalog
from moorage.workflow.types.service import TypeService


@dataclass(frozen=True)
class WorkflowService:
    """What can be done with work items, by subject."""

    types: TypeService
    entities: EntityService
    evolution: EvolutionService
    history: HistoryService
    feed: ChangeFeed
    deployments: DeploymentService
    briefing: BriefingService


def make_service(connections: ProjectConnectionManager, settings: WorkflowSettings) -> WorkflowService:
    """Build the services; nothing is asked of any database."""
    catalog = TypeCatalog()
    entities = EntityService(connections, catalog, settings)
    return WorkflowService(
        types=TypeService(connections, catalog),
        entities=entities,
        evolution=EvolutionService(connections, catalog, settings),
        history=HistoryService(connections, catalog, entities),
        feed=ChangeFeed(connections),
        deployments=DeploymentService(connections, settings),
        briefing=BriefingService(connections, catalog),
    )
