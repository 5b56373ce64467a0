"""Driver errors become failures of ours; failures of ours stay what they are."""

from __future__ import annotations

import asyncpg
import pytest

from moorage.core.errors import Exhausted, Forbidden, Unavailable
from moorage.core.postgres.errors import (
    DatabaseMissing,
    LoginRefused,
    PoolerUnknown,
    ServerUnavailable,
    TookTooLong,
    translated,
)


@pytest.mark.parametrize("kind", [Unavailable, Exhausted, Forbidden])
def test_a_failure_of_ours_passes_with_its_own_cause(kind):
    failure, cause = kind("no"), KeyError("cause")
    with pytest.raises(kind) as raised, translated("working"):
        raise failure from cause
    assert raised.value is failure
    assert raised.value.__cause__ is cause


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (asyncpg.ConnectionDoesNotExistError("gone"), ServerUnavailable),
        (asyncpg.InterfaceError("closed"), ServerUnavailable),
        (ConnectionRefusedError("refused"), ServerUnavailable),
        (TimeoutError(), TookTooLong),
        (asyncpg.QueryCanceledError("cancelled"), TookTooLong),
        (asyncpg.InvalidSQLStatementNameError("unnamed prepared statement does not exist"), PoolerUnknown),
        (asyncpg.ProtocolViolationError("SASL authentication failed"), LoginRefused),
        (asyncpg.ProtocolViolationError('database "project_a" does not exist'), DatabaseMissing),
        (asyncpg.ProtocolViolationError("server login has been failing"), ServerUnavailable),
    ],
)
def test_an_error_of_the_driver_is_told_in_our_words(error: Exception, meaning):
    with pytest.raises(meaning, match="working") as raised, translated("working"):
        raise error
    assert raised.value.__cause__ is error
