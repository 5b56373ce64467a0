"""The PostgreSQL servers that projects are placed on: each with its provisioner and its own budget of connections."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from moorage.core.postgres.address import Address
from moorage.core.postgres.errors import translated
from moorage.core.postgres.pools import connected
from moorage.projects import store
from moorage.projects.budget import Budget
from moorage.projects.errors import ServerUnknown
from moorage.projects.models import MAIN_SERVER
from moorage.projects.provisioning import MAINTENANCE_DATABASE, Provisioner
from moorage.projects.settings import ConnectionSettings

# Each Moorage process takes a quarter of what the server gives ordinary roles, so that three fit beside other clients.
BUDGET_SHARE = 4


@dataclass(eq=False)
class Server:
    """One PostgreSQL server as this process uses it.

    Attributes:
        opening: held while a pool is opened, so that a server that hangs holds up nobody but its own callers.
    """

    provisioner: Provisioner
    settings: ConnectionSettings
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _budget: Budget | None = None

    @property
    def name(self) -> str:
        return self.provisioner.server

    @property
    def budget(self) -> Budget | None:
        """The budget; None as long as nothing was asked of this server."""
        return self._budget

    async def ensure_budget(self) -> Budget:
        """Return the budget; where the settings say none, the server is asked once how many connections it has."""
        if self._budget is None:
            limit = self.settings.budget or await self._share()
            self._budget = self._budget or Budget(
                limit=limit,
                per_member=min(self.settings.project_max, limit),
                max_waiting=self.settings.max_waiting,
                wait_seconds=self.settings.wait_seconds,
                server=self.name,
            )
        return self._budget

    async def _share(self) -> int:
        with translated(f"asking the server {self.name!r} for its number of connections"):
            async with connected(self.provisioner.address, MAINTENANCE_DATABASE) as connection:
                return max(await store.connection_limit(connection) // BUDGET_SHARE, 1)


class Servers:
    """All servers by name; `main`, which has the registry, is the first."""

    def __init__(self, main: Provisioner, others: Mapping[str, Address], settings: ConnectionSettings) -> None:
        provisioners = [main, *(main.on_server(name, address) for name, address in others.items())]
        self._servers = {each.server: Server(each, settings) for each in provisioners}

    @property
    def main(self) -> Server:
        return self._servers[MAIN_SERVER]

    @property
    def names(self) -> list[str]:
        return list(self._servers)

    def __iter__(self) -> Iterator[Server]:
        return iter(self._servers.values())

    def __getitem__(self, name: str) -> Server:
        """Return the server of this name.

        Raises:
            ServerUnknown: the settings of this process do not name it.
        """
        if name not in self._servers:
            raise ServerUnknown(
                f"there is no server {name!r}",
                hint=f"Servers: {', '.join(self._servers)}. Further ones stand under postgres.servers in the settings.",
                server=name,
            )
        return self._servers[name]
