"""Arguments that tools of work items share, each described once.

Definitions are read by every client before its first call, so nothing stands in them that the services refuse anyway.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, Field

MAX_VERSION, MAX_TOKEN = 2**31 - 1, 2**63 - 1


def _at_most(largest: int) -> AfterValidator:
    """Refuse a number for which its column has no room, and let the schema be as short as it is."""

    def refuse_larger(number: int | None) -> int | None:
        if number is not None and number > largest:
            raise ValueError(f"should be at most {largest}")
        return number

    return AfterValidator(refuse_larger)


def _refuse_beyond_years(moment: datetime) -> datetime:
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("should be between the years 1 and 9999 in UTC") from None
    return moment


FITS_VERSION, FITS_TOKEN = _at_most(MAX_VERSION), _at_most(MAX_TOKEN)
"""To be put behind the `Field` of an argument that is such a number."""

Moment = Annotated[AwareDatetime, AfterValidator(_refuse_beyond_years)]

EntityId = Annotated[str, Field(description="Id or key (T-123).")]
SchemaName = Annotated[str, Field(description="The entity's type, such as task or bug.", max_length=63)]
# In words: as a schema it is larger than most tools, and a wrong word is answered with its place.
Rules = Annotated[
    dict[str, Any] | None,
    Field(
        description='{"state": {"field": "status", "initial": [...], "final": [...], "transitions": {"from": ["to"]}},'
        ' "priority": {"field": ..., "order": [most urgent first]}, "title": field, "key_prefix": "T",'
        ' "indexes": [{"field": ..., "unique": false}]}; all optional, fields and values as in the schema.'
    ),
]
ExpectedVersion = Annotated[
    int | None, Field(description="The version you read; refused if it has moved on.", ge=1), FITS_VERSION
]
Force = Annotated[bool, Field(description="Write whatever others did or hold meanwhile.")]
IdempotencyKey = Annotated[
    str | None, Field(description="Any text of your own; a repeated call gets the first answer.")
]
Cursor = Annotated[str | None, Field(description="next_cursor of the page before, with the same arguments.")]
ClaimToken = Annotated[int | None, Field(description="From claim_work, while you hold the claim.", ge=1), FITS_TOKEN]
