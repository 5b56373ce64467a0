"""Tokens as values: what is kept of one, and how a request for one is read."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from pydantic import computed_field

from moorage.access.errors import InvalidTokenRequest
from moorage.core.access import Caller, Scope, parse_grant
from moorage.core.values import Value

PREFIX = "mrg_"
TOKEN_VARIABLE = "MOORAGE_TOKEN"  # noqa: S105
"""The environment variable in which clients are told to keep theirs."""

SECRET_BYTES = 32
"""256 bits: nobody guesses one, so that a plain SHA-256 of it is as good as a slow hash."""

MAX_LIFE = timedelta(days=3650)
_TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")  # 32 bytes in base64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")
_DURATION = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Token(Value):
    """What the registry keeps of a token; the token itself is not among it.

    Attributes:
        projects: names of the projects it is good for; None is all of them.
        databases: of other people, that it is good for, as `parse_grant` reads them; None is all of them for a token of
            all projects, and none for one of some.
        last_used_at: to about half a minute.
    """

    id: UUID
    name: str
    scope: Scope
    projects: tuple[str, ...] | None
    databases: tuple[str, ...] | None
    calls_per_minute: int | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    @computed_field
    @property
    def state(self) -> str:
        """Return "usable", "expired" or "revoked"."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= datetime.now(UTC) else "usable"

    def caller(self) -> Caller:
        projects = None if self.projects is None else frozenset(self.projects)
        databases = None if self.databases is None else tuple(map(parse_grant, self.databases))
        return Caller(
            self.name,
            self.scope,
            projects,
            databases,
            expires_at=self.expires_at,
            calls_per_minute=self.calls_per_minute,
        )


class NewToken(Token):
    """A token that was just made, with its secret: the only time that it is seen."""

    secret: str


def new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(SECRET_BYTES)


def hash_of(secret: str) -> bytes:
    """Return what is kept of a token, and what it is found by: comparing takes no time that tells anything of it."""
    return sha256(secret.encode()).digest()


def is_own(secret: str) -> bool:
    """Tell whether this could be a token of ours; another may be one of an issuer."""
    return _TOKEN.fullmatch(secret) is not None


def parse_token_name(text: str) -> str:
    """Return `text` as a token's name.

    Raises:
        InvalidTokenRequest: it is not 1 to 63 letters, digits and . _ @ -, beginning with a letter or digit.
    """
    if _NAME.fullmatch(text):
        return text
    raise InvalidTokenRequest(
        f"name {text[:80]!r} is not a token's name",
        hint="Use 1 to 63 letters, digits and . _ @ -, for instance 'ci' or 'ada@laptop'.",
        field="name",
    )


def parse_life(text: str | None) -> timedelta | None:
    """Return how long a token lives: `90m`, `12h`, `30d` or `4w`; None is for ever.

    Raises:
        InvalidTokenRequest: it is none of these, zero, or above ten years.
    """
    if text is None:
        return None
    found = _DURATION.fullmatch(text)
    life = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta(0)
    if not timedelta(0) < life <= MAX_LIFE:
        raise InvalidTokenRequest(
            f"expires {text[:80]!r} is not a time to live",
            hint="Write a number and m, h, d or w, up to ten years: 12h, 30d. Leave it out for a token without end.",
            field="expires",
        )
    return life
