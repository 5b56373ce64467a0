"""Which tools clients see: profiles, so that a model reads twelve descriptions and not forty."""

from __future__ import annotations

from collections.abc import Mapping

from moorage.core.shape import Tool
from moorage.projects.arguments import Resolve
from moorage.workflow.batch.tools import BatchTools
from moorage.workflow.briefing.tools import BriefingTools
from moorage.workflow.deployments.tools import DeploymentTools
from moorage.workflow.entities.tools import EntityTools
from moorage.workflow.evolution.tools import EvolutionTools
from moorage.workflow.exchange.tools import ExchangeTools
from moorage.workflow.feed.tools import FeedTools
from moorage.workflow.history.tools import HistoryTools
from moorage.workflow.querying.tools import QueryTools
from moorage.workflow.service import WorkflowService
from moorage.workflow.types.tools import TypeTools
from moorage.workflow.work.tools import WorkTools


def tools_by_profile(service: WorkflowService, resolve: Resolve) -> Mapping[str, list[Tool]]:
    """Return every tool under the profile it belongs to, in the order clients see them."""
    briefing = BriefingTools(service.briefing, resolve)
    types = TypeTools(service.types, resolve)
    entities = EntityTools(service.entities, resolve)
    queries = QueryTools(service.queries, resolve)
    work = WorkTools(service.work, resolve)
    deployments = DeploymentTools(service.deployments, resolve)
    return {
        "core": [*briefing.core(), *types.core(), *entities.core(), *queries.core(), *work.core(), *deployments.core()],
        "planning": work.planning(),
        "history": [*HistoryTools(service.history, resolve).history(), *FeedTools(service.feed, resolve).history()],
        "types": [*types.types(), *EvolutionTools(service.evolution, resolve).types()],
        "deployments": deployments.deployments(),
        "exchange": [
            *BatchTools(service.batches, resolve).exchange(),
            *ExchangeTools(service.exchange, resolve).exchange(),
        ],
    }
