"""The services of work items, put together once."""

from __future__ import annotations

from dataclasses import dataclass

from moorage.core.embedding.builtin import BuiltinEmbedder
from moorage.core.embedding.embedder import Embedder
from moorage.projects.connections import ProjectConnectionManager
from moorage.workflow.batch.service import BatchService
from moorage.workflow.briefing.service import BriefingService
from moorage.workflow.deployments.service import DeploymentService
from moorage.workflow.entities.purging import PurgeService
from moorage.workflow.entities.service import EntityService
from moorage.workflow.evolution.service import EvolutionService
from moorage.workflow.exchange.service import ExchangeService
from moorage.workflow.feed.service import ChangeFeed
from moorage.workflow.history.service import HistoryService
from moorage.workflow.querying.indexes import IndexBuilder
from moorage.workflow.querying.service import QueryService
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.catalog import TypeCatalog
from moorage.workflow.types.service import TypeService
from moorage.workflow.work.service import WorkService


@dataclass(frozen=True)
class WorkflowService:
    """What can be done with work items, by subject."""

    types: TypeService
    entities: EntityService
    batches: BatchService
    purging: PurgeService
    queries: QueryService
    indexes: IndexBuilder
    work: WorkService
    evolution: EvolutionService
    history: HistoryService
    feed: ChangeFeed
    deployments: DeploymentService
    exchange: ExchangeService
    briefing: BriefingService


def make_service(
    connections: ProjectConnectionManager, settings: WorkflowSettings, embedder: Embedder | None = None
) -> WorkflowService:
    """Build the services; nothing is asked of any database.

    Args:
        embedder: for search by meaning; None is the one that ships with the package.
    """
    catalog = TypeCatalog()
    indexes = IndexBuilder(connections)
    entities = EntityService(connections, catalog, settings)
    types = TypeService(connections, catalog, after_change=indexes.follow)
    return WorkflowService(
        types=types,
        entities=entities,
        batches=BatchService(connections, catalog, settings),
        purging=PurgeService(connections, settings),
        queries=QueryService(connections, catalog, embedder or BuiltinEmbedder()),
        indexes=indexes,
        work=WorkService(connections, catalog, settings),
        evolution=EvolutionService(connections, catalog, settings, after_change=indexes.follow),
        history=HistoryService(connections, catalog, entities),
        feed=ChangeFeed(connections),
        deployments=DeploymentService(connections, catalog, settings),
        exchange=ExchangeService(connections, catalog, types, settings, after_change=indexes.follow),
        briefing=BriefingService(connections, catalog),
    )
