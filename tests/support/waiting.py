"""Waiting for an event, with a bound."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Result = TypeVar("Result")

WAIT_SECONDS = 20.0
_LOOK_SECONDS = 0.01


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    """Return once `condition` gives something true; a TimeoutError when it never does."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not await condition():
            await asyncio.sleep(_LOOK_SECONDS)


async def soon(awaited: Awaitable[Result]) -> Result:
    """Return what is awaited; a TimeoutError when it never comes."""
    async with asyncio.timeout(WAIT_SECONDS):
        return await awaited
