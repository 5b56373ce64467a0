"""Settings of SQL over many databases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ByteSize, ConfigDict, Field, field_serializer

from moorage.databases.definitions import DirectPostgres, Policy, RdsDataApi
from moorage.databases.saved_queries import SavedQuery

ToolProfile = Literal["core", "tuning", "everywhere", "saved", "manage", "all"]


class AuditSettings(BaseModel):
    """Where it is written down which statements callers ran, and how much of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Literal["file", "postgres", "off"] = Field(
        "file", description="file: lines of JSON below the home folder; postgres: a table of the registry; off."
    )
    statements: Literal["masked", "full", "none"] = Field(
        "masked", description="Their text: masked without the values in it, full, or none. Never their parameters."
    )
    required: bool = Field(
        False, description="Give no answer and commit nothing that cannot be written down; else it is only logged."
    )
    max_file_bytes: ByteSize = Field(
        ByteSize(10_000_000), ge=100_000, le=1_000_000_000, description="A larger file of a database is begun anew."
    )
    kept_files: int = Field(5, ge=1, le=1_000, description="Full files that are kept of a database.")
    keep_days: int = Field(90, ge=1, le=10_000, description="What is older is deleted, in files and in the table.")


class SqlSettings(BaseModel):
    """What `moorage settings` shows under `sql`: what holds for all databases."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tools: tuple[ToolProfile, ...] = Field(
        ("core",), description="Profiles of tools that clients see: core (six), tuning, everywhere, saved, manage, all."
    )
    max_connections: int = Field(100, ge=1, le=5_000, description="Connections over all databases.")
    idle_seconds: float = Field(30.0, gt=0, description="A connection unused for so long is closed.")
    connect_seconds: float = Field(10.0, gt=0, le=120, description="How long connecting may take.")
    wait_seconds: float = Field(5.0, gt=0, le=120, description="How long a call waits for a connection.")
    reading_seconds: float = Field(60.0, gt=0, le=600, description="How long an answer that was cut can be read on.")
    max_readings: int = Field(20, ge=0, description="Answers that can be read on at once; older ones end.")
    mark_untrusted: bool = Field(
        False, description="Put rows between two random lines, and say that they are data and no instructions."
    )
    max_databases: int = Field(50, ge=1, le=1_000, description="Databases that one call may ask.")
    databases_at_once: int = Field(8, ge=1, le=100, description="How many of them are asked at the same time.")
    everywhere_seconds: float = Field(60.0, gt=0, le=600, description="How long all of them may take together.")
    saved_as_tools: bool = Field(
        False, description="Whether each saved query is a tool of its own, query_NAME, besides run_saved."
    )
    max_sql_bytes: ByteSize = Field(ByteSize(32_768), ge=100, le=1_000_000, description="Length of a statement.")
    include_projects: bool = Field(True, description="Whether project databases appear as project:<name>.")
    audit: AuditSettings = AuditSettings()
    project_policy: Policy = Field(
        Policy(), description="What holds for project databases, which are only read: limits, denied_tables and so on."
    )
    defaults: dict[str, Any] = Field(
        default_factory=dict,
        repr=False,
        description="Fields of every database that does not set them itself: username, limits and so on.",
    )

    @field_serializer("defaults")
    def _names(self, defaults: dict[str, Any]) -> list[str]:
        """Show which are set; as what, may be a password."""
        return list(defaults)


@dataclass(frozen=True)
class DatabasesSettings:
    """Everything set for the system: what holds for all databases, and which there are.

    Attributes:
        queries: statements that an operator has saved, by name.
        from_flags: the ids of those that flags or variables describe.
        file: where definitions are added and changed; None where they are not.
        environment: the variables that definitions may mean.
        watched: files whose change means that everything is to be read again, by `read_again`.
    """

    sql: SqlSettings = field(default_factory=SqlSettings)
    default_database: str | None = None
    databases: Mapping[str, DirectPostgres | RdsDataApi] = field(default_factory=dict)
    queries: Mapping[str, SavedQuery] = field(default_factory=dict)
    from_flags: frozenset[str] = frozenset()
    file: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    watched: tuple[Path, ...] = ()
    read_again: Callable[[], DatabasesSettings] | None = None
