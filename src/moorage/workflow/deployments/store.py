"""The statements about deployments: one function each, connection in, models out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from moorage.core.postgres.queries import Executor, Row, load_statements
from moorage.workflow.deployments.models import (
    DeployedItem,
    DeploymentRow,
    DeploymentSummary,
    Recording,
    Status,
    Transition,
)
from moorage.workflow.documents import Document

_statements = load_statements("moorage.workflow.deployments")


async def deployment_insert_in(transaction: Executor, recording: Recording, *, actor: str) -> DeploymentRow | None:
    """Record a deployment; None when it is recorded already."""
    row = await _statements.deployment_insert(
        transaction,
        environment=recording.environment,
        commit_sha=recording.commit_sha,
        attempt=recording.attempt,
        data=recording.free,
        actor=actor,
        **_changing(recording),
    )
    return None if row is None else _deployment(row)


async def deployment_lock_in(
    transaction: Executor, environment: str, commit_sha: str, attempt: int | None
) -> DeploymentRow | None:
    """Return a deployment that nobody else changes until the transaction ends; without an attempt the newest."""
    row = await _statements.deployment_lock(
        transaction, environment=environment, commit_sha=commit_sha, attempt=attempt
    )
    return None if row is None else _deployment(row)


async def deployment_update_in(
    transaction: Executor, deployment_id: UUID, recording: Recording, data: Document, *, actor: str
) -> DeploymentRow:
    row = await _statements.deployment_update(
        transaction, id=deployment_id, data=data, actor=actor, **_changing(recording)
    )
    return _deployment(row)


async def item_find_in(transaction: Executor, ids: Sequence[UUID], keys: Sequence[str]) -> list[DeployedItem]:
    """Return work items by id or key, and keep them from being purged until the transaction ends."""
    return [_item(row) for row in await _statements.item_find(transaction, ids=list(ids), keys=list(keys))]


async def item_add_in(transaction: Executor, deployment_id: UUID, entity_ids: Sequence[UUID]) -> int:
    """Let a deployment carry these work items; return how many it did not carry before."""
    return await _statements.item_add(transaction, deployment_id=deployment_id, entity_ids=list(entity_ids))


async def item_list(connection: Executor, deployment_id: UUID) -> list[DeployedItem]:
    return [_item(row) for row in await _statements.item_list(connection, deployment_id=deployment_id)]


async def item_compare(connection: Executor, a: UUID, b: UUID, *, limit: int) -> list[tuple[DeployedItem, bool]]:
    """Return the work items live with only one of two deployments, and whether that is `a`."""
    rows = await _statements.item_compare(connection, a=a, b=b, limit=limit)
    return [(_item(row), row["in_a"]) for row in rows]


async def deployment_get(connection: Executor, deployment_id: UUID) -> DeploymentRow | None:
    row = await _statements.deployment_get(connection, id=deployment_id)
    return None if row is None else _deployment(row)


async def transition_list(connection: Executor, deployment_id: UUID) -> list[Transition]:
    rows = await _statements.transition_list(connection, deployment_id=deployment_id)
    return [Transition.model_validate(dict(row)) for row in rows]


async def deployment_list(
    connection: Executor,
    *,
    environment: str | None,
    status: Status | None,
    entity_id: UUID | None,
    since: datetime | None,
    until: datetime | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[DeploymentSummary]:
    """Return deployments, the last begun first, beginning after the place `after`."""
    after_started_at, after_id = after or (None, None)
    rows = await _statements.deployment_list(
        connection,
        environment=environment,
        status=status,
        entity_id=entity_id,
        since=since,
        until=until,
        after_started_at=after_started_at,
        after_id=after_id,
        limit=limit,
    )
    return [_summary(row) for row in rows]


async def deployment_live(connection: Executor, environment: str | None) -> list[DeploymentSummary]:
    """Return what is live, pending, or was rolled back after what is live, by environment, the newest first."""
    return [_summary(row) for row in await _statements.deployment_live(connection, environment=environment)]


async def deployment_figures(
    connection: Executor, *, environment: str | None, since: datetime, until: datetime
) -> list[Mapping[str, Any]]:
    """Return what the four figures are made of, by environment; see `EnvironmentFigures`."""
    rows = await _statements.deployment_figures(connection, environment=environment, since=since, until=until)
    return [dict(row) for row in rows]


def _changing(recording: Recording) -> dict[str, Any]:
    return {
        "branch": recording.branch,
        "status": recording.status,
        "committed_at": recording.committed_at,
        "started_at": recording.started_at,
        "deployed_at": recording.deployed_at,
        "ended_at": recording.ended_at,
    }


def _deployment(row: Row) -> DeploymentRow:
    return DeploymentRow.model_validate(dict(row))


def _summary(row: Row) -> DeploymentSummary:
    return DeploymentSummary.model_validate(dict(row))


def _item(row: Row) -> DeployedItem:
    return DeployedItem(id=row["id"], key=row["key"], title=row["title"], state=row["state"])
