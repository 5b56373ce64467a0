"""Steps: how data that satisfied an older version of a type becomes data of a newer one.

Declarative, so that they can be stored with the version, tried before they count, and applied late: to an entity that
the migration has not reached yet, or that was deleted meanwhile.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from moorage.core.values import GivenValue, Value
from moorage.workflow.fields import parse_field
from moorage.workflow.patches import MAX_OPERATIONS

MAX_STEPS = 100
# As a part of a field's name: each element of the list that stands there.
EACH = "*"


def _named(text: str) -> str:
    parse_field(text)
    return text


def _single(text: str) -> str:
    if EACH in parse_field(text):
        raise ValueError(f"{text!r}: what is moved has one place, without {EACH}")
    return text


# Named as `fields.parse_field` reads it, also with EACH: "owner", "address.city", "tests.*.status", "/a.b".
StepField = Annotated[str, AfterValidator(_named)]
OneField = Annotated[str, AfterValidator(_single)]


class Rename(GivenValue):
    """Give a property another name where it is; nothing happens where it is absent."""

    step: Literal["rename"]
    field: StepField
    to: Annotated[str, Field(min_length=1, max_length=200, description="The new name of the property.")]


class Move(GivenValue):
    """Put a field to another place; nothing happens where it is absent."""

    step: Literal["move"]
    field: OneField
    to: OneField


class Remove(GivenValue):
    """Remove a field."""

    step: Literal["remove"]
    field: StepField


class SetDefault(GivenValue):
    """Give a field this value where it is absent."""

    step: Literal["set_default"]
    field: StepField
    value: Any


class Set(GivenValue):
    """Give a field this value, whatever it was."""

    step: Literal["set"]
    field: StepField
    value: Any


class MapValues(GivenValue):
    """Replace values of a field by others; those not listed stay."""

    step: Literal["map_values"]
    field: StepField
    values: Annotated[
        dict[str, Any],
        Field(min_length=1, max_length=1_000, description="Old to new; numbers, true and null as JSON text."),
    ]


class Wrap(GivenValue):
    """Make a list of one of the field's value; a list stays."""

    step: Literal["wrap"]
    field: StepField


class Unwrap(GivenValue):
    """Make the only element of a list the field's value; without an element the field is removed."""

    step: Literal["unwrap"]
    field: StepField


class Convert(GivenValue):
    """Make another type of the field's value, where nothing is lost by it; null stays."""

    step: Literal["convert"]
    field: StepField
    to: Literal["string", "number", "integer", "boolean"]


class Patch(GivenValue):
    """Apply a JSON Patch (RFC 6902) to the data."""

    step: Literal["patch"]
    operations: Annotated[list[dict[str, Any]], Field(max_length=MAX_OPERATIONS)]


Step = Annotated[
    Rename | Move | Remove | SetDefault | Set | MapValues | Wrap | Unwrap | Convert | Patch,
    Field(discriminator="step"),
]
Steps = Annotated[list[Step], Field(max_length=MAX_STEPS)]


class VersionSteps(Value):
    """The steps that lead to a version of a type from the one before."""

    to_version: int
    steps: Steps
