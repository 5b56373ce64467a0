"""Sites: a PostgreSQL that is not Moorage's own, with and without PgBouncer before it, with and without pgvector."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from moorage.core.postgres.address import address_from_url
from moorage.core.postgres.embedded import EmbeddedServer
from moorage.core.postgres.pools import connect
from moorage.settings import Settings, load_settings
from moorage.systems import House, open_house
from tests.extended.servers import (
    PgBouncer,
    Postgres15,
    ordinary_user,
    running_pgbouncer,
    running_postgres15,
)
from tests.support.homes import temporary_home
from tests.unit.codebase.repositories import ISOLATED

EMBEDDED_PASSWORD = "not-asked-for"  # by the embedded server; PgBouncer asks its clients


@dataclass(frozen=True)
class Site:
    """Where PostgreSQL is, as somebody would set it.

    Attributes:
        server: the one that can be stopped and started.
    """

    name: str
    url: str
    has_vectors: bool
    server: Postgres15 | None = None
    pooler: PgBouncer | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The environment in which commands reach it."""
        pooled = {"MOORAGE_POSTGRES__POOLER_URL": self.pooler.url} if self.pooler else {}
        return {"DATABASE_URL": self.url, **pooled}


@contextmanager
def _postgres15() -> Generator[Site]:
    with running_postgres15() as server:
        yield Site("postgres15", server.url, _has_vectors(server.url), server=server)


@contextmanager
def _postgres15_pooled() -> Generator[Site]:
    with (
        running_postgres15() as server,
        running_pgbouncer(host="127.0.0.1", port=server.port, password=server.password, user=ordinary_user()) as pooler,
    ):
        yield Site("postgres15-pgbouncer", server.url, _has_vectors(server.url), server=server, pooler=pooler)


@contextmanager
def _embedded_pooled() -> Generator[Site]:
    """The embedded PostgreSQL as if it were somebody else's: the one at hand that has pgvector."""
    with temporary_home() as home, EmbeddedServer(home).running() as address:
        folder, port = address.arguments["host"], address.arguments["port"]
        owner = EmbeddedServer(home).data_folder.stat().st_uid
        as_owner = owner if os.geteuid() == 0 else None
        with running_pgbouncer(host=folder, port=port, password=EMBEDDED_PASSWORD, user=as_owner) as pooler:
            url = f"postgresql:///?host={folder}&port={port}&user=postgres"
            yield Site("embedded-pgbouncer", url, _has_vectors(url), pooler=pooler)


def _has_vectors(url: str) -> bool:
    """Ask a server whether pgvector is installed; on Debian 12 only the embedded one has it."""

    async def asked() -> bool:
        connection = await connect(address_from_url(url)[0], "postgres")
        try:
            return bool(await connection.fetchval("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"))
        finally:
            await connection.close()

    return asyncio.run(asked())


SITES: dict[str, Callable[[], AbstractContextManager[Site]]] = {
    "postgres15": _postgres15,
    "postgres15-pgbouncer": _postgres15_pooled,
    "embedded-pgbouncer": _embedded_pooled,
}


@pytest.fixture(scope="session", params=SITES)
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with SITES[request.param]() as running:
        yield running


@pytest.fixture
def own_variables(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Set what leads to the site; return the folder of what stays on this machine."""
    for name, value in {**site.variables, **ISOLATED, "MOORAGE_HOME": str(tmp_path / "home")}.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "home"


@pytest.fixture
def settings(own_variables: Path) -> Settings:
    return load_settings()


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    """Everything open, as `moorage serve` has it."""
    async with open_house(settings) as opened:
        yield opened
