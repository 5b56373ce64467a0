"""Settings of the connections to the registry and to project databases."""

from __future__ import annotations

from pydantic import BaseModel, ByteSize, ConfigDict, Field

from moorage.core.postgres.pools import PoolSize

LABELLED_PROJECTS = 100


class MetricsSettings(BaseModel):
    """What a serving process measures by itself, and how much of it is shown by project."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    interval_seconds: float = Field(
        60.0, gt=0, description="How often the databases in use are measured and their last use is written, in seconds."
    )
    labelled_projects: int = Field(
        LABELLED_PROJECTS,
        ge=1,
        description="Most projects with values of their own in /metrics; the others are added up.",
    )


class ProjectSettings(BaseModel):
    """What projects may take that have no limits of their own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes: ByteSize | None = Field(
        None,
        ge=1,
        description="No write is begun in a project of this size or more, such as 2GB; default no limit.",
    )


class ConnectionSettings(BaseModel):
    """How many connections this process opens, and how long callers wait for one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    registry_min: int = Field(2, ge=0, description="Connections to the registry that are always open.")
    registry_max: int = Field(10, ge=1, description="Most connections to the registry.")
    project_max: int = Field(5, ge=1, description="Most connections to one project's database.")
    budget: int | None = Field(
        None,
        ge=1,
        description="Most connections to all project databases together; default a quarter of what the server"
        " allows ordinary roles.",
    )
    max_waiting: int = Field(200, ge=1, description="Most calls that may wait for a connection at one time.")
    wait_seconds: float = Field(10.0, gt=0, description="How long a call waits for a connection, in seconds.")
    idle_seconds: float = Field(
        600.0, gt=0, description="An unused project connection is closed after this many seconds."
    )
    command_timeout_seconds: float = Field(
        120.0, gt=0, description="Time limit of one statement in a project database, in seconds."
    )

    @property
    def registry_pool(self) -> PoolSize:
        return PoolSize(min_size=min(self.registry_min, self.registry_max), max_size=self.registry_max)

    @property
    def project_pool(self) -> PoolSize:
        return PoolSize(
            max_size=self.project_max,
            idle_seconds=self.idle_seconds,
            command_timeout_seconds=self.command_timeout_seconds,
        )
