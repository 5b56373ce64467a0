"""Who calls, and what they may do.

A door finds out who calls and keeps it for the length of the call; what is asked for is compared with it in two
places only: `allow` for the tool or route, and the registry's look-up for the project.
"""

from __future__ import annotations

import getpass
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum

from moorage.core.errors import Forbidden


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


@dataclass(frozen=True)
class Caller:
    """Who makes a call.

    Attributes:
        name: as written into rows and logs: the token's name, the subject of an issuer, the system's user.
        projects: names of the projects the caller may see; None is all of them.
    """

    name: str
    scope: Scope
    projects: frozenset[str] | None = None

    def sees(self, project_name: str) -> bool:
        return self.projects is None or project_name in self.projects


def system_user() -> Caller:
    """Return the user of the operating system that this process runs as; it may do everything."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a user id without an entry
        name = "unknown"
    return Caller(name, Scope.ADMIN)


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
