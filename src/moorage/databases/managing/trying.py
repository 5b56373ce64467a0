"""Trying a database: is it reached, what is it, what could our role do there. Nothing is written or kept."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from moorage.core.errors import MoorageError
from moorage.core.postgres.errors import translated
from moorage.core.postgres.queries import load_statements
from moorage.core.values import Value
from moorage.databases.connectors.connections import Connections, terms_of
from moorage.databases.connectors.session import Session
from moorage.databases.definitions import Database
from moorage.databases.roles.power import role_power, too_much
from moorage.databases.settings import SqlSettings

_statements = load_statements("moorage.databases.managing")


class Trial(Value):
    """What came of trying a database.

    Attributes:
        connect_ms: from nothing to an open transaction.
        answer_ms: of one statement on it.
        tls: the version of TLS that PostgreSQL sees; empty without. Behind a pooler, of the pooler's connection.
        extensions: of pgvector, hypopg and pg_stat_statements those that are there, with their versions.
        too_much: what the login role could do beyond what the definition is for.
    """

    database_id: str
    database: str
    server_version: str
    connect_ms: float
    answer_ms: float
    is_standby: bool
    tls: str
    extensions: str
    login: str
    too_much: tuple[str, ...]


class FailedTrial(Value):
    """Why a database could not be tried; the same failure that calls would meet."""

    database_id: str
    code: str
    message: str
    hint: str


async def try_database(database: Database, settings: SqlSettings) -> Trial | FailedTrial:
    """Reach a database by a connection of its own, and ask what it is."""
    connections = Connections(settings)
    try:
        return await _tried(database, connections)
    except MoorageError as error:
        return FailedTrial(database_id=database.id, code=error.code, message=error.message, hint=error.hint)
    finally:
        await connections.close()


async def _tried(database: Database, connections: Connections) -> Trial:
    connector = await connections.to(database)
    began = perf_counter()
    async with connector.session(terms_of(database)) as session:
        connected = perf_counter()
        facts = await _described(session)
        answered = perf_counter()
        power = await role_power(session)
    return Trial(
        database_id=database.id,
        connect_ms=round((connected - began) * 1000, 1),
        answer_ms=round((answered - connected) * 1000, 1),
        login=power.login,
        too_much=tuple(too_much(power, database.definition)),
        **facts,
    )


async def _described(session: Session) -> dict[str, Any]:
    with translated("asking the server what it is"):
        return dict(await _statements.server_describe(session))
