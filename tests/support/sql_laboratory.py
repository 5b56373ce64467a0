"""A database full of traps and secrets, with witnesses beside it: what a statement did shows, whatever it was.

Everything runs on one event loop that many tests share, so that there is one database for all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from moorage.core.errors import MoorageError
from moorage.core.postgres.address import Address
from moorage.core.postgres.pools import Connection, connect
from moorage.databases.connectors.connections import terms_of
from moorage.databases.errors import (
    InvalidStatement,
    StatementRefused,
    StatementTooLarge,
    WriteNotAllowed,
)
from moorage.databases.execution.answers import written
from moorage.databases.execution.running import Request
from moorage.databases.opening import open_databases
from moorage.databases.saved_queries import SavedQuery
from moorage.databases.service import DatabasesService
from moorage.databases.settings import DatabasesSettings, SqlSettings
from tests.support.many_databases import FreshDatabase, fresh_database
from tests.support.sql_corpus import Case, script

REFUSALS = (StatementRefused, WriteNotAllowed, InvalidStatement, StatementTooLarge)
SPRUNG = "SPRUNG"
SECRETS = ("SECRET-of", "SCRAM-SHA-256$")
SECONDS = 0.5
"""Time limit of an attack in PostgreSQL: what is to hang is ended by it."""
HUNG_SECONDS = 20.0
MOST_CHARACTERS = 1_100_000
"""Of an answer or an error: the largest answer that a definition lets through, and a little for what is said of it."""

# What is the same before and after a statement that did nothing. One row.
_STATE = """
SELECT
    (SELECT array_agg(row(relname, relfilenode, xmin)::text ORDER BY oid) FROM pg_class WHERE oid >= 16384) AS tables,
    (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_proc) AS functions,
    (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_collation) AS collations,
    (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_namespace) AS schemas,
    (SELECT (count(*), sum(xmin::text::bigint)) FROM pg_authid) AS roles,
    (SELECT array_agg(datname ORDER BY datname) FROM pg_database) AS databases,
    (SELECT array_agg(d::text ORDER BY d::text) FROM pg_db_role_setting AS d) AS settings_kept,
    (SELECT array_agg(row(loid, pageno, data)::text ORDER BY loid, pageno) FROM pg_largeobject) AS large_objects,
    (SELECT array_agg(slot_name) FROM pg_replication_slots) AS slots,
    (SELECT array_agg(roname) FROM pg_replication_origin) AS origins,
    (SELECT count(*) FROM pg_prepared_xacts) AS prepared,
    (SELECT array_agg(row(schemaname, sequencename, last_value)::text) FROM pg_sequences) AS sequences,
    (SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM bench.orders AS o) AS orders,
    (SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM bench.things AS t) AS things,
    (SELECT array_agg(x::text) FROM (TABLE bench.triggered UNION ALL TABLE bench.ruled) AS x) AS written,
    (SELECT md5(string_agg(name || setting, ',' ORDER BY name)) FROM pg_settings WHERE source <> 'default') AS set,
    (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()) AS statistics,
    (SELECT stats_reset FROM pg_stat_archiver) AS statistics_shared,
    (SELECT array_agg(name ORDER BY name) FROM pg_ls_dir('.') AS name WHERE name NOT LIKE 'postmaster%') AS files
"""
# What a session of the service could have left to the next caller. One row, the same in every clean session.
_LEFTOVERS = """
SELECT current_user::text, session_user::text,
    (SELECT count(*) FROM pg_catalog.pg_prepared_statements WHERE name <> '') AS prepared,
    (SELECT count(*) FROM pg_catalog.pg_cursors) AS cursors,
    (SELECT count(*) FROM pg_catalog.pg_listening_channels()) AS channels,
    (SELECT count(*) FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.pg_my_temp_schema()) AS temporary,
    (SELECT count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory') AS locks,
    (
        SELECT pg_catalog.array_agg(name || ' ' || setting ORDER BY name) FROM pg_catalog.pg_settings
        WHERE source NOT IN ('default', 'configuration file')
    ) AS session_settings
"""
_BUSY = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_LOCKS = """
SELECT count(*) FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
"""


@dataclass
class Witnesses:
    """Sessions beside the service: one that looks, and one of each role that must not be disturbed.

    Attributes:
        heard: notifications that came.
    """

    looking: Connection
    beside: list[Connection]
    heard: list[str] = field(default_factory=list)

    async def state(self) -> dict[str, Any]:
        return dict(await self.looking.fetchrow(_STATE))

    async def check_nobody_was_disturbed(self) -> None:
        assert not self.heard, f"notified: {self.heard}"
        for each in self.beside:
            assert await each.fetchval("SELECT 1") == 1
        async with asyncio.timeout(HUNG_SECONDS):
            while await self.looking.fetchval(_BUSY):
                await asyncio.sleep(0.01)  # a statement that was cancelled is ended aside
        assert await self.looking.fetchval(_LOCKS) == 0


@dataclass
class Laboratory:
    """The service over one database, as a superuser and as a plain owner, and the witnesses."""

    runner: asyncio.Runner
    database: FreshDatabase
    service: DatabasesService
    witnesses: Witnesses
    _state: dict[str, Any] = field(default_factory=dict)
    _leftovers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self, awaited: Any) -> Any:
        return self.runner.run(awaited)

    async def remember(self) -> None:
        """Take what is now for what has to stay."""
        self._state = await self.witnesses.state()
        self._leftovers = {role: await self._leftover(role) for role in ("superuser", "owner")}

    async def told(self, case: Case, role: str, *, seconds: float = SECONDS) -> str | MoorageError:
        """Run a case and return what the caller gets: the answer as text, or the error."""
        request = Request(case.sql, case.parameters, statement_seconds=seconds, max_bytes=1_000_000)
        async with asyncio.timeout(HUNG_SECONDS):
            try:
                return written(await self.service.run_query(role, request))
            except MoorageError as error:
                return error

    async def check(self, told: str | MoorageError, role: str) -> None:
        """Hold what a caller got against what must be, and what was done, where anything was run."""
        self.check_words(f"{told.message} {told.details} {told.hint}" if isinstance(told, MoorageError) else told)
        if not isinstance(told, REFUSALS):
            await self.check_nothing_happened(role)

    def check_words(self, text: str) -> None:
        """Hold the words that a caller gets against what must never be among them."""
        assert len(text) < MOST_CHARACTERS, len(text)
        assert SPRUNG not in text, text
        assert not [secret for secret in SECRETS if secret in text], text[:500]

    async def check_nothing_happened(self, role: str) -> None:
        """Hold everything that a statement could have done against what was there before all of them."""
        await self.witnesses.check_nobody_was_disturbed()
        changed = _changed(self._state, await self.witnesses.state())
        changed |= _changed(self._leftovers[role], await self._leftover(role))
        assert not changed, changed

    async def _leftover(self, role: str) -> dict[str, Any]:
        database = await self.service.catalog.find(role)
        connector = await self.service.connections.to(database)
        async with connector.session(terms_of(database)) as session:
            return dict(await session.fetchrow(_LEFTOVERS))


def _changed(before: dict[str, Any], now: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (before[name], now[name]) for name in before if before[name] != now[name]}


@contextmanager
def laboratory(
    address: Address, *more_scripts: str, queries: Mapping[str, SavedQuery] | None = None, max_readings: int = 0
) -> Generator[Laboratory]:
    """Open a laboratory.

    Args:
        more_scripts: of the corpus, run by the superuser at the end of the setting up.
        queries: saved ones.
    """
    with asyncio.Runner() as runner:
        context = _opened(address, runner, more_scripts, queries or {}, max_readings)
        made = runner.run(context.__aenter__())
        try:
            yield made
        finally:
            runner.run(context.__aexit__(None, None, None))


@asynccontextmanager
async def _opened(
    address: Address,
    runner: asyncio.Runner,
    more_scripts: tuple[str, ...],
    queries: Mapping[str, SavedQuery],
    max_readings: int,
) -> AsyncGenerator[Laboratory]:
    async with fresh_database(address) as made:
        looking = await connect(address, made.name)
        await _set(looking, made, more_scripts)
        owner = await connect(address, made.name)
        await owner.execute(f"SET SESSION AUTHORIZATION {made.owner}")
        witnesses = Witnesses(looking, [await connect(address, made.name), owner])
        await _listen(witnesses)
        path = ("bench", "public")
        roles = {
            "superuser": made.as_superuser(search_path=path, pool_size=1),
            "owner": made.as_owner(search_path=path, pool_size=1),
        }
        try:
            sql = SqlSettings(max_readings=max_readings)
            async with open_databases(DatabasesSettings(sql=sql, databases=roles, queries=queries)) as service:
                opened = Laboratory(runner, made, service, witnesses)
                await opened.remember()
                yield opened
        finally:
            await _take_down(looking)
            for each in (looking, *witnesses.beside):
                await each.close()


async def _listen(witnesses: Witnesses) -> None:
    for each in witnesses.beside:
        await each.add_listener("alarm", lambda *heard: witnesses.heard.append(str(heard[2:])))


async def _set(looking: Connection, made: FreshDatabase, more_scripts: tuple[str, ...]) -> None:
    await looking.execute(f"SET ROLE {made.owner}; SET search_path = bench, public; {script('setup.sql')}")
    names = {"owner": made.owner, "database": made.name}
    for each in ("setup_by_superuser.sql", *more_scripts):
        text = script(each)
        for name, value in names.items():
            text = text.replace(f"{{{name}}}", value)
        await looking.execute(f"RESET ROLE; RESET search_path; {text}")
    await looking.execute(
        "CREATE SUBSCRIPTION elsewhere CONNECTION 'host=inside.example password=SECRET-of-subscription'"
        " PUBLICATION p WITH (connect = false, slot_name = NONE, enabled = false)"
    )
    await looking.execute("ALTER SYSTEM SET primary_conninfo = 'password=SECRET-of-conninfo'")
    await _reload(looking)


async def _take_down(looking: Connection) -> None:
    await looking.execute("DROP SUBSCRIPTION elsewhere")
    await looking.execute("ALTER SYSTEM RESET primary_conninfo")
    await _reload(looking)


async def _reload(looking: Connection) -> None:
    """Have the server read its settings again, and wait until new sessions see them."""
    before = await looking.fetchval("SELECT pg_conf_load_time()")
    await looking.execute("SELECT pg_reload_conf()")
    async with asyncio.timeout(HUNG_SECONDS):
        while await looking.fetchval("SELECT pg_conf_load_time()") == before:
            await asyncio.sleep(0.01)
