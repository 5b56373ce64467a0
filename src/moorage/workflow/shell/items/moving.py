"""What moving an item from the shell checks first, to answer with the states there are."""

from __future__ import annotations

from moorage.core.errors import InvalidInput
from moorage.workflow.briefing.boards import states_of
from moorage.workflow.types.models import EntityType


def state_field_of(entity_type: EntityType, state: str) -> str:
    """Return the field that holds the state of entities of this type.

    Raises:
        InvalidInput: the type has no states, or not this one.
    """
    if entity_type.rules.state is None:
        raise InvalidInput(
            f"items of the type {entity_type.name!r} have no state",
            hint="Change a field: `moorage workflow edit ITEM --field NAME=VALUE`.",
        )
    known = states_of(entity_type)
    if known and state not in known:
        raise InvalidInput(f"STATE: {entity_type.name!r} has no {state!r}", hint=f"States: {', '.join(known)}.")
    return entity_type.rules.state.field
