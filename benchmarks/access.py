"""What it costs to find out who calls, whether it may, and how often: of our own tokens, then of an issuer's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from hashlib import sha256
from typing import Any

from benchmarks import issued_tokens
from benchmarks.homes import running_home
from benchmarks.measure import Figure, Times, interleaved, latencies
from benchmarks.options import Options
from benchmarks.projects import opened
from moorage.access.gate import TokenGate
from moorage.access.service import MAX_CALLS_PER_MINUTE, TokenService
from moorage.access.settings import AccessSettings
from moorage.core.access import Scope, allow, count_call, current_caller
from moorage.core.http.callers import CallerGuard
from moorage.projects.connections import ProjectConnectionManager

CALLS = 20_000
LOOKUPS = 1_000
WARM_UP = 100
TARGET_MS = 0.05
PATH = "/mcp"
REMEMBERED, ASKED_EACH_TIME = AccessSettings(remember_seconds=300), AccessSettings(remember_seconds=0)
FLOOR = "SHA-256 of the token and a look into a dict"
BARE = "a bare SELECT of the same row"
SELECT = "SELECT * FROM public.tokens WHERE hash = $1"

Act = Callable[[], Awaitable[Any]]


async def measure(options: Options) -> list[Figure]:
    with running_home() as home:
        async with opened(home) as manager:
            figures = await _own(manager, options)
    return [*figures, *await issued_tokens.figures(options)]


async def _own(manager: ProjectConnectionManager, options: Options) -> list[Figure]:
    made = await TokenService(manager).create("ci", scope=Scope.WRITE, calls_per_minute=MAX_CALLS_PER_MINUTE)
    known, bare = await _remembered(manager, made.secret, options)
    asked, select = await _asked(manager, made.secret, options)
    return [
        *latencies("a call with a known token", known, floor=(FLOOR, bare), targets={0.5: TARGET_MS, 0.95: TARGET_MS}),
        *latencies("a call whose token is asked for", asked, floor=(BARE, select)),
    ]


async def _remembered(manager: ProjectConnectionManager, secret: str, options: Options) -> list[Times]:
    """Time a request through the guard, and what stands before its tool."""
    guarded = _request(TokenGate(manager, REMEMBERED), secret)
    known = {sha256(secret.encode()).digest(): "ci"}

    async def bare() -> str:
        return known[sha256(secret.encode()).digest()]

    return await interleaved([guarded, bare], rounds=options.scaled(CALLS), warm_up=WARM_UP)


async def _asked(manager: ProjectConnectionManager, secret: str, options: Options) -> list[Times]:
    guarded = _request(TokenGate(manager, ASKED_EACH_TIME), secret)
    hashed = sha256(secret.encode()).digest()
    select = partial(manager.registry_pool.fetchrow, SELECT, hashed)
    return await interleaved([guarded, select], rounds=options.scaled(LOOKUPS), warm_up=WARM_UP)


def _request(gate: TokenGate, secret: str) -> Act:
    """Return a request with the token, up to where its tool would begin."""
    headers = [(b"host", b"moorage.example"), (b"authorization", f"Bearer {secret}".encode())]

    async def tool(*_: Any) -> None:
        count_call(current_caller())
        allow(Scope.WRITE, "the tool index_repository")

    guard = CallerGuard(tool, gate, mcp_paths=[PATH])

    async def request() -> None:
        await guard({"type": "http", "method": "POST", "path": PATH, "headers": headers}, _never, _refuse)

    return request


async def _never() -> Any:
    raise AssertionError("nothing is read")


async def _refuse(message: Any) -> None:
    raise AssertionError(f"the call was refused: {message}")
