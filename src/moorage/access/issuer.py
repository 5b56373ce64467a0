"""Tokens of an issuer (OAuth 2.1): signed JWTs, checked here with the keys that the issuer publishes.

The issuer is asked for its keys, never about a token. A token decides nothing about its own check: which algorithms
are taken, and which key goes with which, is settled before it comes; `jwk`, `jku`, `x5c` and `x5u` are not read.

Sources: RFC 8725 (best practices for JWT), RFC 9068 section 4 (checking access tokens), RFC 8707 (audience).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import jwt
from jwt import PyJWK
from jwt.exceptions import ExpiredSignatureError, ImmatureSignatureError, InvalidAudienceError, PyJWTError

from moorage.access.claims import caller_of, refuse_other_kinds
from moorage.access.discovery import Discovery
from moorage.access.errors import InvalidToken
from moorage.access.jwks import KeyRing
from moorage.access.memory import Memory
from moorage.access.resources import Resources
from moorage.access.settings import IssuerSettings
from moorage.core.access import Caller

MAX_TOKEN_CHARACTERS: Final = 16 * 1024
"""Tokens with hundreds of groups have 8 KB; servers before us seldom take headers of more."""

REMEMBERED_TOKENS: Final = 1024
_GET_ANOTHER: Final = "Get a new access token from the issuer."


@dataclass(frozen=True)
class _Verified:
    """A token that was good, and by which key; its caller says until when."""

    caller: Caller
    key_id: str
    key: PyJWK


class Issuer:
    """Checks the tokens of one issuer. A token that was good is remembered until it ends or its key is withdrawn.

    Args:
        resources: what its tokens are for.
        keys: the issuer's; those it publishes when left out.
    """

    def __init__(self, settings: IssuerSettings, resources: Resources, keys: KeyRing | None = None) -> None:
        self._settings = settings
        self._resources = resources
        self._keys = keys or KeyRing(Discovery(settings).fetch, max_age_seconds=settings.keys_max_age_seconds)
        self._remembered: Memory[tuple[bytes, str], _Verified] = Memory(size=REMEMBERED_TOKENS)

    async def verify(self, token: str, *, path: str) -> Caller:
        """Return who the token stands for.

        Args:
            path: what is called; a token for another endpoint than the one door is good there only.

        Raises:
            InvalidToken: it is no token of this issuer for this server, or not now.
            NoScope: it is, but allows nothing here.
            IssuerUnavailable: the issuer's keys are not known.
        """
        if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
            raise InvalidToken("the token is too long, or no token at all", hint=_GET_ANOTHER)
        place = (hashlib.sha256(token.encode()).digest(), path)
        verified = self._remembered.get(place)
        if verified is None or not await self._is_still_good(verified):
            verified = await self._check(token, path)
            self._remembered.put(place, verified)
        return verified.caller

    async def _is_still_good(self, verified: _Verified) -> bool:
        key = await self._keys.find(verified.key_id, verified.key.algorithm_name)
        ends = verified.caller.expires_at
        return key is verified.key and ends is not None and datetime.now(UTC) < ends

    async def _check(self, token: str, path: str) -> _Verified:
        header = _header(token)
        key = await self._key(header)
        claims = self._claims(token, key, path)
        refuse_other_kinds(header, claims)
        return _Verified(caller_of(claims, self._settings), header["kid"], key)

    async def _key(self, header: Mapping[str, Any]) -> PyJWK:
        """Return the issuer's key that the header names."""
        key_id, algorithm = header.get("kid"), header.get("alg")
        if algorithm not in self._settings.algorithms:
            raise InvalidToken("the token's algorithm is not taken here")
        if not isinstance(key_id, str):
            raise InvalidToken("the token does not name its key (kid)")
        key = await self._keys.find(key_id, algorithm)
        if key is None:
            raise InvalidToken("the token is signed with a key that is not the issuer's", hint=_GET_ANOTHER)
        return key

    def _claims(self, token: str, key: PyJWK, path: str) -> Mapping[str, Any]:
        """Return the claims, once the signature and the claims about the token itself are found good."""
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._audiences(path),
                issuer=self._settings.url,
                leeway=self._settings.leeway_seconds,
                options={"require": ["exp", "iss", "aud"]},
            )
        except PyJWTError as error:
            raise InvalidToken(_reason(error), hint=_GET_ANOTHER) from None

    def _audiences(self, path: str) -> list[str]:
        if self._settings.audience is not None:
            return [self._settings.audience]
        return self._resources.audiences(path)


def _header(token: str) -> Mapping[str, Any]:
    """Return the header, which nothing vouches for yet."""
    try:
        header = jwt.get_unverified_header(token)
    except PyJWTError:
        raise InvalidToken("this is no token", hint=_GET_ANOTHER) from None
    if "crit" in header or "b64" in header:  # RFC 7515 section 4.1.11: what is critical and not understood
        raise InvalidToken("the token demands an extension that is not known here")
    return header


def _reason(error: PyJWTError) -> str:
    """Return what the caller may know of the failure."""
    match error:
        case ExpiredSignatureError():
            return "the token has expired"
        case ImmatureSignatureError():
            return "the token is not valid yet"
        case InvalidAudienceError():
            return "the token is for another server"
        case _:
            return "the token is not a good one of this issuer"
