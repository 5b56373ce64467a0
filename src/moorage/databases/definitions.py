"""How a database is described: where it is, how to log in, and what is allowed there."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ByteSize, Field, SecretStr

from moorage.core.values import GivenValue, Value

DATABASE_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}")
PROJECT_PREFIX = "project:"


class StatementKind(StrEnum):
    """Kinds of statements, as policies name them."""

    READ = "read"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    MERGE = "merge"
    TRUNCATE = "truncate"
    DDL = "ddl"


# Beside ids in lists and in grants of tokens, so without what separates those.
Tag = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,50}$")]
DATA_KINDS = (StatementKind.INSERT, StatementKind.UPDATE, StatementKind.DELETE, StatementKind.MERGE)


class Limits(GivenValue):
    """How much one statement may take; a call may ask for less, up to the `max_` ones for more."""

    rows: int = Field(200, ge=1, description="Rows of an answer when the call does not say.")
    max_rows: int = Field(1_000, ge=1, le=100_000, description="Rows of an answer at most.")
    bytes: ByteSize = Field(ByteSize(50_000), ge=1_000, description="Size of an answer when the call does not say.")
    max_bytes: ByteSize = Field(ByteSize(1_000_000), ge=1_000, le=16_000_000, description="Size at most.")
    cell_characters: int = Field(4_000, ge=20, description="A longer value is cut, and marked.")
    statement_seconds: float = Field(30.0, gt=0, le=3_600, description="Time limit of a statement.")
    lock_seconds: float = Field(2.0, gt=0, le=600, description="How long a statement waits for a lock.")
    work_memory: ByteSize = Field(ByteSize(16 * 1024 * 1024), ge=64 * 1024, description="PostgreSQL's work_mem.")
    temporary_files: ByteSize = Field(
        ByteSize(1024 * 1024 * 1024), ge=0, description="PostgreSQL's temp_file_limit, where the role may set it."
    )


class Policy(GivenValue):
    """What may be done in a database, and how much of it."""

    tags: tuple[Tag, ...] = Field((), description="Words to choose and to grant by: production, billing.")
    limits: Limits = Limits()
    pool_size: int = Field(3, ge=1, le=50, description="Connections at most.")
    role: str | None = Field(None, description="The role that statements run as (SET ROLE).")
    search_path: tuple[str, ...] = Field((), description="Schemas in which unqualified names are looked up.")
    allowed_schemas: tuple[str, ...] = Field((), description="Only these; none named means all.")
    denied_schemas: tuple[str, ...] = ()
    allowed_tables: tuple[str, ...] = Field((), description="Only these, as schema.table; * stands for anything.")
    denied_tables: tuple[str, ...] = ()
    allowed_functions: tuple[str, ...] = Field(
        (), description="Functions of yours that reads may call although they are volatile or run SQL from text."
    )
    denied_functions: tuple[str, ...] = ()
    require_least_privilege: bool = Field(
        False, description="Refuse to work with a login role that could do more than its task."
    )


class Definition(Policy):
    """What is said of a database whatever way leads to it."""

    description: str = Field("", max_length=500, description="What it is for; agents choose by it.")
    database: str = Field(min_length=1, max_length=63, description="Its name on the server.")
    readonly: bool = Field(True, description="Whether it is only read.")
    writes: tuple[StatementKind, ...] = Field(
        DATA_KINDS, description="With readonly: false, the kinds of statements that may write."
    )
    require_confirmation: bool = Field(
        False, description="Write only after a person's yes: not at all through clients that cannot ask one."
    )


class SshTunnel(GivenValue):
    """A way to the server through another machine, by the system's own `ssh`."""

    host: str = Field(min_length=1, description="The machine in between, as in ssh_config, or user@host.")
    port: int | None = Field(None, ge=1, le=65535)
    identity_file: str | None = Field(None, description="Private key; default what ssh_config says.")


class DirectPostgres(Definition):
    """A server that is reached by PostgreSQL's own protocol."""

    type: Literal["direct_postgres"] = "direct_postgres"
    hostname: str = Field("localhost", min_length=1, description="Host, hosts with commas, or a socket's folder.")
    port: int = Field(5432, ge=1, le=65535)
    username: str | None = None
    password: SecretStr | None = Field(None, description="Better as ${VARIABLE}, password_file or secret_arn.")
    password_file: str | None = None
    secret_arn: str | None = Field(None, description="In AWS Secrets Manager: JSON with username and password.")
    region: str | None = None
    sslmode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] = "prefer"
    sslrootcert: str | None = None
    sslcert: str | None = None
    sslkey: str | None = None
    target_session: Literal["any", "read-write", "read-only", "primary", "standby", "prefer-standby"] = "any"
    ssh: SshTunnel | None = None


class RdsDataApi(Definition):
    """An Aurora cluster that is reached by Amazon's Data API over HTTPS."""

    type: Literal["rds_data_api"]
    resource_arn: str = Field(min_length=20)
    secret_arn: str = Field(min_length=20)
    region: str | None = Field(None, description="Default: the one in resource_arn.")


AnyDefinition = Annotated[DirectPostgres | RdsDataApi, Field(discriminator="type")]


class Origin(StrEnum):
    """Where a definition comes from."""

    FILE = "file"
    FLAGS = "flags"
    PROJECT = "project"


class Database(Value):
    """A database as calls name it."""

    id: str
    definition: DirectPostgres | RdsDataApi
    origin: Origin

    @property
    def limits(self) -> Limits:
        return self.definition.limits
