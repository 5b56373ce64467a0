"""Who calls, and what they may do.

A door finds out who calls and keeps it for the length of the call; what is asked for is compared with it in two
places only: `allow` for the tool or route, and the registry's look-up for the project.
"""

from __future__ import annotations

import getpass
import math
import re
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from typing import Protocol

from moorage.core.errors import Exhausted, Forbidden, InvalidInput

SECONDS_A_MINUTE = 60.0
TAG_PREFIX = "tag:"
_GRANT = re.compile(r"(?P<wanted>[A-Za-z0-9_.:*-]{1,110})(=(?P<right>read|write))?")


class Scope(StrEnum):
    """How much a caller may do; each includes the ones before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def includes(self, other: Scope) -> bool:
        return _ORDER[self] >= _ORDER[other]


_ORDER = {scope: place for place, scope in enumerate(Scope)}


class NotAllowed(Forbidden):
    """The caller is known, but may not call this."""

    code = "access.not_allowed"


class Unauthenticated(Forbidden):
    """Nobody knows who calls: no token, or one that is not good (any more). HTTP answers 401."""

    code = "access.unauthenticated"


class TooManyCalls(Exhausted):
    """The caller has used up its calls for now; `details` say when the next one is due. HTTP answers 429."""

    code = "access.too_many_calls"


class InvalidGrant(InvalidInput):
    """The words that are to say which databases a token is good for do not; the message has them."""

    code = "access.invalid_grant"


@dataclass(frozen=True)
class DatabaseGrant:
    """Some databases of other people, and whether they may be written.

    Attributes:
        wanted: an id, or `tag:` and a tag; `*` stands for any text in either.
    """

    wanted: str
    may_write: bool = False

    def covers(self, database_id: str, tags: Iterable[str]) -> bool:
        """Tell whether a database is meant; what begins with `tag:` means tags, never ids."""
        if self.wanted.startswith(TAG_PREFIX):
            tag = self.wanted.removeprefix(TAG_PREFIX)
            return any(fnmatchcase(each, tag) for each in tags)
        return fnmatchcase(database_id, self.wanted)

    def __str__(self) -> str:
        return f"{self.wanted}=write" if self.may_write else self.wanted


def parse_grant(text: str) -> DatabaseGrant:
    """Read `analytics`, `analytics=write`, `tag:staging=write`, `project:*`; without a right, `read`.

    Raises:
        InvalidGrant: it is none of these.
    """
    found = _GRANT.fullmatch(text)
    if found is None or found["wanted"] == TAG_PREFIX:
        raise InvalidGrant(
            f"database {text[:120]!r} does not say which databases, and what may be done there",
            hint="Write an id or tag:NAME, * for any text, and =write to write too: 'analytics', 'tag:staging=write'.",
            field="databases",
        )
    return DatabaseGrant(found["wanted"], found["right"] == "write")


@dataclass
class CallLimit:
    """A token bucket: so many calls at once, and as many again in the course of each minute.

    Source: https://en.wikipedia.org/wiki/Token_bucket
    """

    calls_per_minute: int
    left: float = field(init=False)
    counted_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self.counted_at = float(self.calls_per_minute), time.monotonic()

    def take(self) -> float:
        """Take one call; return 0, or the seconds after which there will be one."""
        now, per_second = time.monotonic(), self.calls_per_minute / SECONDS_A_MINUTE
        self.left = min(self.left + (now - self.counted_at) * per_second, self.calls_per_minute)
        self.counted_at = now
        if self.left < 1:
            return (1 - self.left) / per_second
        self.left -= 1
        return 0.0


@dataclass(frozen=True)
class Caller:
    """Who makes a call.

    Attributes:
        name: as written into rows and logs: the token's name, the subject of an issuer, the system's user.
        projects: names of the projects the caller may see; None is all of them.
        databases: of other people, that it may use; None is all of them where `projects` is None as well, else none.
        is_local: it is the user of this machine, whose files this process reads.
        expires_at: the caller is nobody from then on; None is never.
        calls_per_minute: what its token says; None is what the settings say for everybody.
        limit: what is left of its calls; None is any number. All calls of one caller share it.
    """

    name: str
    scope: Scope
    projects: frozenset[str] | None = None
    databases: tuple[DatabaseGrant, ...] | None = None
    is_local: bool = False
    expires_at: datetime | None = None
    calls_per_minute: int | None = None
    limit: CallLimit | None = field(default=None, compare=False)

    def sees(self, project_name: str) -> bool:
        return self.projects is None or project_name in self.projects

    @property
    def is_limited(self) -> bool:
        """Whether some projects or databases are out of reach, whatever the scope says."""
        return self.projects is not None or self.databases is not None


class Gate(Protocol):
    """Finds out who calls over the network."""

    async def caller_of(self, token: str | None, *, path: str) -> Caller:
        """Return who calls this path with this token; None is without any.

        Raises:
            Unauthenticated: nobody knows.
            Unavailable: what knows it does not answer.
        """
        ...

    def challenge(self, path: str, *, error: str | None, needed: Scope | None = None) -> str:
        """Return what the answers 401 and 403 say of the way in (`WWW-Authenticate`, RFC 6750 section 3).

        Args:
            error: `invalid_token` or `insufficient_scope`; None when the request had no token at all.
            needed: with `insufficient_scope`, what would suffice.
        """
        ...


class OpenGate:
    """Lets everybody in as the operating system's user: for a server that only this machine can reach."""

    async def caller_of(self, token: str | None, *, path: str) -> Caller:  # noqa: ARG002
        return system_user()

    def challenge(self, path: str, *, error: str | None, needed: Scope | None = None) -> str:  # noqa: ARG002
        return "Bearer"


NOBODY = Caller("nobody", Scope.READ, frozenset())
"""Who calls the few routes where nobody is asked: it sees no project."""


@cache
def system_user() -> Caller:
    """Return the user of the operating system that this process runs as; it may do everything."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a user id without an entry
        name = "unknown"
    return Caller(name, Scope.ADMIN, is_local=True)


_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)


def current_caller() -> Caller:
    """Return who makes the call that this task serves; outside any call the operating system's user."""
    return _caller.get() or system_user()


@contextmanager
def acting_as(caller: Caller) -> Generator[None]:
    """Do what follows in the name of `caller`, also in tasks that are started meanwhile."""
    before = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(before)


def count_call(caller: Caller) -> None:
    """Take one of the caller's calls.

    Raises:
        TooManyCalls: none is left for now.
    """
    seconds = caller.limit.take() if caller.limit else 0
    if seconds:
        wait = math.ceil(seconds)
        raise TooManyCalls(
            f"{caller.name!r} has used up its calls for now",
            hint=f"Call again in {wait} s; an administrator of this server can raise the limit.",
            retry_after_seconds=wait,
        )


def allow(needed: Scope, what: str) -> None:
    """Refuse when the current caller's scope does not include `needed`.

    Args:
        what: what is called, for the message: "the tool create_project".

    Raises:
        NotAllowed: with what is needed and what the caller has.
    """
    caller = current_caller()
    if not caller.scope.includes(needed):
        raise NotAllowed(
            f"{what} needs the scope {needed.value}; {caller.name!r} has {caller.scope.value}",
            hint="Ask an administrator of this server for a token with that scope.",
            needed=needed.value,
        )
