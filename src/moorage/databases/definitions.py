"""How a database is described: where it is, how to log in, and what is allowed there."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ByteSize, Field, SecretStr, field_validator, model_validator

from moorage.core.values import GivenValue, Value

DATABASE_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}")
PROJECT_PREFIX = "project:"
# How a call, or a saved query, names several: all that have a tag, or all.
TAG_PREFIX = "tag:"
ALL = "*"


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
# What PostgreSQL does not cut: https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
Name = Annotated[str, Field(min_length=1, max_length=63)]
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

    @model_validator(mode="after")
    def _fit(self) -> Limits:
        for given, most in (("rows", "max_rows"), ("bytes", "max_bytes")):
            if getattr(self, given) > getattr(self, most):
                raise ValueError(f"{given} is above {most}; lower the one or raise the other")
        return self


class Policy(GivenValue):
    """What may be done in a database, and how much of it."""

    tags: tuple[Tag, ...] = Field((), description="Words to choose and to grant by: production, billing.")
    limits: Limits = Field(Limits(), description="How much one statement may take.")
    pool_size: int = Field(6, ge=1, le=50, description="Connections at most.")
    role: Name | None = Field(None, description="The role that statements run as (SET ROLE).")
    search_path: tuple[Name, ...] = Field((), description="Schemas in which unqualified names are looked up.")
    allowed_schemas: tuple[str, ...] = Field((), description="Only these; none named means all.")
    denied_schemas: tuple[str, ...] = Field((), description="Not these, whatever is allowed.")
    allowed_tables: tuple[str, ...] = Field((), description="Only these, as schema.table; * stands for anything.")
    denied_tables: tuple[str, ...] = Field((), description="Not these, whatever is allowed.")
    allowed_functions: tuple[str, ...] = Field(
        (), description="Functions of yours that reads may call although they are volatile or run SQL from text."
    )
    denied_functions: tuple[str, ...] = Field((), description="Not these, harmless as they may be.")
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


def _has_wrong_port(host: str) -> bool:
    name, colon, port = host.rpartition(":")
    is_port = colon and (":" not in name or name.endswith("]"))
    return bool(is_port) and not port.isdecimal()


class SshTunnel(GivenValue):
    """A way to the server through another machine, by the system's own `ssh`."""

    host: str = Field(min_length=1, description="The machine in between, as in ssh_config, or user@host.")
    port: int | None = Field(None, ge=1, le=65535, description="Its port; default what ssh_config says.")
    identity_file: str | None = Field(None, description="Private key; default what ssh_config says.")


class DirectPostgres(Definition):
    """A server that is reached by PostgreSQL's own protocol."""

    type: Literal["direct_postgres"] = Field("direct_postgres", description="By PostgreSQL's own protocol.")
    hostname: str = Field("localhost", min_length=1, description="Host, hosts with commas, or a socket's folder.")
    port: int = Field(5432, ge=1, le=65535, description="Of each host that has none of its own.")
    username: Name | None = Field(None, description="Who logs in; default the one in the secret, else the system's.")
    password: SecretStr | None = Field(None, description="Better as ${VARIABLE}, password_file or secret_arn.")
    password_file: str | None = Field(None, min_length=1, description="A file with nothing but the password.")
    secret_arn: str | None = Field(None, description="In AWS Secrets Manager: JSON with username and password.")
    region: str | None = Field(None, min_length=1, description="Of AWS; default the one in secret_arn.")
    sslmode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] = Field(
        "prefer", description="As in libpq; verify-full is the only one that nobody in between can deceive."
    )
    sslrootcert: str | None = Field(None, min_length=1, description="File of the authorities to trust.")
    sslcert: str | None = Field(None, min_length=1, description="File of the client's certificate.")
    sslkey: str | None = Field(None, min_length=1, description="File of the key to sslcert.")
    target_session: Literal["any", "read-write", "read-only", "primary", "standby", "prefer-standby"] = Field(
        "any", description="Of several hosts, which will do."
    )
    ssh: SshTunnel | None = Field(None, description="A machine in between: host, port, identity_file.")

    @field_validator("hostname")
    @classmethod
    def _is_host(cls, value: str) -> str:
        if "://" in value:
            raise ValueError("is a URL; write it as url")
        if any(each.isspace() for each in value):
            raise ValueError("holds a space; several hosts have commas between them")
        if any(_has_wrong_port(each) for each in value.split(",") if not each.startswith("/")):
            raise ValueError("has a port that is no number")
        return value

    @model_validator(mode="after")
    def _is_consistent(self) -> DirectPostgres:
        ways = [name for name in ("password", "password_file", "secret_arn") if getattr(self, name) is not None]
        if len(ways) > 1:
            raise ValueError(f"{' and '.join(ways)} each say the password; keep one")
        if (self.sslcert is None) != (self.sslkey is None):
            raise ValueError("sslcert and sslkey belong together; give both")
        return self


class RdsDataApi(Definition):
    """An Aurora cluster that is reached by Amazon's Data API over HTTPS."""

    type: Literal["rds_data_api"] = Field(description="By Amazon's Data API.")
    resource_arn: str = Field(
        pattern=r"^arn:[^:\s]+:rds:[^:\s]*:[^:\s]*:cluster:\S+$", description="The cluster's ARN."
    )
    secret_arn: str = Field(
        pattern=r"^arn:[^:\s]+:secretsmanager:[^:\s]*:[^:\s]*:secret:\S+$",
        description="ARN of the secret with the login, in AWS Secrets Manager.",
    )
    region: str | None = Field(None, min_length=1, description="Of AWS; default the one in resource_arn.")


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
