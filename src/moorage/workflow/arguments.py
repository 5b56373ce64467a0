"""Arguments that tools of work items share, each described once.

Definitions are read by every client before its first call, so nothing stands in them that the services refuse anyway.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

EntityId = Annotated[str, Field(description="Id or key (T-123).")]
SchemaName = Annotated[str, Field(description="The entity's type, such as task or bug.", max_length=63)]
ExpectedVersion = Annotated[int | None, Field(description="The version you read; refused if it has moved on.", ge=1)]
Force = Annotated[bool, Field(description="Write whatever others did or hold meanwhile.")]
IdempotencyKey = Annotated[
    str | None, Field(description="Any text of your own; a repeated call gets the first answer.")
]
ClaimToken = Annotated[int | None, Field(description="From claim_work, while you hold the claim.", ge=1)]
