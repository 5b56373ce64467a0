"""May this caller write this entity now? Asked of a locked entity, before anything is made of the new data."""

from __future__ import annotations

from moorage.core.access import current_caller
from moorage.core.postgres.queries import Executor
from moorage.workflow.entities.conflicts import stale_version_in
from moorage.workflow.entities.edits import Edit
from moorage.workflow.entities.models import Claim, Condition, LockedEntity
from moorage.workflow.errors import Claimed, ClaimLost, EntityDeleted, VersionRequired


def refuse_unnamed(condition: Condition) -> None:
    """Refuse a write that says nothing of what its caller saw.

    Raises:
        VersionRequired.
    """
    if condition.expected_version is None and not condition.force:
        raise VersionRequired(
            "expected_version: none given",
            hint="Name the version you read, as get_entity shows it; force=true writes whatever it is now.",
        )


async def refuse_unmet_in(
    transaction: Executor, locked: LockedEntity, condition: Condition, edit: Edit | None = None
) -> None:
    """Refuse a write of a locked entity that somebody else works on, or has written since its caller looked.

    Args:
        edit: what the caller wants, to tell what is in conflict; None for writes that leave the data as it is.

    Raises:
        ClaimLost, Claimed, StaleVersion.
    """
    refuse_claimed(locked, condition)
    if condition.force or condition.expected_version == locked.entity.version:
        return
    assert condition.expected_version is not None, "refuse_unnamed was asked"
    raise await stale_version_in(transaction, locked.entity, condition.expected_version, edit)


def refuse_claimed(locked: LockedEntity, condition: Condition) -> None:
    """Refuse a write that a claim does not allow: another's, or one that the caller only believes to hold.

    Raises:
        ClaimLost: also with force, because whoever shows a token relies on holding the claim.
        Claimed.
    """
    claim = locked.claim if locked.claim and locked.claim.is_live else None
    if condition.claim_token is not None and not _holds(claim, condition.claim_token):
        raise ClaimLost(
            f"{locked.entity.key}: the claim with token {condition.claim_token} has ended, or was another's",
            hint="Look at what changed meanwhile, and claim it again with claim_work.",
            holder=claim.holder if claim else None,
        )
    if claim is not None and condition.claim_token is None and not condition.force:
        raise Claimed(
            f"{locked.entity.key} is claimed by {claim.holder} until {claim.expires_at.isoformat()}",
            hint="Show your claim_token if the claim is yours; else take other work, or wait until it ends.",
            holder=claim.holder,
            expires_at=claim.expires_at.isoformat(),
        )


def _holds(claim: Claim | None, token: int) -> bool:
    """Tell whether the caller holds this claim: tokens are numbers that others could guess."""
    return claim is not None and claim.token == token and claim.holder == current_caller().name


def refuse_deleted(locked: LockedEntity) -> None:
    """Refuse to change what is deleted.

    Raises:
        EntityDeleted.
    """
    entity = locked.entity
    if entity.deleted_at is not None:
        raise EntityDeleted(
            f"{entity.key} was deleted at {entity.deleted_at.isoformat()} by {entity.updated_by}",
            hint=f"Restore it first: restore_entity with expected_version {entity.version}.",
            current_version=entity.version,
        )
