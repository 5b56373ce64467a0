"""What a change of a type would be: its next version, how that stands to this one, and what entities go through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from moorage.core.errors import InvalidInput
from moorage.workflow.documents import escaped
from moorage.workflow.evolution.compatibility import compare_schemas, verdict_of
from moorage.workflow.evolution.models import Change, Evolution, Reason, StoredVersion
from moorage.workflow.fields import parse_field
from moorage.workflow.types.models import EntityType, StateRules, StoredType
from moorage.workflow.types.steps import SetDefault, Step, VersionSteps
from moorage.workflow.types.validation import compiled


@dataclass(frozen=True)
class Plan:
    """A version that a type could have next.

    Attributes:
        reasons: what changes, most serious first.
        steps: that lead each entity to the new version.
    """

    old: EntityType
    new: EntityType
    reasons: list[Reason]
    steps: list[Step]

    @property
    def change(self) -> Change:
        return verdict_of(self.reasons)

    @property
    def is_nothing(self) -> bool:
        """The type is like that already: the call is repeated, or asks for nothing."""
        old, new = self.old.row, self.new.row
        is_same = (new.schema_definition, new.rules, new.description) == (
            old.schema_definition, old.rules, old.description,
        )  # fmt: skip
        return is_same and self.steps in ([], _steps_to(self.old, self.old.version))

    @property
    def is_risky(self) -> bool:
        """Entities may not satisfy the new version."""
        return self.change in (Change.NEEDS_MIGRATION, Change.BREAKING) or bool(self.steps)

    @property
    def migrates(self) -> bool:
        """Entities have to be written: their data, or the columns that follow the rules."""
        return self.is_risky or _column_rules(self.old) != _column_rules(self.new)


def next_row(old: StoredType, asked: Evolution) -> StoredType:
    """Return the next version of a type as it would be stored; the beginning of its keys stays."""
    rules = asked.rules and asked.rules.model_copy(update={"key_prefix": old.rules.key_prefix})
    changes = {"schema_definition": asked.schema_definition, "rules": rules, "description": asked.description}
    given = {name: value for name, value in changes.items() if value is not None}
    return old.model_copy(update={**given, "version": old.version + 1})


def plan_of(old: EntityType, row: StoredType, asked: Sequence[Step] | None) -> Plan:
    """Return what the next version of a type would be.

    Args:
        row: the next version, which was found fit to be a type.
        asked: the steps; None fills in the defaults of properties that become required.
    """
    steps = _implied_steps(old.row, row) if asked is None else list(asked)
    all_steps = (*old.steps, VersionSteps(to_version=row.version, steps=steps)) if steps else old.steps
    return Plan(old, compiled(row, all_steps), compare_versions(old.row, row), steps)


def compare_versions(old: StoredType | StoredVersion, new: StoredType | StoredVersion) -> list[Reason]:
    """Return what differs between two versions of a type, most serious first."""
    schema = compare_schemas(old.schema_definition, new.schema_definition)
    placed = [each.model_copy(update={"pointer": f"/schema_definition{each.pointer}"}) for each in schema]
    order = list(Change)
    return sorted([*placed, *_compare_rules(old, new)], key=lambda each: order.index(each.change), reverse=True)


def _compare_rules(old: StoredType | StoredVersion, new: StoredType | StoredVersion) -> Iterator[Reason]:
    before, after = old.rules, new.rules
    yield from _compare_states(before.state, after.state)
    for name in ("title", "priority", "indexes"):
        if getattr(before, name) != getattr(after, name):
            yield Reason(pointer=f"/rules/{name}", change=Change.COMPATIBLE, message="changed; data stays valid")


def _compare_states(before: StateRules | None, after: StateRules | None) -> Iterator[Reason]:
    if before == after:
        return
    if before is None:
        yield Reason(pointer="/rules/state", change=Change.COMPATIBLE, message="the type has a state now")
    elif after is None:
        yield Reason(pointer="/rules/state", change=Change.BREAKING, message="the type has no state any more")
    elif before.field != after.field:
        message = f"the state is {after.field!r} and not {before.field!r} any more"
        yield Reason(pointer="/rules/state/field", change=Change.BREAKING, message=message)
    else:
        yield Reason(pointer="/rules/state", change=Change.COMPATIBLE, message="other states begin, follow or end")


def _implied_steps(old: StoredType, new: StoredType) -> list[Step]:
    """Return what fills in the defaults of properties that become required, where steps have a name for them."""
    required = set(new.schema_definition.get("required", [])) - set(old.schema_definition.get("required", []))
    defaults = {f"/{escaped(name)}": value for name, value in compiled(new).defaults.items() if name in required}
    return [
        SetDefault(step="set_default", field=field, value=value)
        for field, value in sorted(defaults.items(), key=itemgetter(0))
        if _is_field(field)
    ]


def _is_field(text: str) -> bool:
    try:
        parse_field(text)
    except InvalidInput:
        return False
    return True


def _steps_to(entity_type: EntityType, version: int) -> list[Step]:
    return next((each.steps for each in entity_type.steps if each.to_version == version), [])


def _column_rules(entity_type: EntityType) -> tuple[Any, ...]:
    """Return what the columns beside the data are made by; see `EntityType.traits_of`."""
    state = entity_type.rules.state
    return (
        entity_type.title_field,
        None if state is None else (state.field, sorted(state.final)),
        entity_type.rules.priority,
    )
