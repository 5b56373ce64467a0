"""Looking tokens up in the registry, many at once, and telling it when they were used."""

from __future__ import annotations

import asyncio
from datetime import datetime
from uuid import UUID

import structlog

from moorage.access import store
from moorage.access.models import Token
from moorage.core.errors import MoorageError
from moorage.projects.connections import ProjectConnectionManager

log = structlog.get_logger(__name__)


class TokenLookups:
    """Asks the registry with one statement at a time: what is wanted while it answers shares the next one.

    Somebody who tries tokens by the thousand so keeps one connection busy, and not all of them.
    """

    def __init__(self, connections: ProjectConnectionManager) -> None:
        self._connections = connections
        self._one_at_a_time = asyncio.Lock()
        self._wanted: set[bytes] = set()
        self._next: asyncio.Task[dict[bytes, Token]] | None = None
        self._used: dict[UUID, datetime] = {}

    async def find(self, hashed: bytes) -> Token | None:
        """Return the token as the registry has it now.

        Raises:
            RegistryUnavailable: (an Unavailable).
        """
        self._wanted.add(hashed)
        if self._next is None:
            self._next = asyncio.create_task(self._ask())
        return (await asyncio.shield(self._next)).get(hashed)

    def note_use(self, token_id: UUID, at: datetime) -> None:
        """Keep that a token was used, until the next `write_uses`."""
        self._used[token_id] = at

    async def write_uses(self) -> None:
        """Write down when tokens were used last; what cannot be written now is written the next time."""
        if not self._used:
            return
        used, self._used = self._used, {}
        try:
            with self._connections.registry() as registry:
                await store.token_touch(registry, used)
        except MoorageError as error:
            self._used = used | self._used
            log.warning("access.uses_not_written", code=error.code, reason=error.message)

    async def _ask(self) -> dict[bytes, Token]:
        async with self._one_at_a_time:
            wanted, self._wanted, self._next = self._wanted, set(), None
            with self._connections.registry() as registry:
                return await store.token_find(registry, wanted)
