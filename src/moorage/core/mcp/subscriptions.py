"""Clients that follow resources: one look at each resource for all who follow it, and none when nobody does.

A client of 2026-07-28 names what it wants to hear of in `subscriptions/listen`, whose answer is the stream of news; one
of 2025-11-25 subscribes to each resource, and hears of it until it unsubscribes or its session ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog

from moorage.core.access import Caller, acting_as, count_call
from moorage.core.errors import Forbidden, InvalidInput, MoorageError, NotFound
from moorage.core.mcp.calls import caller_of
from moorage.core.mcp.resources import FoundResource, ServedResources, translated
from moorage.core.mcp.sdk import (
    SUBSCRIPTION_ID_META_KEY,
    EmptyResult,
    InMemorySubscriptionBus,
    ListenHandler,
    ResourceUpdated,
    ServerEvent,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)

log = structlog.get_logger()

MAX_FOLLOWED = 100
"""By one client: each costs a look of its own while nobody else follows it."""

RETRY_SECONDS = 10.0
"""Before a resource is looked at again that could not be; its project may be away, or deleted."""

_SESSION_KEY = "moorage.followed"


@dataclass
class _Watch:
    followers: int = 0
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)
    looking: asyncio.Task[None] | None = None


class Subscriptions:
    """Serves the requests by which clients follow resources, and tells them of news."""

    def __init__(self, resources: ServedResources, bus: InMemorySubscriptionBus, listeners: ListenHandler) -> None:
        self._resources = resources
        self._bus = bus
        self._listeners = listeners
        self._watches: dict[str, _Watch] = {}

    @property
    def followed(self) -> frozenset[str]:
        """The addresses that are looked at just now."""
        return frozenset(self._watches)

    async def listen(self, context: Any, params: SubscriptionsListenRequestParams) -> SubscriptionsListenResult:
        """Serve a stream of news (2026-07-28), which ends with the caller's token.

        Its first message names what it is of: all that the caller may see.
        """
        caller = caller_of(context.request)
        wanted = params.notifications.resource_subscriptions or []
        async with AsyncExitStack() as stack:
            with _asked_by(caller):
                _refuse_many(len(wanted))
                honoured = [address for address in wanted if await self._entered(stack, address)]
            notifications = params.notifications.model_copy(update={"resource_subscriptions": honoured})
            async with _until_expired(caller):
                return await self._listeners(context, params.model_copy(update={"notifications": notifications}))
            return SubscriptionsListenResult(_meta={SUBSCRIPTION_ID_META_KEY: context.request_id})

    async def subscribe(self, context: Any, params: SubscribeRequestParams) -> EmptyResult:
        """Tell the session of news of one resource from now on, as long as the caller's token is good (2025-11-25).

        Of what is not ours there is no news.
        """
        caller = caller_of(context.request)
        found = self._resources.find(str(params.uri))
        followed = self._followed_by(context)
        if found is None or found.address in followed:
            return EmptyResult()
        with _asked_by(caller):
            _refuse_many(len(followed) + 1)
            await _refuse_unseen(found)
        async with AsyncExitStack() as stack:
            tell = _connection_of(context).send_resource_updated
            await stack.enter_async_context(self._told(found.address, tell, caller))
            await stack.enter_async_context(self._watched(found))
            if found.address not in followed:  # by another request of the same client meanwhile
                followed[found.address] = stack.pop_all()
        return EmptyResult()

    async def unsubscribe(self, context: Any, params: UnsubscribeRequestParams) -> EmptyResult:
        """End what `subscribe` began."""
        stack = self._followed_by(context).pop(str(params.uri), None)
        if stack is not None:
            await stack.aclose()
        return EmptyResult()

    async def _entered(self, stack: AsyncExitStack, address: str) -> bool:
        """Follow a resource until the stack is left; return False when the caller may not see it."""
        found = self._resources.find(address)
        if found is None:
            return True
        try:
            await _refuse_unseen(found)
        except (NotFound, Forbidden, InvalidInput):
            return False
        await stack.enter_async_context(self._watched(found))
        return True

    def _followed_by(self, context: Any) -> dict[str, AsyncExitStack]:
        """Return what a session of 2025-11-25 follows, which ends with it."""
        connection = _connection_of(context)
        if _SESSION_KEY not in connection.state:
            followed = connection.state[_SESSION_KEY] = {}
            connection.exit_stack.push_async_callback(_close_all, followed)
        return connection.state[_SESSION_KEY]

    @asynccontextmanager
    async def _watched(self, found: FoundResource) -> AsyncGenerator[None]:
        """Have a resource looked at; what is new in it from now on is published."""
        watch = self._watches.setdefault(found.address, _Watch())
        watch.followers += 1
        try:
            if watch.looking is None:
                # In nobody's name: who comes first may leave first. Whether they may see it was asked of each.
                watch.looking = asyncio.create_task(self._look(found, watch.has_begun), context=Context())
            await watch.has_begun.wait()
            yield
        finally:
            watch.followers -= 1
            if not watch.followers:
                del self._watches[found.address]
                await _ended(watch.looking)

    async def _look(self, found: FoundResource, has_begun: asyncio.Event) -> None:
        """Publish news of a resource; after a failure once more than needed, because some may have been missed."""
        while True:
            try:
                async with aclosing(found.resource.watch(found.project_name)) as news:
                    async for _ in news:
                        if has_begun.is_set():
                            await self._bus.publish(ResourceUpdated(uri=found.address))
                        has_begun.set()
            except MoorageError as error:
                log.warning("resource.watch_failed", resource=found.address, error_code=error.code)
            except Exception:  # whatever it is, those who follow must not go without for ever
                log.exception("resource.watch_failed", resource=found.address)
            has_begun.set()
            await asyncio.sleep(RETRY_SECONDS)

    @asynccontextmanager
    async def _told(self, address: str, tell: Callable[[str], Awaitable[None]], caller: Caller) -> AsyncGenerator[None]:
        """Call `tell` when there is news of a resource; a client that reads slowly keeps nobody else waiting."""
        news = asyncio.Event()

        def on_event(event: ServerEvent) -> None:
            if event == ResourceUpdated(uri=address):
                news.set()

        unsubscribe = self._bus.subscribe(on_event)
        telling = asyncio.create_task(_tell(address, news, tell, caller), context=Context())
        try:
            yield
        finally:
            unsubscribe()
            await _ended(telling)


def _connection_of(context: Any) -> Any:
    """Return what lasts as long as the session of a client; it has no public name, and 2.3 gives no other way to it."""
    return context.session._connection  # noqa: SLF001


@contextmanager
def _asked_by(caller: Caller) -> Generator[None]:
    with acting_as(caller), translated():
        count_call(caller)
        yield


@asynccontextmanager
async def _until_expired(caller: Caller) -> AsyncGenerator[None]:
    """Leave what is done for a caller, without an error, when the caller is nobody any more."""
    seconds = None if caller.expires_at is None else (caller.expires_at - datetime.now(UTC)).total_seconds()
    try:
        async with asyncio.timeout(seconds) as end:
            yield
    except TimeoutError:
        if not end.expired():
            raise


async def _tell(address: str, news: asyncio.Event, tell: Callable[[str], Awaitable[None]], caller: Caller) -> None:
    async with _until_expired(caller):
        while True:
            await news.wait()
            news.clear()
            await tell(address)


async def _refuse_unseen(found: FoundResource) -> None:
    """Refuse to tell of what the caller could not read."""
    await found.read_as_caller()


def _refuse_many(count: int) -> None:
    if count > MAX_FOLLOWED:
        raise InvalidInput(f"{count} resources to follow, {MAX_FOLLOWED} at most", hint="Follow what you work in.")


async def _close_all(followed: dict[str, AsyncExitStack]) -> None:
    for stack in list(followed.values()):
        await stack.aclose()


async def _ended(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
