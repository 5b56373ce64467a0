"""Writing a recording: a new deployment, what became of a known one, or nothing where nothing is new."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from moorage.core.access import current_caller
from moorage.core.postgres.queries import Executor
from moorage.workflow.deployments import store
from moorage.workflow.deployments.models import (
    FOLLOWING,
    DeploymentRow,
    GivenData,
    RecordedDeployment,
    Recording,
    Status,
)
from moorage.workflow.documents import Document, refuse_unfit
from moorage.workflow.entities.references import split_refs
from moorage.workflow.errors import InvalidDeployment, StaleVersion, TransitionRefused


async def record_in(
    transaction: Executor, project_name: str, given: GivenData, *, max_bytes: int
) -> RecordedDeployment:
    """Write what a recording says that is new.

    Raises:
        InvalidDeployment: with every problem. TransitionRefused, StaleVersion.
    """
    entity_ids, problems = await _items_in(transaction, given)
    if given.recording is None or problems:
        raise _invalid([*given.problems, *problems])
    recorded, written = await _write_in(transaction, given.recording, entity_ids, max_bytes=max_bytes)
    return RecordedDeployment(
        project_name=project_name,
        repeated=not written,
        work_items=[each.key for each in await store.item_list(transaction, recorded.id)],
        **recorded.model_dump(include=set(RecordedDeployment.model_fields)),
    )


async def _write_in(
    transaction: Executor, recording: Recording, entity_ids: Sequence[UUID], *, max_bytes: int
) -> tuple[DeploymentRow, bool]:
    """Write what is new; return the deployment, and whether anything was."""
    name = (recording.environment, recording.commit_sha, recording.attempt)
    actor = current_caller().name
    before = await store.deployment_lock_in(transaction, *name)
    if before is None:
        inserted = await store.deployment_insert_in(transaction, recording, actor=actor)
        if inserted is not None:
            await store.item_add_in(transaction, inserted.id, entity_ids)
            return inserted, True
        before = await store.deployment_lock_in(transaction, *name)
        assert before is not None, "deployments are not deleted"
    return await _change_in(transaction, before, recording, entity_ids, max_bytes=max_bytes)


async def _change_in(
    transaction: Executor,
    before: DeploymentRow,
    recording: Recording,
    entity_ids: Sequence[UUID],
    *,
    max_bytes: int,
) -> tuple[DeploymentRow, bool]:
    _refuse_old_version(before, recording)
    _refuse_transition(before, recording.status)
    added = await store.item_add_in(transaction, before.id, entity_ids)
    data = {**before.data, **recording.free}
    if not added and not _says_more(before, recording, data):
        return before, False
    refuse_unfit(data, max_bytes=max_bytes)
    actor = current_caller().name
    return await store.deployment_update_in(transaction, before.id, recording, data, actor=actor), True


async def _items_in(transaction: Executor, given: GivenData) -> tuple[list[UUID], list[str]]:
    """Return the work items named, and which of them there are not."""
    if not given.refs:
        return [], []
    found = await store.item_find_in(transaction, *split_refs(list(given.refs)))
    names = {name for each in found for name in (each.id, each.key)}
    missing = [text for ref, text in given.refs.items() if ref not in names]
    return [each.id for each in found], [f"work_items: there is no {text}" for text in missing]


def _invalid(problems: Sequence[str]) -> InvalidDeployment:
    return InvalidDeployment(
        f"the deployment cannot be recorded: {'; '.join(problems)}",
        hint="Correct the fields named; whatever else the data holds is kept as it is.",
        problems=list(problems),
    )


def _refuse_old_version(before: DeploymentRow, recording: Recording) -> None:
    if recording.expected_version in {None, before.version}:
        return
    raise StaleVersion(
        f"the deployment is at version {before.version}, not {recording.expected_version}",
        hint="If it still holds, record it again with the version that it has now, or without one.",
        id=str(before.id),
        version=before.version,
        updated_by=before.updated_by,
        updated_at=before.updated_at.isoformat(),
    )


def _refuse_transition(before: DeploymentRow, status: Status) -> None:
    allowed = FOLLOWING[before.status]
    if status is before.status or status in allowed:
        return
    following = f"From {before.status} it may go to: {', '.join(allowed)}." if allowed else f"{before.status} is final."
    name = f"attempt {before.attempt} of {before.commit_sha} in {before.environment!r}"
    raise TransitionRefused(
        f"{name} is {before.status} and cannot become {status}",
        hint=f'{following} A new try is recorded with "attempt": {before.attempt + 1}.',
        allowed=[str(each) for each in allowed],
        id=str(before.id),
    )


def _says_more(before: DeploymentRow, recording: Recording, data: Document) -> bool:
    names = ("branch", "committed_at", "started_at", "deployed_at", "ended_at")
    given = {name: getattr(recording, name) for name in names}
    return (
        recording.status is not before.status
        or data != before.data
        or any(value is not None and value != getattr(before, name) for name, value in given.items())
    )
