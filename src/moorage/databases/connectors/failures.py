"""What the driver and PostgreSQL say, in our words: one table of SQLSTATEs for callers' statements, one for logging in.

Nothing that stands in a message of ours tells a password, a DSN, or the address of a server.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from collections.abc import Sequence
from typing import Any

import asyncpg

from moorage.core.errors import MoorageError
from moorage.databases.connectors.parameters import misfit
from moorage.databases.connectors.type_names import TypeName
from moorage.databases.errors import (
    DatabaseBusy,
    DatabaseLoginRefused,
    DatabaseUnavailable,
    QueryFailed,
    QueryTookTooLong,
    WriteNotAllowed,
)

DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
_AGAIN = "Repeat the call in a moment."
_LESS = "Ask for less at once: fewer rows to sort, join or group; or have limits of the database raised."
_BRIEFER = "Ask for less; only the definition allows more time. explain_query shows where the time goes."
# SQLSTATE, or its class of two letters, to what it means here and what to do. The longest match wins.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_MEANING: dict[str, tuple[type[MoorageError], str]] = {
    "08": (DatabaseUnavailable, _AGAIN),
    "25006": (WriteNotAllowed, "Only read here; the transaction, or the server, takes no writes."),
    "25P03": (DatabaseUnavailable, "The transaction lay open for too long; run the statement again."),
    "25P04": (QueryTookTooLong, _BRIEFER),
    "28": (DatabaseLoginRefused, "Check user and password in the definition, and pg_hba.conf on the server."),
    "3D000": (DatabaseLoginRefused, "Check `database` in the definition."),
    "40001": (QueryFailed, "Two transactions got in each other's way; repeat the call."),
    "40P01": (QueryFailed, "Two transactions got in each other's way; repeat the call."),
    "53": (QueryFailed, _LESS),
    "53300": (DatabaseBusy, "Close other clients of the server, or lower pool_size here."),
    "54": (QueryFailed, _LESS),
    "55P03": (QueryTookTooLong, "Another transaction holds a lock on it; repeat the call later."),
    "57014": (QueryTookTooLong, _BRIEFER),
    "57P": (DatabaseUnavailable, "PostgreSQL is stopping or starting; repeat the call in a moment."),
}
_ABOUT_ROLES = ("22023", "42501")  # there is no such role; the login may not take it on
_RIGHTS_HINT = "The login role lacks the right; `moorage db grant-readonly` prints what a reading role needs."
_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLError, "TLS failed"),
    (TimeoutError, "no answer in time"),
    (socket.gaierror, "its host name is not known"),
    (asyncpg.TargetServerAttributeNotMatched, "none of its hosts is what target_session asks for"),
)
_SAID_CHARACTERS = 1_000
_PARAMETER = re.compile(r"parameter \$(\d+)")
# What poolers say with the SQLSTATE of a broken protocol, and the one that PostgreSQL itself would give.
_SAID_BY_POOLER = (
    ("authentication failed", "28P01"),
    ("no such user", "28P01"),
    ("no such database", "3D000"),
    ("does not exist", "3D000"),
    ("no more connections allowed", "53300"),
    ("too many connections", "53300"),
    ("too many clients", "53300"),
    ("query_wait_timeout", "53300"),
)


def failure_of(error: BaseException) -> MoorageError:
    """Return the failure of ours that an error of the driver means while a statement runs, or is about to."""
    server_error = _said_by_server(error)
    if server_error is not None:
        return _from_sqlstate(server_error)
    return DatabaseUnavailable(f"the connection to the database was lost: {reason_of(error)}", hint=_AGAIN)


def statement_failure(
    error: BaseException, sql: str, parameters: Sequence[Any] = (), types: Sequence[TypeName] = ()
) -> MoorageError:
    """Return what an error means that a caller's statement met, with the place in its text where there is one."""
    server_error = _said_by_server(error)
    if server_error is None:
        return failure_of(error)
    number = _parameter_of(server_error)
    if number is not None and 0 < number <= len(types):
        return misfit(number, parameters[number - 1], types[number - 1], _cut(str(server_error.args[0])))
    return _from_sqlstate(server_error, sql)


def begin_failure(error: BaseException) -> MoorageError:
    """Return what an error means that came of beginning a transaction under the terms of a definition."""
    server_error = _said_by_server(error)
    if server_error is not None and _state(server_error) in _ABOUT_ROLES:
        said = f"the login may not run as the role of the definition: {server_error.args[0]}"
        return DatabaseLoginRefused(said, hint="Grant the role to the login role, or leave out `role`.")
    return failure_of(error)


def connect_failure(error: BaseException) -> MoorageError:
    """Return what an error means that came of connecting."""
    server_error = _said_by_server(error)
    if server_error is None:
        return DatabaseUnavailable(f"the database does not answer: {reason_of(error)}", hint=_AGAIN)
    state = _state(server_error)
    if state == "42501":  # no right to connect to this database
        return DatabaseLoginRefused(f"the database refused the login: {server_error.args[0]}", sqlstate=state)
    return _from_sqlstate(server_error)


def reason_of(error: BaseException) -> str:
    """Return in a few words why nothing comes from a server; never where it is."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    if isinstance(error, OSError) and error.errno is not None and error.errno in errno.errorcode:
        return os.strerror(error.errno).lower()
    return "it does not offer TLS" if "SSL upgrade" in str(error) else "the connection was cut"


def _said_by_server(error: BaseException) -> asyncpg.PostgresError | None:
    """Return PostgreSQL's own error, which the driver hides behind a lost connection when the server ended it."""
    for each in (error, error.__cause__):
        if isinstance(each, asyncpg.PostgresError) and not isinstance(each, asyncpg.PostgresConnectionError):
            return each
    return error if isinstance(error, asyncpg.PostgresError) and getattr(error, "sqlstate", None) else None


def sql_failure(
    state: str,
    message: str,
    *,
    sql: str = "",
    position: int | None = None,
    detail: str | None = None,
    hint: str | None = None,
) -> MoorageError:
    """Return the failure of ours that an SQLSTATE and PostgreSQL's words mean.

    Args:
        position: in `sql`, from 1.
        hint: PostgreSQL's own, which goes before ours.
    """
    place = _place(sql, position)
    kind, ours = _meaning(state)
    at = f" (line {place['line']}, column {place['column']})" if place else ""
    more = f"; {_cut(detail)}" if detail else ""
    return kind(f"{_cut(message)}{at}{more}", hint=_cut(hint) if hint else ours, sqlstate=state, **place)


def _cut(said: str) -> str:
    """PostgreSQL repeats the value that does not fit, whatever its length."""
    return said if len(said) <= _SAID_CHARACTERS else f"{said[:_SAID_CHARACTERS]}…"


def _from_sqlstate(error: asyncpg.PostgresError, sql: str = "") -> MoorageError:
    position, detail, hint = (getattr(error, name, None) for name in ("position", "detail", "hint"))
    place = int(position) if position else None
    return sql_failure(_state(error), str(error.args[0]), sql=sql, position=place, detail=detail, hint=hint)


def _meaning(state: str) -> tuple[type[MoorageError], str]:
    for length in (5, 3, 2):
        if state[:length] in _MEANING:
            return _MEANING[state[:length]]
    return QueryFailed, _RIGHTS_HINT if state == "42501" else ""


def _place(sql: str, position: int | None) -> dict[str, int]:
    """Return the line and the column, both from 1, that PostgreSQL's position means; nothing where it names none."""
    if not sql or position is None:
        return {}
    before = sql[: position - 1]
    return {"line": before.count("\n") + 1, "column": len(before) - (before.rfind("\n") + 1) + 1}


def _parameter_of(error: asyncpg.PostgresError) -> int | None:
    found = _PARAMETER.search(getattr(error, "context", None) or "")
    return int(found[1]) if found else None


def _state(error: asyncpg.PostgresError) -> str:
    state = getattr(error, "sqlstate", None) or ""
    if state not in ("08P01", "XX000"):
        return state
    return next((meant for said, meant in _SAID_BY_POOLER if said in str(error)), state)
