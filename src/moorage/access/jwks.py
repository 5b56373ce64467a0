"""The keys of an issuer: which of the published ones are fit, and how long they are believed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from typing import Any

import structlog
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from moorage.access.errors import IssuerUnavailable

log = structlog.get_logger(__name__)

KEPT_SECONDS = 3600.0
"""How long keys are believed while the issuer does not answer; its tokens seldom live longer."""

PAUSE_SECONDS = 10.0
"""Between two attempts to fetch, however many tokens with unknown keys come."""

# Key type and curve, and the signatures they can check. Source: RFC 7518 section 3.1, RFC 8037 section 3.1.
_FITTING: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("RSA", ""): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}

Keys = Mapping[tuple[str, str], PyJWK]
"""By key id and algorithm, so that a token can never have its key used with another algorithm."""


class KeyRing:
    """Keys that are fetched when first needed, when they are old, and when a token names one that is not there.

    One fetch runs at a time. While the issuer does not answer, known keys are believed for `kept_seconds`.

    Args:
        fetch: asks the issuer; raises IssuerUnavailable.
        max_age_seconds: a key that the issuer withdrew is refused after this.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Keys]],
        *,
        max_age_seconds: float,
        kept_seconds: float = KEPT_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._max_age = max_age_seconds
        self._kept = max(kept_seconds, max_age_seconds)
        self._pause = pause_seconds
        self._clock = clock
        self._keys: Keys = {}
        self._fetched_at = self._attempted_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def find(self, key_id: str, algorithm: str) -> PyJWK | None:
        """Return the issuer's key, or None when it has no such key.

        Raises:
            IssuerUnavailable: the issuer does not answer, and what it said before is too old.
        """
        key = self._keys.get((key_id, algorithm))
        good_for_seconds = self._kept if self._fetching.locked() else self._max_age  # nobody waits behind a fetch
        if key is not None and self._is_younger_than(good_for_seconds):
            return key
        await self._refetch()
        if not self._is_younger_than(self._kept):
            raise IssuerUnavailable(
                "the issuer of tokens does not answer, so that no token of it can be checked",
                hint="Try again in a minute; the server's log says what is wrong.",
            )
        return self._keys.get((key_id, algorithm))

    async def _refetch(self) -> None:
        """Fetch, unless that was tried a moment ago; those who come meanwhile wait for the same answer."""
        async with self._fetching:
            if self._clock() - self._attempted_at < self._pause:
                return
            try:
                self._keys = await self._fetch()
                self._fetched_at = self._clock()
            except IssuerUnavailable as error:
                log.warning("issuer.unavailable", reason=error.message)
            self._attempted_at = self._clock()

    def _is_younger_than(self, seconds: float) -> bool:
        return self._clock() - self._fetched_at < seconds


def keys_of(document: Any, algorithms: Collection[str]) -> Keys:
    """Return the keys of a JWK set that can check signatures of these algorithms; others are left out.

    Raises:
        IssuerUnavailable: the document is no JWK set.
    """
    published = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(published, list):
        raise IssuerUnavailable("the issuer's keys are not a JWK set")
    return {place: key for jwk in published for place, key in _fit_keys(jwk, algorithms)}


def _fit_keys(jwk: Any, algorithms: Collection[str]) -> Iterator[tuple[tuple[str, str], PyJWK]]:
    """Yield the key with each algorithm it may be used with; with `alg` (RFC 7517 section 4.4) that is one."""
    if not isinstance(jwk, dict) or not _is_for_checking(jwk):
        return
    for algorithm in _FITTING.get((str(jwk.get("kty")), str(jwk.get("crv", ""))), ()):
        if algorithm in algorithms and jwk.get("alg", algorithm) == algorithm:
            key = _key(jwk, algorithm)
            if key is not None:
                yield (jwk["kid"], algorithm), key


def _is_for_checking(jwk: Mapping[str, Any]) -> bool:
    """Tell whether it is a public key with a name, meant for signatures. Source: RFC 7517 section 4."""
    is_public = "d" not in jwk and "k" not in jwk
    is_for_signatures = jwk.get("use", "sig") == "sig" and "verify" in str(jwk.get("key_ops", "verify"))
    return is_public and is_for_signatures and isinstance(jwk.get("kid"), str)


def _key(jwk: dict[str, Any], algorithm: str) -> PyJWK | None:
    """Return the key; None when it cannot be read, or is too short to be safe."""
    try:
        key = PyJWK(jwk, algorithm)
    except (PyJWTError, ValueError, TypeError, KeyError):
        log.warning("issuer.unreadable_key", key_id=jwk["kid"])
        return None
    return key if key.Algorithm.check_key_length(key.key) is None else None
