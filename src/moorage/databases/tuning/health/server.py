"""The server as a whole: version, room for connections, memory, damage, and how far off the end of ids is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from moorage.core.shape import Finding
from moorage.core.values import Value
from moorage.databases.connectors.session import Session
from moorage.databases.tuning.health.findings import Look, error, note, statements, warning

# The day on which each version gets its last fixes: https://www.postgresql.org/support/versioning/
LAST_FIXES = {
    13: date(2025, 11, 13),
    14: date(2026, 11, 12),
    15: date(2027, 11, 11),
    16: date(2028, 11, 9),
    17: date(2029, 11, 8),
    18: date(2030, 11, 14),
}
MUCH_OF_CONNECTIONS, MOST_OF_CONNECTIONS = 0.8, 0.95
LOW_CACHE_HITS = 0.9
MANY_BLOCKS = 100_000
# PostgreSQL refuses to write 3 million transactions before the ids end, at 2^31; autovacuum works against it from
# 200 million on. https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-WRAPAROUND
OLD_TRANSACTIONS, OLDEST_TRANSACTIONS = 500_000_000, 1_500_000_000
_VERSIONS = 10_000


class ServerState(Value):
    """A database and its server in figures.

    Attributes:
        connections: to all databases of the server.
        database_connections_limit: -1 is none.
        blocks_hit, blocks_read: found in PostgreSQL's memory, and asked of the system, since statistics began.
        checksum_failures: None where pages have no checksums.
        transaction_age, multixact_age: how many ids ago the oldest was given that is still in the tables.
    """

    version_number: int
    version: str
    up_seconds: int
    is_standby: bool
    size_bytes: int
    connections_limit: int
    connections: int
    database_connections_limit: int
    database_connections: int
    blocks_hit: int
    blocks_read: int
    checksum_failures: int | None
    deadlocks: int
    temporary_bytes: int
    transaction_age: int
    multixact_age: int

    @property
    def cache_hits(self) -> float | None:
        """The share of blocks found in memory; None when too few were read to tell."""
        asked = self.blocks_hit + self.blocks_read
        return self.blocks_hit / asked if asked >= MANY_BLOCKS else None


async def server_state(session: Session) -> ServerState:
    return ServerState.model_validate(dict(await statements.server_state(session)))


def findings_of(state: ServerState) -> Iterator[Finding]:
    """Judge the figures."""
    yield from _version(state)
    yield from _connections(state.connections, state.connections_limit, "server")
    if state.database_connections_limit > 0:
        yield from _connections(state.database_connections, state.database_connections_limit, "database")
    yield from _ages(state)
    if state.checksum_failures:
        message = f"{state.checksum_failures:,} pages failed their checksum: data on the disk is damaged"
        yield error(
            "checksum_failures", "database", message, "Look at the server's log and disk; restore from a backup."
        )
    if state.cache_hits is not None and state.cache_hits < LOW_CACHE_HITS:
        message = f"{state.cache_hits:.1%} of blocks are found in memory"
        yield warning(
            "cache_misses", "database", message, "Raise shared_buffers, or find what reads so much: top_queries."
        )


def _version(state: ServerState) -> Iterator[Finding]:
    last = LAST_FIXES.get(state.version_number // _VERSIONS)
    is_newer = state.version_number // _VERSIONS > max(LAST_FIXES)
    if not is_newer and (last is None or last < datetime.now(UTC).date()):
        message = f"PostgreSQL {state.version} gets no fixes any more"
        yield warning("version_ended", "server", message, "Upgrade to a version that is maintained.")


def _connections(used: int, limit: int, of: str) -> Iterator[Finding]:
    message, remedy = (
        f"{used} of {limit} connections are used",
        "Close idle clients, put a pooler in front, or raise it.",
    )
    if used >= limit * MOST_OF_CONNECTIONS:
        yield error("connections_used_up", of, message, remedy)
    elif used >= limit * MUCH_OF_CONNECTIONS:
        yield warning("connections_used_up", of, message, remedy)


def _ages(state: ServerState) -> Iterator[Finding]:
    remedy = "End old transactions and prepared ones, drop dead slots, then VACUUM the oldest tables."
    for age, of in ((state.transaction_age, "transaction"), (state.multixact_age, "multixact")):
        message = f"the oldest {of} id is {age:,} old; at 2,147 million the database takes no writes any more"
        if age >= OLDEST_TRANSACTIONS:
            yield error("wraparound", f"{of} ids", message, remedy)
        elif age >= OLD_TRANSACTIONS:
            yield warning("wraparound", f"{of} ids", message, remedy)


async def extensions(look: Look) -> Iterator[Finding]:
    """Tell which extensions are older than what the server has."""
    rows = await look.rows(statements.extension_list, limit=100)
    behind = [row for row in rows if row["newest"] and row["newest"] != row["version"]]
    return (
        note(
            "extension_behind",
            row["name"],
            f"version {row['version']} is installed, the server has {row['newest']}",
            f'ALTER EXTENSION "{row["name"]}" UPDATE',
        )
        for row in behind
    )
