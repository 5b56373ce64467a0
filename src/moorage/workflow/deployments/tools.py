"""Deployments as MCP tools."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from moorage.core.shape import READS, WRITES, Tool
from moorage.projects.arguments import ProjectArgument, Resolve
from moorage.workflow.arguments import Cursor, IdempotencyKey, Moment
from moorage.workflow.deployments.models import (
    Comparison,
    DeliveryFigures,
    Deployment,
    DeploymentPage,
    LiveDeployments,
    RecordedDeployment,
    Status,
)
from moorage.workflow.deployments.service import MAX_PAGE, DeploymentService

Environment = Annotated[
    str | None, Field(description="Only this environment, such as production.", min_length=1, max_length=200)
]
Since = Annotated[Moment | None, Field(description="From this time on.")]
Until = Annotated[Moment | None, Field(description="Before this time.")]


class DeploymentTools:
    """The door: arguments in, service call, result out."""

    def __init__(self, service: DeploymentService, resolve: Resolve) -> None:
        self._service = service
        self._resolve = resolve

    def core(self) -> list[Tool]:
        """The tool that every client sees."""
        return [Tool(self.record_deployment, title="Record a deployment", **WRITES)]

    def deployments(self) -> list[Tool]:
        """The tools that look at deployments."""
        return [
            Tool(self.list_deployments, title="List deployments", **READS),
            Tool(self.get_deployment, title="Get a deployment", **READS),
            Tool(self.live_deployments, title="What is live where", **READS),
            Tool(self.compare_deployments, title="Compare deployments", **READS),
            Tool(self.delivery_figures, title="DORA figures", **READS),
        ]

    async def record_deployment(
        self,
        data: Annotated[
            dict[str, Any],
            Field(
                description="commit_sha; optional: environment (default production), status (pending, deployed, failed,"
                " rolled_back; default deployed), branch, attempt, committed_at, deployed_at, work_items (ids or keys),"
                " and anything else."
            ),
        ],
        project_name: ProjectArgument = None,
        idempotency_key: IdempotencyKey = None,
    ) -> RecordedDeployment:
        """Record a deployment, or what became of it: the same commit and environment again changes its status."""
        return await self._service.record(await self._resolve(project_name), data, idempotency_key=idempotency_key)

    async def list_deployments(
        self,
        project_name: ProjectArgument = None,
        environment: Environment = None,
        status: Annotated[Status | None, Field(description="Only those that stand so.")] = None,
        work_item: Annotated[str | None, Field(description="Only those that carry it: id or key.")] = None,
        since: Since = None,
        until: Until = None,
        cursor: Cursor = None,
        limit: Annotated[int, Field(description=f"At most so many, 1 to {MAX_PAGE}.", ge=1, le=MAX_PAGE)] = 50,
    ) -> DeploymentPage:
        """List deployments, the last begun first, without their data; since and until are about their beginning."""
        return await self._service.list_page(
            await self._resolve(project_name),
            environment=environment,
            status=status,
            work_item=work_item,
            since=since,
            until=until,
            cursor=cursor,
            limit=limit,
        )

    async def get_deployment(
        self,
        deployment_id: Annotated[UUID, Field(description="Its id.")],
        project_name: ProjectArgument = None,
    ) -> Deployment:
        """Get one deployment whole: data, work items, and who changed its status when."""
        return await self._service.get(await self._resolve(project_name), deployment_id)

    async def live_deployments(
        self, project_name: ProjectArgument = None, environment: Environment = None
    ) -> LiveDeployments:
        """Tell what is live in each environment, and which rollbacks made it live again."""
        return await self._service.live(await self._resolve(project_name), environment)

    async def compare_deployments(
        self,
        a: Annotated[str, Field(description="Id, or environment for what is live there.", max_length=200)],
        b: Annotated[str, Field(description="Id, or environment for what is live there.", max_length=200)],
        project_name: ProjectArgument = None,
    ) -> Comparison:
        """Compare two deployments or environments: commits, times, work items live with only one, data.

        Use it to see what staging has and production has not yet.
        """
        return await self._service.compare(await self._resolve(project_name), a, b)

    async def delivery_figures(
        self,
        project_name: ProjectArgument = None,
        environment: Environment = None,
        since: Since = None,
        until: Until = None,
    ) -> DeliveryFigures:
        """Measure delivery per environment: deployment frequency, lead time, change failure rate, time to restore.

        The four figures of DORA over a window, by default the last 30 days; each says how many deployments it rests on.
        """
        return await self._service.figures(
            await self._resolve(project_name), environment=environment, since=since, until=until
        )
