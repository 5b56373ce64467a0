"""Driver errors and SQLSTATEs, translated in one table."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from ssl import SSLError
from typing import ClassVar

import asyncpg

from moorage.core.errors import (
    BrokenState,
    Conflict,
    Exhausted,
    Forbidden,
    Internal,
    InvalidInput,
    MoorageError,
    Unavailable,
)

UndefinedTable = asyncpg.UndefinedTableError
# The last is what the driver says on a connection that was cut while it was in use.
_NO_ANSWER = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class ServerUnavailable(Unavailable):
    """PostgreSQL does not answer, or closed the connection while it worked."""

    code: ClassVar[str] = "postgres.unavailable"


class ServerFull(Exhausted):
    """PostgreSQL has no connection left for us."""

    code: ClassVar[str] = "postgres.too_many_connections"


class LoginRefused(Forbidden):
    """PostgreSQL refused the user, the password or the database."""

    code: ClassVar[str] = "postgres.login_refused"


class DatabaseMissing(BrokenState):
    """The database does not exist on the server."""

    code: ClassVar[str] = "postgres.database_missing"


class SchemaMissing(BrokenState):
    """A table, column or schema that this program needs is not there."""

    code: ClassVar[str] = "postgres.schema_missing"


class DiskFull(Unavailable):
    """The server's disk is full; nothing was written."""

    code: ClassVar[str] = "postgres.disk_full"


class TookTooLong(Exhausted):
    """A statement ran into its time limit and was cancelled; nothing was written."""

    code: ClassVar[str] = "postgres.timeout"


class ReadOnly(Conflict):
    """The session may only read; nothing was written."""

    code: ClassVar[str] = "postgres.read_only"


class TryAgain(Conflict):
    """Two transactions got in each other's way; nothing was written."""

    code: ClassVar[str] = "postgres.try_again"
    retryable: ClassVar[bool] = True


class AlreadyThere(Conflict):
    """What should be made exists: another call made it at the same time."""

    code: ClassVar[str] = "postgres.already_there"


class ObjectInUse(Conflict):
    """A database is in use, so it cannot be copied, renamed or dropped."""

    code: ClassVar[str] = "postgres.object_in_use"
    retryable: ClassVar[bool] = True


class NotPermitted(Forbidden):
    """The login role lacks a right."""

    code: ClassVar[str] = "postgres.not_permitted"


class UnfitText(InvalidInput):
    """An argument holds what PostgreSQL cannot take as text: a NUL, or half of a surrogate pair."""

    code: ClassVar[str] = "postgres.unfit_text"


class StatementFailed(Internal):
    """PostgreSQL refused a statement of ours."""

    code: ClassVar[str] = "postgres.statement_failed"


class PoolerUnknown(BrokenState):
    """A pooler in transaction mode stands where the settings have PostgreSQL itself."""

    code: ClassVar[str] = "postgres.pooler_unknown"


_TELL_OF_POOLER = (
    PoolerUnknown,
    "Name the server itself in POSTGRES_HOST or DATABASE_URL, and the pooler in postgres.pooler_url.",
)
_GRANT = "Grant the role this right; `moorage doctor --sql` prints all that Moorage's role needs, as a script for psql."
# SQLSTATE, or its class of two letters, to what it means here and what to do. The longest match wins.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_MEANING: dict[str, tuple[type[MoorageError], str]] = {
    "08": (
        ServerUnavailable,
        "Check that PostgreSQL runs and its disk has room; any moorage command starts the embedded one. Try again.",
    ),
    "22021": (UnfitText, "Leave out NUL bytes and halves of surrogate pairs."),
    "23505": (AlreadyThere, "Look it up; it exists now."),
    # A statement prepared in one session was looked for, or prepared again, in another.
    "26000": _TELL_OF_POOLER,
    "42P05": _TELL_OF_POOLER,
    "25006": (ReadOnly, "Only read here; the database, or its server, takes no writes now."),
    "28": (LoginRefused, "Check POSTGRES_USER and POSTGRES_PASSWORD (or DATABASE_URL) and pg_hba.conf."),
    "3D000": (DatabaseMissing, "Check the database name; a project whose database was dropped must be deleted."),
    "3F000": (SchemaMissing, "Run `moorage migrate`."),
    "42P04": (AlreadyThere, "Look it up; it exists now."),
    "42P01": (SchemaMissing, "Run `moorage migrate`."),
    "42703": (SchemaMissing, "Run `moorage migrate`."),
    "42501": (NotPermitted, _GRANT),
    "40001": (TryAgain, "Repeat the call."),
    "40P01": (TryAgain, "Repeat the call."),
    "55006": (ObjectInUse, "End the sessions in that database, then repeat the call."),
    "55P03": (TryAgain, "Repeat the call in a moment."),
    "53100": (DiskFull, "Free space on the disk of the PostgreSQL data folder, then repeat the call."),
    "53200": (Unavailable, "PostgreSQL is out of memory; lower its load, then repeat the call."),
    "53300": (ServerFull, "Close other clients, raise max_connections, or lower connections.budget."),
    "57014": (TookTooLong, "Ask for less, or repeat the call when the server is less busy."),
    "57P": (ServerUnavailable, "PostgreSQL is stopping or starting; repeat the call in a moment."),
}
_TRUST_HINT = "Check sslmode and sslrootcert in DATABASE_URL, and the name in the server's certificate."
# What older PgBouncers say with the SQLSTATE of a broken protocol, and the one that PostgreSQL itself would give.
_SAID_BY_POOLER = (
    ("authentication failed", "28P01"),
    ("no such user", "28P01"),
    ("does not exist", "3D000"),
    ("no more connections allowed", "53300"),
)


def translate(error: Exception, *, doing: str) -> MoorageError:
    """Return the failure of ours that a driver error means.

    Args:
        doing: what was being done, for the message: "opening project 'app'".
    """
    if isinstance(error, asyncpg.PostgresError):
        return _from_sqlstate(error, doing)
    if isinstance(error, TimeoutError):
        return TookTooLong(f"{doing} took too long", hint=_MEANING["57014"][1])
    if isinstance(error, _NO_ANSWER):
        hint = _TRUST_HINT if isinstance(error, SSLError) else _MEANING["08"][1]
        return ServerUnavailable(f"{doing}: PostgreSQL does not answer ({_reason(error)})", hint=hint)
    return Internal(f"{doing} failed ({type(error).__name__})", hint="See the log under the request id.")


@contextmanager
def translated(doing: str) -> Generator[None]:
    """Turn driver errors raised inside into failures of ours; others pass unchanged."""
    try:
        yield
    except MoorageError:  # many of ours are OSErrors too
        raise
    except (asyncpg.PostgresError, *_NO_ANSWER) as error:
        raise translate(error, doing=doing) from error


@contextmanager
def needing(right: str) -> Generator[None]:
    """Name the right that the login role lacks, where PostgreSQL only says what it may not do."""
    try:
        yield
    except NotPermitted as error:
        raise NotPermitted(f"{error.message}; the login role lacks {right}", hint=_GRANT, right=right) from error


def _from_sqlstate(error: asyncpg.PostgresError, doing: str) -> MoorageError:
    if isinstance(error.__cause__, UnicodeEncodeError):  # the driver's own error would repeat the text
        return UnfitText("an argument is not valid Unicode", hint=_MEANING["22021"][1])
    state = _state(error)
    for length in (5, 3, 2):
        if state[:length] in _MEANING:
            kind, hint = _MEANING[state[:length]]
            return kind(f"{doing}: {error}", hint=hint, sqlstate=state)
    return StatementFailed(f"{doing}: {error}", hint="This is a defect; see the log.", sqlstate=state)


def _state(error: asyncpg.PostgresError) -> str:
    state = getattr(error, "sqlstate", None) or ""
    if state != "08P01":
        return state
    return next((meant for said, meant in _SAID_BY_POOLER if said in str(error)), state)


def _reason(error: BaseException) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text[:200]
