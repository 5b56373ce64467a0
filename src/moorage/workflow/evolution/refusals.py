"""Changes of types that are refused: from another version, of keys that were given out, at the cost of entities."""

from __future__ import annotations

from moorage.workflow.errors import BreakingChange, InvalidType, StaleVersion, VersionRequired
from moorage.workflow.evolution.models import SHOWN_REASONS, Change, CheckedEntities, Evolution, FailingEntity
from moorage.workflow.evolution.planning import Plan
from moorage.workflow.types.models import EntityType, StoredType

_NAMED_ENTITIES = 3


def refuse_other_keys(old: EntityType, asked: Evolution) -> None:
    """Refuse another beginning of keys: those that were given out stay what they are.

    Raises:
        InvalidType.
    """
    if asked.rules is not None and asked.rules.key_prefix not in (None, old.row.key_prefix):
        raise InvalidType(
            f"/rules/key_prefix: the keys of {old.name!r} begin with {old.row.key_prefix!r}, which stays",
            hint="Leave key_prefix out.",
        )


def refuse_moved(now: StoredType, expected_version: int | None) -> None:
    """Refuse a change that was made from another version than the one of now.

    Raises:
        StaleVersion. VersionRequired: it does not say from which.
    """
    if expected_version is None:
        raise VersionRequired(
            f"expected_version: none given; the type {now.schema_name!r} is at version {now.version}",
            hint="Name the version that your change was made from.",
            current_version=now.version,
        )
    if expected_version != now.version:
        raise StaleVersion(
            f"the type {now.schema_name!r} is at version {now.version} by {now.updated_by}; you saw {expected_version}",
            hint="entity_type_history shows what changed; make your change from the version of now.",
            expected_version=expected_version,
            current_version=now.version,
        )


def refuse_unasked(plan: Plan, entities: CheckedEntities | None) -> None:
    """Refuse what would leave entities behind, or breaks with the past.

    Raises:
        BreakingChange.
    """
    if entities is None or not entities.checked:
        return
    if entities.failing:
        named = "; ".join(_said(each) for each in entities.shown[:_NAMED_ENTITIES])
        problem = f"{entities.failing} of {entities.checked} entities would not satisfy it: {named}"
    elif plan.change is Change.BREAKING:
        problem = f"it breaks with the past: {plan.reasons[0].pointer} {plan.reasons[0].message}"
    else:
        return
    raise BreakingChange(
        f"{plan.old.name!r} was not changed; {problem}",
        hint="Give steps that mend the data (try them with dry_run), or accept_failing=true.",
        change=plan.change.value,
        reasons=[each.model_dump() for each in plan.reasons[:SHOWN_REASONS]],
        entities=entities.model_dump(),
    )


def _said(failing: FailingEntity) -> str:
    return f"{failing.key} {failing.problems[0].pointer or '/'}: {failing.problems[0].message}"
