"""Settings of work items."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ByteSize, ConfigDict, Field

ToolProfile = Literal["core", "planning", "history", "types", "deployments", "exchange", "all"]


class WorkflowSettings(BaseModel):
    """What `moorage settings` shows under `workflow`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tools: tuple[ToolProfile, ...] = Field(
        ("core",), description="Profiles of tools that clients see; core is twelve tools, all is every one."
    )
    max_document_bytes: ByteSize = Field(
        ByteSize(256 * 1024), description="An entity's data is at most this large.", ge=1_000, le=16 * 1024 * 1024
    )
    lease_seconds: int = Field(
        1800, description="A claim ends after this many seconds unless it is renewed.", ge=10, le=7 * 86_400
    )
    keep_deleted_days: int = Field(
        30,
        ge=0,
        le=36_500,
        description="Deleted entities can be restored for so many days; `moorage workflow purge` ends older ones.",
    )
    keep_changes_days: int = Field(
        90, ge=0, le=36_500, description="The feed of changes goes back so many days; purge ends older ones."
    )
    keep_requests_hours: int = Field(
        48, ge=0, le=876_000, description="A call repeated with its idempotency key is known so long."
    )
