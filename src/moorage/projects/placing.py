"""Which server a new project is placed on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from moorage.core.errors import Unavailable
from moorage.projects import store
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import ServerDown
from moorage.projects.servers import Server

ANSWER_TIMEOUT_SECONDS = 2.0


async def choose_server(connections: ProjectConnectionManager, candidates: Sequence[str]) -> str:
    """Return the candidate with the fewest projects of those that answer; with equally many, the one named first.

    Args:
        candidates: names of servers; a single one is returned unasked.

    Raises:
        ServerUnknown: a candidate does not stand in the settings.
        ServerDown: none of several answers.
    """
    servers = [connections.servers[name] for name in candidates]
    if len(servers) == 1:
        return servers[0].name
    with connections.registry() as registry:
        counts = await store.project_counts(registry)
    for server in sorted(servers, key=lambda each: counts.get(each.name, 0)):
        if await _answers(server):
            return server.name
    raise ServerDown(
        f"none of the servers {', '.join(candidates)} answers",
        hint="Start one of them, or correct postgres.servers in the settings.",
    )


async def _answers(server: Server) -> bool:
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS), server.provisioner.maintenance():
            return True
    except (Unavailable, TimeoutError):
        return False
