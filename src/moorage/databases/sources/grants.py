"""Which databases a caller may see, and which it may write: asked here and nowhere else.

Whoever may see a database may read it as far as its own policy goes. Writing needs the scope write and, for a caller
whose databases are named, a grant that says so; the policy has its say after that.
"""

from __future__ import annotations

from moorage.core.access import Caller, NotAllowed, Scope, allow, current_caller
from moorage.databases.definitions import PROJECT_PREFIX, Database, Origin
from moorage.databases.errors import WriteNotAllowed


def may_see(database: Database, caller: Caller) -> bool:
    """Tell whether the database is there for this caller at all.

    That of a project is only for who sees the project. Callers of some projects see no other database that is not
    named for them.
    """
    if database.origin is Origin.PROJECT and not caller.sees(database.id.removeprefix(PROJECT_PREFIX)):
        return False
    if caller.databases is None:
        return caller.projects is None or database.origin is Origin.PROJECT
    return any(grant.covers(database.id, database.definition.tags) for grant in caller.databases)


def may_write(database: Database, caller: Caller) -> bool:
    """Tell whether this caller may write what it sees, where the policy of the database allows it."""
    if not caller.scope.includes(Scope.WRITE) or not may_see(database, caller):
        return False
    return caller.databases is None or any(
        grant.may_write and grant.covers(database.id, database.definition.tags) for grant in caller.databases
    )


def allow_write(database: Database) -> None:
    """Refuse when the current caller may not write the database.

    Raises:
        WriteNotAllowed: with what the caller lacks.
    """
    caller = current_caller()
    if may_write(database, caller):
        return
    lacking = "a grant to write it" if caller.scope.includes(Scope.WRITE) else f"the scope {Scope.WRITE.value}"
    raise WriteNotAllowed(
        f"{caller.name!r} may read {database.id!r}, but not write it: its token lacks {lacking}",
        hint="Ask an administrator of this server for a token that may write this database.",
    )


def allow_administration(what: str) -> None:
    """Refuse whoever is no administrator of the whole server: who makes databases could make one of any other.

    Args:
        what: is to be done, for the message: "adding a database".

    Raises:
        NotAllowed: the scope is not admin, or is for some projects or databases only.
    """
    allow(Scope.ADMIN, what)
    if current_caller().is_limited:
        raise NotAllowed(
            f"{what} is for administrators of the whole server",
            hint="Use a token that is not limited to some projects or databases.",
        )
