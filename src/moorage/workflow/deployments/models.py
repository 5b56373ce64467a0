"""Deployments as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from moorage.core.values import Value
from moorage.workflow.documents import Document
from moorage.workflow.entities.models import Answer
from moorage.workflow.entities.references import EntityRef


class Status(StrEnum):
    """How a deployment stands."""

    PENDING = "pending"
    DEPLOYED = "deployed"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"


FOLLOWING: dict[Status, tuple[Status, ...]] = {
    Status.PENDING: (Status.DEPLOYED, Status.FAILED),
    Status.DEPLOYED: (Status.ROLLED_BACK,),
    Status.FAILED: (),
    Status.ROLLED_BACK: (),
}
"""From each status those that may follow; after a final one, a new try is the next attempt."""


@dataclass(frozen=True)
class Recording:
    """What a caller records, read from the data given.

    Attributes:
        attempt: None is the newest one recorded, or the first.
        expected_version: None takes the deployment as it is.
        free: what is not known here, kept as it is.
    """

    environment: str
    commit_sha: str
    attempt: int | None
    status: Status
    branch: str | None
    committed_at: datetime | None
    started_at: datetime | None
    deployed_at: datetime | None
    ended_at: datetime | None
    expected_version: int | None
    free: Document


@dataclass(frozen=True)
class GivenData:
    """What was read from the data of a recording.

    Attributes:
        recording: None when there are problems.
        refs: the work items named, each once, with the text that names it.
    """

    recording: Recording | None
    refs: dict[EntityRef, str]
    problems: list[str]


class DeploymentSummary(Value):
    """One deployment in a list.

    Attributes:
        started_at: when it began; lists are in its order.
        deployed_at: when it went live; None as long as it has not.
        ended_at: when it failed or was rolled back.
        version: counts the recordings that changed it.
    """

    id: UUID
    environment: str
    commit_sha: str
    attempt: int
    branch: str | None
    status: Status
    version: int
    started_at: datetime
    deployed_at: datetime | None
    ended_at: datetime | None


class DeploymentRow(DeploymentSummary):
    """One row of `deployments`."""

    committed_at: datetime | None
    data: dict[str, Any]
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


class RecordedDeployment(Answer):
    """What is recorded now, with the keys of its work items."""

    id: UUID
    environment: str
    commit_sha: str
    attempt: int
    status: Status
    version: int
    deployed_at: datetime | None
    work_items: list[str]


class DeployedItem(Value):
    """A work item that a deployment carries."""

    id: UUID
    key: str
    title: str
    state: str | None


class Transition(Value):
    """A status that a deployment came into."""

    version: int
    status: Status
    created_at: datetime
    created_by: str


class Deployment(Value):
    """One deployment with all that is known of it."""

    project_name: str
    deployment: DeploymentRow
    work_items: list[DeployedItem]
    transitions: list[Transition]


class DeploymentPage(Value):
    """Deployments, the last begun first.

    Attributes:
        next_cursor: leads to the next page; None at the end.
    """

    project_name: str
    deployments: list[DeploymentSummary]
    next_cursor: str | None


class LiveDeployment(Value):
    """What is live in an environment.

    Attributes:
        live: the newest deployment that was not rolled back; None when all were.
        rolled_back: the deployments after it that were rolled back, which made it live again; the newest of them.
        pending: how many have begun and not ended.
    """

    environment: str
    live: DeploymentSummary | None
    rolled_back: list[DeploymentSummary]
    pending: int


class LiveDeployments(Value):
    """What is live where."""

    project_name: str
    environments: list[LiveDeployment]


class Comparison(Value):
    """How deployment `b` differs from `a`.

    Work items count as live with a deployment when it carries them, or one that was deployed to the same environment
    before it and not rolled back.

    Attributes:
        seconds_between: from `a` going live to `b` going live; negative when `b` did so first.
        only_in_a: the work items live with `a` and not with `b`, by key; the first of them when `truncated`.
        data_difference: the JSON Patch (RFC 6902) that leads from the data of `a` to that of `b`.
    """

    project_name: str
    a: DeploymentSummary
    b: DeploymentSummary
    same_commit: bool
    seconds_between: float | None
    only_in_a: list[DeployedItem]
    only_in_b: list[DeployedItem]
    truncated: bool
    data_difference: list[dict[str, Any]]


class EnvironmentFigures(Value):
    """The four figures of one environment.

    Attributes:
        deployments: how many went live in the window; what the frequency rests on.
        lead_times: how many of them say when their change began; what the lead time rests on.
        failures: how many failed, or went live and were rolled back.
        change_failure_rate: 0 to 1, of all that went live or failed.
        restored: how many failures were mended; what the time to restore rests on.
        unrestored: how many were not, so far.
    """

    environment: str
    deployments: int
    deployments_per_day: float
    lead_times: int
    lead_time_median_seconds: float | None
    lead_time_p90_seconds: float | None
    failures: int
    change_failure_rate: float | None
    restored: int
    unrestored: int
    time_to_restore_median_seconds: float | None
    time_to_restore_p90_seconds: float | None


DEFINITIONS = {
    "deployments_per_day": "deployments that went live, over the days of the window",
    "lead_time": "from the commit (committed_at; else the creation of its earliest work item) to going live",
    "change_failure_rate": "deployments that failed or were rolled back, over all that went live or failed",
    "time_to_restore": "from going live to being rolled back; after a failure, to the next one that went live",
}
SOURCE = "https://dora.dev/guides/dora-metrics-four-keys/"


class DeliveryFigures(Value):
    """How well delivery goes: the four figures of DORA, per environment."""

    project_name: str
    since: datetime
    until: datetime
    environments: list[EnvironmentFigures]
    definitions: Annotated[dict[str, str], Field(description="What each figure means.")] = DEFINITIONS
    source: str = SOURCE
