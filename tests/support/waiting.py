"""Waiting for an event, with a bound."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

WAIT_SECONDS = 20.0
_LOOK_SECONDS = 0.01


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    """Return once `condition` gives something true; a TimeoutError when it never does."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not await condition():
            await asyncio.sleep(_LOOK_SECONDS)
