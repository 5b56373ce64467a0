"""The gate: from what a request shows to who makes it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from moorage.access import store
from moorage.access.errors import AccessTooOpen, InvalidToken, TokenMissing
from moorage.access.lookups import TokenLookups
from moorage.access.memory import Memory
from moorage.access.models import Token, hash_of, is_own
from moorage.access.resources import Resources
from moorage.access.settings import AccessSettings
from moorage.core.access import Caller, CallLimit, Scope, system_user
from moorage.core.errors import Unavailable
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.errors import RegistryUnavailable

if TYPE_CHECKING:
    from moorage.access.issuer import Issuer

REMEMBERED_TOKENS = 4096
REMEMBERED_REFUSALS = 1024
WRITE_USES_SECONDS = 30.0

OUTAGE_SECONDS = 300.0
"""While the registry does not answer, tokens that were good this long ago still are: whoever watches the server wants
to see its metrics just then, and no project can be reached without the registry anyway."""

CREATE_ONE = "moorage token create NAME --scope read"
_SHOW_ONE = f"Send `Authorization: Bearer` and a token; an administrator of this server makes one: {CREATE_ONE}"
_GET_ANOTHER = "Ask an administrator of this server for another: " + CREATE_ONE


class TokenGate:
    """Finds out who calls: the owner of a token, the subject of an issuer, or, where no token is needed, the user.

    What was found out is remembered for `access.remember_seconds`, wrong tokens as well, each in bounded room. An
    expired token is refused at once.

    Args:
        issuer: of tokens that are not ours, where one is set.
        resources: what clients without a token are told of the issuer.
    """

    def __init__(
        self,
        connections: ProjectConnectionManager,
        settings: AccessSettings,
        issuer: Issuer | None = None,
        resources: Resources | None = None,
    ) -> None:
        self._connections = connections
        self._settings = settings
        self._issuer = issuer
        self.resources = resources
        self._lookups = TokenLookups(connections)
        self._known: Memory[bytes, tuple[Token, Caller]] = Memory(
            size=REMEMBERED_TOKENS, seconds=settings.remember_seconds
        )
        self._refused: Memory[bytes, str] = Memory(size=REMEMBERED_REFUSALS, seconds=settings.remember_seconds)
        self._limits: Memory[tuple[str, str], CallLimit] = Memory(size=REMEMBERED_TOKENS)
        self._last_known: Memory[bytes, tuple[Token, Caller]] = Memory(size=REMEMBERED_TOKENS, seconds=OUTAGE_SECONDS)
        self._is_required = settings.required
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[TokenGate]:
        """Write down now and then, and at the end, when tokens were used last."""
        writing = asyncio.create_task(self._write_uses_regularly())
        try:
            yield self
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await self._lookups.write_uses()

    async def caller_of(self, token: str | None, *, path: str) -> Caller:
        """Return who calls this path with this token; None is without any.

        Raises:
            TokenMissing, InvalidToken: (both Unauthenticated).
            RegistryUnavailable, IssuerUnavailable: nobody can say just now.
        """
        if token is None:
            if await self.is_required():
                raise TokenMissing("this server wants a token", hint=_SHOW_ONE)
            return self._limited(system_user(), "machine")
        if is_own(token):
            return await self._owner(hash_of(token))
        if self._issuer is None:
            raise InvalidToken("this is no token of this server", hint=_GET_ANOTHER)
        return self._limited(await self._issuer.verify(token, path=path), "issuer")

    def challenge(self, path: str, *, error: str | None, needed: Scope | None = None) -> str:
        """Return the value of `WWW-Authenticate` (RFC 6750 section 3)."""
        if self.resources is not None:
            return self.resources.challenge(path, error=error, needed=needed)
        return "Bearer" if error is None else f'Bearer error="{error}"'

    async def is_required(self) -> bool:
        """Tell whether a caller without token is refused; once it is so, it stays so for this process."""
        if self._is_required is None and self._issuer is not None:
            self._is_required = True
        if self._is_required is None:
            async with self._asking:
                await self._ask_for_tokens()
        return self._is_required is True

    async def _ask_for_tokens(self) -> None:
        """Look whether there are tokens by now; when the registry does not answer, what it said before still holds."""
        if time.monotonic() - self._asked_at < self._settings.remember_seconds:
            return
        try:
            with self._connections.registry() as registry:
                self._is_required = await store.token_exists(registry) or None
        except Unavailable as error:
            if self._asked_at == float("-inf"):
                raise _nobody_can_say() from error
        self._asked_at = time.monotonic()

    async def refuse_strangers(self, reachable: str) -> None:
        """Make sure that everybody who calls has to say who it is.

        Args:
            reachable: how others could reach the server, for the message: "0.0.0.0".

        Raises:
            AccessTooOpen: nobody is asked, or nobody could answer.
        """
        if self._settings.required is False:
            raise AccessTooOpen(
                f"{reachable} can be reached from other machines, and access.required is false",
                hint="Take access.required out of the settings, or serve on 127.0.0.1.",
            )
        if self._issuer is None and not await self._has_usable_token():
            raise AccessTooOpen(
                f"{reachable} can be reached from other machines, and nobody has a token",
                hint=f"Make one first: {CREATE_ONE}; or set access.issuer.url; or serve on 127.0.0.1.",
            )
        self._is_required = True

    async def _has_usable_token(self) -> bool:
        with self._connections.registry() as registry:
            return await store.token_is_usable(registry)

    async def _owner(self, hashed: bytes) -> Caller:
        token, caller = self._known.get(hashed) or await self._look_up(hashed)
        now = datetime.now(UTC)
        if token.expires_at is not None and token.expires_at <= now:
            _refuse(_ended(token))
        self._lookups.note_use(token.id, now)
        return caller

    async def _look_up(self, hashed: bytes) -> tuple[Token, Caller]:
        if reason := self._refused.get(hashed):
            _refuse(reason)
        try:
            token = await self._lookups.find(hashed)
        except Unavailable as error:
            if known := self._last_known.get(hashed):
                return known
            raise _nobody_can_say() from error
        if token is None or token.state != "usable":
            reason = "no such token is known here" if token is None else _ended(token)
            self._refused.put(hashed, reason)
            self._last_known.forget(hashed)
            _refuse(reason)
        known = token, self._limited(token.caller(), "token")
        self._known.put(hashed, known)
        self._last_known.put(hashed, known)
        return known

    def _limited(self, caller: Caller, known_by: str) -> Caller:
        """Return the caller with what is left of its calls, which outlasts what is remembered of its token.

        Args:
            known_by: who named it: a token may be called like a subject of the issuer.
        """
        key = known_by, caller.name
        calls_per_minute = caller.calls_per_minute or self._settings.calls_per_minute
        if calls_per_minute is None:
            return caller
        limit = self._limits.get(key)
        if limit is None or limit.calls_per_minute != calls_per_minute:
            limit = CallLimit(calls_per_minute)
            self._limits.put(key, limit)
        return replace(caller, limit=limit)

    async def _write_uses_regularly(self) -> None:
        while True:
            await asyncio.sleep(WRITE_USES_SECONDS)
            await self._lookups.write_uses()


def _ended(token: Token) -> str:
    """Say why a token of ours is good no more; only who has it is told."""
    if token.revoked_at is not None:
        return f"the token {token.name!r} was revoked"
    return f"the token {token.name!r} has expired"


def _nobody_can_say() -> RegistryUnavailable:
    """Return the failure as strangers may read it: not where the registry is, nor what is wrong with it."""
    return RegistryUnavailable(
        "the registry does not answer, so that nobody can say who calls",
        hint="Try again in a moment; `moorage doctor` tells whoever runs this server what is wrong.",
    )


def _refuse(reason: str) -> NoReturn:
    raise InvalidToken(reason, hint=_GET_ANOTHER)
