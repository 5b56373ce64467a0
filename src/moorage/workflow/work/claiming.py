"""Claims: who works on what, for how long, and with which token.

A claim is made under the lock of its entity, after asking once more whether the entity is ready: a blocker that was
added since the list was made is seen. It ends by release, by the end of its lease, or with the work; from then on
its token is refused, whether or not somebody else has come.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from moorage.core.access import Caller, Scope
from moorage.core.postgres.queries import Executor
from moorage.workflow.documents import LARGEST_INTEGER
from moorage.workflow.entities.conditions import refuse_claimed, refuse_deleted
from moorage.workflow.entities.models import Condition
from moorage.workflow.entities.writing import lock_one_in
from moorage.workflow.errors import ClaimLost, NotReady
from moorage.workflow.work import store
from moorage.workflow.work.models import HeldClaim, Hold

# So many claimers at once find an item in one list; more of them ask again.
CANDIDATES = 100
_SHOWN_HOLDS = 5


class NothingReady(Exception):
    """There is nothing to claim; raised so that the call's idempotency key stays free."""


async def claim_next_in(
    transaction: Executor, *, schema_name: str | None, holder: str, lease_seconds: int
) -> HeldClaim:
    """Claim the most urgent item that is ready and that nobody else is at.

    Raises:
        NothingReady.
    """
    tried = await store.entity_near(transaction, schema_name=schema_name, limit=CANDIDATES)
    claim = await _claim_first_in(transaction, tried, holder=holder, lease_seconds=lease_seconds)
    while claim is None:
        ready, _ = await store.entity_ready(transaction, schema_name=schema_name, without=tried, limit=CANDIDATES)
        if not ready:
            raise NothingReady
        ids = [entity_id for entity_id, _ in ready]
        claim = await _claim_first_in(transaction, ids, holder=holder, lease_seconds=lease_seconds)
        tried += ids
    return claim


async def claim_one_in(transaction: Executor, entity_id: str, *, holder: str, lease_seconds: int) -> HeldClaim:
    """Claim this entity.

    Raises:
        Claimed: somebody holds it. NotReady: it is blocked, over, or no work. EntityDeleted, EntityNotFound.
    """
    locked = await lock_one_in(transaction, entity_id)
    entity = locked.entity
    refuse_deleted(locked)
    refuse_claimed(locked, Condition())
    if not entity.is_open:
        raise NotReady(
            f"{entity.key} is no open work: its state is {entity.state!r}",
            hint="Claim what ready_work shows; an entity that is over can be changed without a claim.",
        )
    refuse_held(entity.key, await store.hold_list(transaction, entity.id))
    claim = await store.claim_insert_in(transaction, entity.id, holder=holder, lease_seconds=lease_seconds)
    assert claim is not None, "no other claim is made while the entity is locked"
    return claim


async def renew(connection: Executor, token: int, *, lease_seconds: int, actor: str) -> HeldClaim:
    """Let a claim of one's own end later.

    Raises:
        ClaimLost: it has ended, or is another's.
    """
    claim = None
    if token <= LARGEST_INTEGER:
        claim = await store.claim_renew(connection, token, lease_seconds=lease_seconds, actor=actor)
    return _still(claim, token)


async def release(connection: Executor, token: int, *, caller: Caller) -> HeldClaim:
    """End a claim before its time; administrators end those of others too.

    Raises:
        ClaimLost: it has ended, or is another's.
    """
    claim = None
    if token <= LARGEST_INTEGER:
        others = caller.scope.includes(Scope.ADMIN)
        claim = await store.claim_release(connection, token, actor=caller.name, others=others)
    return _still(claim, token)


def refuse_held(key: str, holds: Sequence[Hold]) -> None:
    """Refuse to begin with what has to wait.

    Raises:
        NotReady: naming what for.
    """
    if not holds:
        return
    shown = "; ".join(hold_in_words(each) for each in holds[:_SHOWN_HOLDS])
    more = f"; and {len(holds) - _SHOWN_HOLDS} more" if len(holds) > _SHOWN_HOLDS else ""
    raise NotReady(
        f"{key} is not ready: {shown}{more}",
        hint="Begin with what it waits for; link_entities with remove=true takes a wrong link away.",
        waits_for=[each.item.key for each in holds],
    )


def hold_in_words(hold: Hold) -> str:
    """Say what one hold is: "blocked by T-3 (pending) through T-1"."""
    state = f" ({hold.item.state})" if hold.item.state else ""
    if hold.kind == "child":
        return f"its part {hold.item.key}{state} is open"
    return f"blocked by {hold.item.key}{state}" + (f" through {hold.through}" if hold.through else "")


async def _claim_first_in(
    transaction: Executor, ids: Sequence[UUID], *, holder: str, lease_seconds: int
) -> HeldClaim | None:
    """Claim the first of these that nobody else is at and that is ready now; None when there is none."""
    left = list(ids)
    while (locked := await store.claim_lock_in(transaction, left)) is not None:
        if not await store.hold_list(transaction, locked):
            claim = await store.claim_insert_in(transaction, locked, holder=holder, lease_seconds=lease_seconds)
            if claim is not None:
                return claim
        left.remove(locked)
    return None


def _still(claim: HeldClaim | None, token: int) -> HeldClaim:
    if claim is None:
        raise ClaimLost(
            f"claim_token: the claim with token {token} has ended, or is another's",
            hint="Look at what changed meanwhile, and claim the entity again with claim_work.",
        )
    return claim
