"""Examining one database: every check, as far as the role may look."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from moorage.core.errors import MoorageError
from moorage.core.shape import Finding
from moorage.core.values import Value
from moorage.databases.connectors.connections import Connections, terms_of
from moorage.databases.connectors.session import Connector, Session, Terms
from moorage.databases.definitions import Database, Definition
from moorage.databases.roles.power import RolePowers
from moorage.databases.tuning.health import indexes, power, server, sessions, surprises, tables
from moorage.databases.tuning.health.findings import Check, Look, worst_first
from moorage.databases.tuning.health.server import ServerState

# No check is worth more of a busy server.
CHECK_SECONDS = 3.0
CHECKS: dict[str, Check] = {
    "sessions": sessions.waiting,
    "prepared transactions": sessions.prepared_transactions,
    "replicas": sessions.replicas,
    "slots": sessions.slots,
    "old tables": tables.old_tables,
    "sequences": tables.sequences,
    "invalid indexes": indexes.invalid,
    "dead rows": tables.dead_rows,
    "settings": surprises.settings,
    "bloat": tables.bloat,
    "unused indexes": indexes.unused,
    "duplicate indexes": indexes.duplicate,
    "primary keys": tables.keyless,
    "extensions": server.extensions,
}


class Examination(Value):
    """What was found out about one database.

    Attributes:
        latency_milliseconds: of the first answer, connecting included.
        findings: the worst first.
        unchecked: what could not be looked at, each with the reason.
    """

    database: str
    latency_milliseconds: float
    state: ServerState
    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]


class Examiner:
    """Examines databases."""

    def __init__(self, connections: Connections, powers: RolePowers) -> None:
        self._connections = connections
        self._powers = powers

    async def examine(self, database: Database) -> Examination:
        """Look at everything there is to look at.

        Raises:
            MoorageError: it cannot be reached, or does not even tell its version.
        """
        began = perf_counter()
        connector, terms = await self._connections.to(database), terms_of(database, statement_seconds=CHECK_SECONDS)
        async with connector.session(terms) as session:
            state = await server.server_state(session)
            latency = (perf_counter() - began) * 1000
            role = await self._powers.of(database, session)
        found, unchecked = await _checked(connector, terms, database.definition)
        findings = [*server.findings_of(state), *power.findings_of(role, database), *found]
        return Examination(
            database=database.id,
            latency_milliseconds=latency,
            state=state,
            findings=tuple(worst_first(findings)),
            unchecked=tuple(unchecked),
        )


async def _checked(connector: Connector, terms: Terms, definition: Definition) -> tuple[list[Finding], list[str]]:
    """Run every check; after one that fails the transaction is of no use, so the others go on in another."""
    waiting, found, unchecked = list(CHECKS.items()), [], []
    while waiting:
        async with connector.session(terms) as session:
            unchecked += await _checked_in(Look(session, definition), waiting, found)
    return found, unchecked


async def _checked_in(look: Look, waiting: list[tuple[str, Check]], found: list[Finding]) -> Sequence[str]:
    """Take checks from those waiting until one fails; return what it says, or what our role may not see."""
    while waiting:
        name, check = waiting.pop(0)
        try:
            found += await check(look)
        except MoorageError as error:
            return [f"{name} ({error.code})"]
    return await _hidden(look.session)


async def _hidden(session: Session) -> Sequence[str]:
    hidden = await sessions.hidden(session)
    return [hidden] if hidden else []
