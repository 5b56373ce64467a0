"""What is done with deployments, as use cases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from moorage.core.errors import InvalidInput
from moorage.core.postgres.pools import Connection
from moorage.core.postgres.queries import Executor
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.workflow.cursors import cursor_key_get, seal, unseal
from moorage.workflow.deployments import store
from moorage.workflow.deployments.models import (
    Comparison,
    DeliveryFigures,
    Deployment,
    DeploymentPage,
    DeploymentRow,
    DeploymentSummary,
    EnvironmentFigures,
    LiveDeployment,
    LiveDeployments,
    RecordedDeployment,
    Status,
)
from moorage.workflow.deployments.reading import read_recording
from moorage.workflow.deployments.recording import record_in
from moorage.workflow.documents import Document
from moorage.workflow.entities.calls import WriteCalls
from moorage.workflow.entities.references import find_entity
from moorage.workflow.errors import DeploymentNotFound
from moorage.workflow.patches import difference
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.catalog import TypeCatalog

MAX_PAGE = 200
MAX_COMPARED_ITEMS = 500
MAX_ROLLED_BACK = 20
DEFAULT_WINDOW = timedelta(days=30)


class DeploymentService:
    """Record deployments, and tell what is live, what differs, and how well delivery goes."""

    def __init__(self, connections: ProjectConnectionManager, catalog: TypeCatalog, settings: WorkflowSettings) -> None:
        self._connections = connections
        self._max_bytes = settings.max_document_bytes
        self._calls = WriteCalls(connections, catalog)

    async def record(
        self, project_name: str, data: Document, *, idempotency_key: str | None = None
    ) -> RecordedDeployment:
        """Record a deployment, or what became of one: it is known by environment, commit and attempt.

        Raises:
            InvalidDeployment: with every problem. TransitionRefused, StaleVersion, and those of the project.
        """
        given = read_recording(data, max_bytes=self._max_bytes)

        async def write(connection: Connection, project: Project) -> RecordedDeployment:
            return await record_in(connection, project.name, given, max_bytes=self._max_bytes)

        return await self._calls.in_transaction(
            project_name,
            RecordedDeployment,
            write,
            key=idempotency_key,
            tool="record_deployment",
            arguments={"data": data},
        )

    async def get(self, project_name: str, deployment_id: UUID) -> Deployment:
        """Return a deployment with its work items and how it came to stand as it does.

        Raises:
            DeploymentNotFound.
        """
        async with self._connections.get_project_connection(project_name) as connection:
            return Deployment(
                project_name=project_name,
                deployment=await _get(connection, deployment_id),
                work_items=await store.item_list(connection, deployment_id),
                transitions=await store.transition_list(connection, deployment_id),
            )

    async def list_page(
        self,
        project_name: str,
        *,
        environment: str | None = None,
        status: Status | None = None,
        work_item: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> DeploymentPage:
        """Return deployments that began in a window, the last begun first.

        Raises:
            EntityNotFound: there is no such work item. InvalidCursor.
        """
        limit = min(limit, MAX_PAGE)
        purpose = _purpose(project_name, environment, status, work_item, since, until)
        async with self._connections.get_project_connection(project_name) as connection:
            secret = await cursor_key_get(connection)
            found = await store.deployment_list(
                connection,
                environment=environment,
                status=status,
                entity_id=(await find_entity(connection, work_item)).id if work_item else None,
                since=since,
                until=until,
                after=_place(unseal(secret, purpose, cursor)) if cursor is not None else None,
                limit=limit + 1,
            )
        shown = found[:limit]
        more = len(found) > limit
        next_cursor = seal(secret, purpose, [shown[-1].started_at.isoformat(), str(shown[-1].id)]) if more else None
        return DeploymentPage(project_name=project_name, deployments=shown, next_cursor=next_cursor)

    async def live(self, project_name: str, environment: str | None = None) -> LiveDeployments:
        """Return what is live where."""
        async with self._connections.get_project_connection(project_name) as connection:
            found = await store.deployment_live(connection, environment)
        by_environment = groupby(found, key=lambda each: each.environment)
        return LiveDeployments(
            project_name=project_name, environments=[_live(name, list(rows)) for name, rows in by_environment]
        )

    async def compare(self, project_name: str, a: str, b: str) -> Comparison:
        """Compare two deployments, each named by its id, or by an environment for what is live there.

        Raises:
            DeploymentNotFound: no such id, or nothing is live there.
        """
        async with self._connections.get_project_connection(project_name) as connection:
            first, second = await _find(connection, a), await _find(connection, b)
            items = await store.item_compare(connection, first.id, second.id, limit=MAX_COMPARED_ITEMS + 1)
        shown = items[:MAX_COMPARED_ITEMS]
        return Comparison(
            project_name=project_name,
            a=_summary(first),
            b=_summary(second),
            same_commit=first.commit_sha == second.commit_sha,
            seconds_between=_seconds_between(first, second),
            only_in_a=[item for item, in_a in shown if in_a],
            only_in_b=[item for item, in_a in shown if not in_a],
            truncated=len(items) > len(shown),
            data_difference=difference(first.data, second.data),
        )

    async def figures(
        self,
        project_name: str,
        *,
        environment: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> DeliveryFigures:
        """Return the four figures of DORA over a window, by default the last thirty days.

        Raises:
            InvalidInput: the window ends before it begins.
        """
        end = until or datetime.now(UTC)
        begin = since or end - DEFAULT_WINDOW
        if begin >= end:
            raise InvalidInput(f"since: {begin.isoformat()} is not before {end.isoformat()}", hint="Swap the two.")
        async with self._connections.get_project_connection(project_name) as connection:
            rows = await store.deployment_figures(connection, environment=environment, since=begin, until=end)
        if environment is not None and not rows:
            rows = [_nothing(environment)]
        days = (end - begin) / timedelta(days=1)
        return DeliveryFigures(
            project_name=project_name, since=begin, until=end, environments=[_figures(row, days) for row in rows]
        )


async def _get(connection: Executor, deployment_id: UUID) -> DeploymentRow:
    found = await store.deployment_get(connection, deployment_id)
    if found is None:
        raise DeploymentNotFound(
            f"there is no deployment {deployment_id}", hint="list_deployments shows those there are."
        )
    return found


async def _find(connection: Executor, text: str) -> DeploymentRow:
    deployment_id = _id_in(text)
    if deployment_id is not None:
        return await _get(connection, deployment_id)
    live = [each for each in await store.deployment_live(connection, text) if each.status is Status.DEPLOYED]
    if not live:
        raise DeploymentNotFound(
            f"{text[:60]!r} is neither the id of a deployment nor an environment where anything is live",
            hint="live_deployments shows environments, list_deployments ids.",
        )
    return await _get(connection, live[0].id)


def _id_in(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _purpose(*filters: Any) -> str:
    return f"deployments {hashlib.sha256(json.dumps(filters, default=str).encode()).hexdigest()}"


def _place(values: Sequence[str]) -> tuple[datetime, UUID]:
    started_at, deployment_id = values
    return datetime.fromisoformat(started_at), UUID(deployment_id)


def _live(environment: str, found: Sequence[DeploymentSummary]) -> LiveDeployment:
    return LiveDeployment(
        environment=environment,
        live=next((each for each in found if each.status is Status.DEPLOYED), None),
        rolled_back=[each for each in found if each.status is Status.ROLLED_BACK][:MAX_ROLLED_BACK],
        pending=sum(each.status is Status.PENDING for each in found),
    )


def _summary(row: DeploymentRow) -> DeploymentSummary:
    return DeploymentSummary(**row.model_dump(include=set(DeploymentSummary.model_fields)))


def _seconds_between(a: DeploymentRow, b: DeploymentRow) -> float | None:
    if a.deployed_at is None or b.deployed_at is None:
        return None
    return (b.deployed_at - a.deployed_at).total_seconds()


def _nothing(environment: str) -> Mapping[str, Any]:
    counts = dict.fromkeys(("deployments", "lead_times", "failures", "restored"), 0)
    return {"environment": environment, **dict.fromkeys(_FIGURES), **counts}


_FIGURES = (
    "lead_time_median_seconds", "lead_time_p90_seconds", "change_failure_rate", "time_to_restore_median_seconds",
    "time_to_restore_p90_seconds",
)  # fmt: skip


def _figures(row: Mapping[str, Any], days: float) -> EnvironmentFigures:
    return EnvironmentFigures(
        **row, deployments_per_day=row["deployments"] / days, unrestored=row["failures"] - row["restored"]
    )
