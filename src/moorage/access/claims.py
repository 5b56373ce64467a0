"""What the claims of a token say of its caller. The signature is checked before anything here is believed.

Sources: RFC 9068 section 2.2 (claims of access tokens), RFC 8693 section 4.2 (scope).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from moorage.access.errors import InvalidToken, NoScope
from moorage.access.settings import IssuerSettings
from moorage.core.access import Caller, DatabaseGrant, InvalidGrant, Scope, parse_grant

SCOPE_PREFIX = "moorage:"
MAX_NAME_CHARACTERS = 255

# What OpenID Connect puts into ID tokens alone (Core 1.0 sections 2 and 3.3.2.11).
_ID_TOKEN_CLAIMS = frozenset({"nonce", "at_hash", "c_hash"})


def caller_of(claims: Mapping[str, Any], settings: IssuerSettings) -> Caller:
    """Return who the claims are about, and what it may do.

    Raises:
        InvalidToken: a claim is not of the kind it should be.
        NoScope: none of our scopes is among them.
    """
    return Caller(
        _name(claims.get(settings.name_claim), settings.name_claim),
        _scope(word for claim in settings.scope_claims for word in _words(claims, claim)),
        _projects(claims, settings.projects_claim),
        _databases(claims, settings.databases_claim),
        expires_at=_end(claims["exp"], settings.leeway_seconds),
    )


def refuse_other_kinds(header: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
    """Refuse what the same issuer signs with the same keys for other ends: ID, refresh and logout tokens.

    A header that says at+jwt settles it. Keycloak says it in a claim `typ`, Cognito in `token_use`; for the rest,
    what only ID tokens carry gives them away.

    Raises:
        InvalidToken: it is no access token, or one that only whoever holds a key may use, which is not asked here
            (`cnf`, RFC 7800; taking it without the key is what RFC 9449 section 7.2 forbids).
    """
    if "cnf" in claims:
        raise InvalidToken(
            "the token is bound to a key", hint="Ask the issuer for a bearer token, without DPoP or mTLS."
        )
    kind = _media_type(header)
    if kind == "at+jwt":
        return
    stated = claims.get("typ", claims.get("token_use"))
    is_access = _ID_TOKEN_CLAIMS.isdisjoint(claims) if stated is None else stated in ("Bearer", "access")
    if kind not in ("jwt", "") or not is_access:
        raise InvalidToken("the token is no access token", hint="Send the access token, not the ID token.")


def scope_words(scopes: Iterable[Scope]) -> str:
    """Return scopes as they are written in tokens and challenges."""
    return " ".join(f"{SCOPE_PREFIX}{scope.value}" for scope in scopes)


def _media_type(header: Mapping[str, Any]) -> str:
    """Return `typ` without `application/`, in small letters (RFC 7515 section 4.1.9); empty when there is none."""
    return str(header.get("typ") or "").lower().removeprefix("application/")


def _end(seconds: Any, leeway_seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC) + timedelta(seconds=leeway_seconds)
    except (ValueError, TypeError, OverflowError, OSError):
        raise InvalidToken("the token does not say when it ends") from None


def _name(value: Any, claim: str) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= MAX_NAME_CHARACTERS:
        raise InvalidToken(f"the token's claim {claim} does not name a caller")
    return value


def _scope(words: Iterable[str]) -> Scope:
    """Return the widest of our scopes among the words."""
    granted = {word.removeprefix(SCOPE_PREFIX) for word in words}
    for scope in reversed(Scope):
        if scope.value in granted:
            return scope
    raise NoScope(
        "the token has none of this server's scopes",
        hint=f"Ask the issuer for one of: {scope_words(Scope)}.",
        needed=Scope.READ.value,
    )


def _projects(claims: Mapping[str, Any], claim: str) -> frozenset[str] | None:
    return frozenset(_words(claims, claim)) if claim in claims else None


def _databases(claims: Mapping[str, Any], claim: str) -> tuple[DatabaseGrant, ...] | None:
    if claim not in claims:
        return None
    try:
        return tuple(map(parse_grant, _words(claims, claim)))
    except InvalidGrant as error:
        raise InvalidToken(f"the token's claim {claim} is wrong: {error.message}", hint=error.hint) from None


def _words(claims: Mapping[str, Any], claim: str) -> list[str]:
    """Return a claim that is a list of words, or one text with blanks between them."""
    value = claims.get(claim, "")
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise InvalidToken(f"the token's claim {claim} is no list of words")
    return words
