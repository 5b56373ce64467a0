"""Settings of SQL over many databases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ByteSize, ConfigDict, Field

from moorage.databases.definitions import DirectPostgres, RdsDataApi

ToolProfile = Literal["core", "tuning", "everywhere", "manage", "all"]


class SqlSettings(BaseModel):
    """What `moorage settings` shows under `sql`: what holds for all databases."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tools: tuple[ToolProfile, ...] = Field(
        ("core",), description="Profiles of tools that clients see: core (six), tuning, everywhere, manage; or all."
    )
    max_connections: int = Field(100, ge=1, le=5_000, description="Connections over all databases.")
    idle_seconds: float = Field(30.0, gt=0, description="A connection unused for so long is closed.")
    connect_seconds: float = Field(10.0, gt=0, le=120, description="How long connecting may take.")
    wait_seconds: float = Field(5.0, gt=0, le=120, description="How long a call waits for a connection.")
    reading_seconds: float = Field(60.0, gt=0, le=600, description="How long an answer that was cut can be read on.")
    max_readings: int = Field(20, ge=0, description="Answers that can be read on at once; older ones end.")
    max_sql_bytes: ByteSize = Field(ByteSize(32_768), ge=100, le=1_000_000, description="Length of a statement.")
    include_projects: bool = Field(True, description="Whether project databases appear as project:<name>.")


@dataclass(frozen=True)
class DatabasesSettings:
    """Everything set for the system: what holds for all databases, and which there are.

    Attributes:
        file: where definitions are kept and read again when it changes; None when there is no such file.
    """

    sql: SqlSettings = field(default_factory=SqlSettings)
    default_database: str | None = None
    databases: Mapping[str, DirectPostgres | RdsDataApi] = field(default_factory=dict)
    file: Path | None = None
