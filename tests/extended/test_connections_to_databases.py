"""Databases of others as they really are: behind PgBouncer, with passwords, TLS, several hosts, and full."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from moorage.core.postgres.address import address_from_url
from moorage.core.postgres.pools import Connection, connect
from moorage.databases.connectors.connections import Connections
from moorage.databases.definitions import Database
from moorage.databases.errors import DatabaseBusy, DatabaseLoginRefused, DatabaseUnavailable
from tests.extended.servers import (
    PgBouncer,
    Postgres15,
    ordinary_user,
    running_pgbouncer,
    running_postgres15,
    write_for,
)
from tests.extended.test_tls import certificate_of
from tests.support.many_databases import database_of, definition_of, open_connections, session_of

ROLE, WORD = "shopkeeper", "first"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres15]:
    """A server that wants passwords, speaks TLS as 127.0.0.1, and takes ten connections."""
    with running_postgres15() as running:
        certificate, key = certificate_of("127.0.0.1")
        write_for(ordinary_user(), running.folder / "server.crt", certificate)
        write_for(ordinary_user(), running.folder / "server.key", key)
        running.stop()
        running.start(
            ssl="on",
            ssl_cert_file=f"{running.folder}/server.crt",
            ssl_key_file=f"{running.folder}/server.key",
            max_connections="10",
        )
        yield running


@pytest.fixture(scope="module")
def pooler(server: Postgres15) -> Iterator[PgBouncer]:
    with running_pgbouncer(host="127.0.0.1", port=server.port, password=server.password, user=ordinary_user()) as one:
        yield one


@pytest.fixture
async def admin(server: Postgres15) -> AsyncIterator[Connection]:
    connection = await connect(address_from_url(server.url)[0], "postgres")
    await connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{WORD}'")
    yield connection
    await connection.execute(f"DROP ROLE {ROLE}")
    await connection.close()


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    async with open_connections() as opened:
        yield opened


def described(url: str, **changes) -> Database:
    return database_of(definition_of(address_from_url(url)[0], "postgres", **changes))


async def ask(connections: Connections, database: Database, sql: str = "SELECT 1", *parameters):
    async with session_of(connections, database) as session:
        return (await (await session.open(sql, parameters)).fetch(1))[0][0]


async def test_statements_run_behind_a_pooler_in_transaction_mode(pooler, connections):
    shop = described(pooler.url, pool_size=10)
    async with AsyncExitStack() as stack:
        sessions = [await stack.enter_async_context(session_of(connections, shop)) for _ in range(3)]
        cursors = [await each.open("SELECT $1::int + n FROM generate_series(1, 4) AS n", [10]) for each in sessions]
        assert [await each.fetch(2) for each in cursors] == [[[11], [12]]] * 3
        assert [await each.fetch(9) for each in cursors] == [[[13], [14]]] * 3
    for _ in range(10):
        assert await ask(connections, shop, "SELECT ARRAY[$1::date]", "2026-01-31") == ["2026-01-31"]


async def test_a_pooler_that_does_not_know_the_database_is_a_refused_login(pooler, connections):
    with pytest.raises(DatabaseLoginRefused, match="does not exist"):
        await ask(connections, described(pooler.url, database="nowhere"))


async def test_a_changed_password_is_told_and_goes_on_with_the_new_one(server, admin, connections):
    shop = described(server.url, username=ROLE, password=WORD, pool_size=1)
    assert await ask(connections, shop) == 1
    await admin.execute(f"ALTER ROLE {ROLE} PASSWORD 'second'")
    await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", ROLE)
    with pytest.raises(DatabaseLoginRefused, match="password authentication failed") as refused:
        await ask(connections, shop)
    assert WORD not in str(refused.value)
    assert await ask(connections, described(server.url, username=ROLE, password="second")) == 1


async def test_a_password_may_stand_in_the_file_of_libpq(server, connections, monkeypatch, tmp_path):
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"127.0.0.1:{server.port}:postgres:postgres:{server.password}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    assert await ask(connections, described(server.url, password=None)) == 1


async def test_a_full_server_gets_room_from_a_connection_that_lies_idle(server, admin, connections):
    await admin.execute(f"ALTER ROLE {ROLE} CONNECTION LIMIT 1")
    one = described(server.url, username=ROLE, password=WORD)
    other = one.model_copy(update={"id": "other"})
    assert await ask(connections, one) == 1
    assert await ask(connections, other) == 1
    assert connections.state_of(one).open == 0


async def test_a_full_server_is_told(server, admin, connections):
    await admin.execute(f"ALTER ROLE {ROLE} CONNECTION LIMIT 1")
    shop = described(server.url, username=ROLE, password=WORD)
    async with session_of(connections, shop):
        with pytest.raises(DatabaseBusy, match="too many connections"):
            await ask(connections, shop)
    assert await ask(connections, shop) == 1


@pytest.mark.parametrize("mode", ["prefer", "require", "verify-ca", "verify-full"])
async def test_a_trusted_server_is_spoken_to_in_tls(server, connections, mode):
    root = {"sslrootcert": f"{server.folder}/server.crt"} if mode.startswith("verify") else {}
    shop = described(server.url, sslmode=mode, **root)
    assert await ask(connections, shop, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") is True


async def test_a_server_with_another_certificate_is_refused(server, connections, tmp_path):
    other = tmp_path / "other.crt"
    other.write_bytes(certificate_of("127.0.0.1")[0])
    with pytest.raises(DatabaseUnavailable, match="its certificate is not trusted"):
        await ask(connections, described(server.url, sslmode="verify-full", sslrootcert=str(other)))


async def test_a_server_under_a_name_it_does_not_have_is_refused(server, connections):
    root = f"{server.folder}/server.crt"
    with pytest.raises(DatabaseUnavailable, match="its certificate is not trusted"):
        await ask(connections, described(server.url, hostname="localhost", sslmode="verify-full", sslrootcert=root))


async def test_a_host_that_does_not_answer_is_passed_over(server, connections):
    shop = described(server.url, hostname=f"127.0.0.1:9,127.0.0.1:{server.port}")
    assert await ask(connections, shop) == 1


async def test_no_standby_among_the_hosts_is_told(server, connections):
    with pytest.raises(DatabaseUnavailable, match="none of its hosts is what target_session asks for"):
        await ask(connections, described(server.url, target_session="standby"))
    assert await ask(connections, described(server.url, target_session="prefer-standby")) == 1
