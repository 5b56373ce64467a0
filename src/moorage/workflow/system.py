"""How work items are put together for the doors."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from moorage.core.shape import Opened, chosen_tools
from moorage.projects.ground import Ground
from moorage.workflow.evolution.diagnosing import EvolutionDiagnoses
from moorage.workflow.feed.diagnosing import FeedDiagnoses
from moorage.workflow.feed.tools import changes_resource
from moorage.workflow.querying.diagnosing import QueryDiagnoses
from moorage.workflow.service import make_service
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.tools import tools_by_profile

LISTED_PROJECTS = 50
"""Of the projects that a caller sees, so many are listed among the resources; each has its address all the same."""


class WorkflowSystem:
    """Work items as a system."""

    name = "workflow"
    purpose = (
        "Work items: prime says what matters now; create_entity, update_entity and query_entities keep tasks, bugs"
        " and decisions; ready_work and claim_work share them among agents."
    )

    @asynccontextmanager
    async def open(self, ground: Ground, settings: WorkflowSettings) -> AsyncGenerator[Opened]:
        service = make_service(ground.connections, settings, ground.embedder)

        async def project_names() -> Sequence[str]:
            return [each.name for each in (await ground.projects.list(limit=LISTED_PROJECTS)).projects]

        yield Opened(
            service,
            tools=chosen_tools(tools_by_profile(service, ground.projects.resolve), settings.tools),
            resources=[changes_resource(service.feed, project_names)],
            diagnoses=(
                *EvolutionDiagnoses(service.evolution).all,
                *QueryDiagnoses(service.indexes).all,
                *FeedDiagnoses(service.feed).all,
            ),
        )


SYSTEM = WorkflowSystem()
