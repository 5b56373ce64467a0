"""Making, listing and revoking tokens."""

from __future__ import annotations

from collections.abc import Sequence

from moorage.access import store
from moorage.access.errors import InvalidTokenRequest, TokenNameTaken, TokenNotFound
from moorage.access.models import NewToken, Token, hash_of, new_secret, parse_life, parse_token_name
from moorage.core.access import DatabaseGrant, NotAllowed, Scope, allow, current_caller, parse_grant
from moorage.projects.connections import ProjectConnectionManager

MAX_CALLS_PER_MINUTE = 1_000_000
MAX_GRANTS = 200


class TokenService:
    """The tokens of a registry. All of it is for administrators of the whole server."""

    def __init__(self, connections: ProjectConnectionManager) -> None:
        self._connections = connections

    async def list(self) -> Sequence[Token]:
        """Return all tokens in the order of their names, those that are no longer good among them."""
        _allow_administration("listing tokens")
        with self._connections.registry() as registry:
            return await store.token_list(registry)

    async def create(
        self,
        name: str,
        *,
        scope: Scope,
        projects: Sequence[str] | None = None,
        databases: Sequence[str] | None = None,
        expires: str | None = None,
        calls_per_minute: int | None = None,
    ) -> NewToken:
        """Make a token; its secret is in the answer and nowhere else.

        Args:
            projects: names of the projects it is good for; None is all of them, also those made later.
            databases: of other people, that it is good for: `analytics`, `tag:staging=write`, `project:*`; None is all
                of them, also those added later, or none where it is for some projects only.
            expires: `12h`, `30d`; None is never.

        Raises:
            InvalidTokenRequest, InvalidGrant, TokenNameTaken, NotAllowed.
        """
        _allow_administration("creating a token")
        parse_token_name(name)
        _check_rate(calls_per_minute)
        grants = None if databases is None else _parse_grants(databases, scope)
        life, secret = parse_life(expires), new_secret()
        with self._connections.registry() as registry:
            if projects is not None:
                _refuse_unknown(projects, await store.project_missing(registry, projects))
            token = await store.token_insert(
                registry,
                name=name,
                hashed=hash_of(secret),
                scope=scope,
                projects=None if projects is None else sorted(set(projects)),
                databases=grants,
                calls_per_minute=calls_per_minute,
                created_by=current_caller().name,
                life=life,
            )
        if token is None:
            raise _taken(name)
        return NewToken(**token.model_dump(), secret=secret)

    async def revoke(self, name: str) -> Token:
        """Make a token good for nothing, for ever; safe to repeat.

        Servers that run notice within `access.remember_seconds`.

        Raises:
            TokenNotFound, NotAllowed.
        """
        _allow_administration("revoking a token")
        with self._connections.registry() as registry:
            token = await store.token_revoke(registry, name)
        if token is None:
            raise TokenNotFound(f"there is no token {name[:80]!r}", hint="moorage token list shows them all.")
        return token


def _allow_administration(what: str) -> None:
    """Refuse also an administrator of some projects or databases: who makes tokens could make one for the others."""
    allow(Scope.ADMIN, what)
    if current_caller().is_limited:
        raise NotAllowed(
            f"{what} is for administrators of all projects and databases",
            hint="Use a token without projects and databases.",
        )


def _parse_grants(databases: Sequence[str], scope: Scope) -> list[DatabaseGrant]:
    """Return the grants, each once; one that the scope makes empty is refused, or nobody would notice."""
    grants = [parse_grant(text) for text in dict.fromkeys(databases)]
    if not 0 < len(grants) <= MAX_GRANTS:
        raise InvalidTokenRequest(
            f"databases has {len(grants)} entries",
            hint=f"Name 1 to {MAX_GRANTS}, or leave it out; tag:NAME and * mean many at once.",
            field="databases",
        )
    idle = next((grant for grant in grants if grant.may_write and not scope.includes(Scope.WRITE)), None)
    if idle is not None:
        raise InvalidTokenRequest(
            f"database {str(idle)!r} grants writing, which the scope {scope.value} does not include",
            hint=f"Use the scope {Scope.WRITE.value}, or leave =write out.",
            field="databases",
        )
    return grants


def _check_rate(calls_per_minute: int | None) -> None:
    if calls_per_minute is not None and not 1 <= calls_per_minute <= MAX_CALLS_PER_MINUTE:
        raise InvalidTokenRequest(
            f"calls_per_minute {calls_per_minute} is out of range",
            hint=f"Use 1 to {MAX_CALLS_PER_MINUTE}, or leave it out.",
            field="calls_per_minute",
        )


def _refuse_unknown(wanted: Sequence[str], missing: Sequence[str]) -> None:
    if not wanted:
        raise InvalidTokenRequest(
            "projects is empty", hint="Name a project, or leave it out for all.", field="projects"
        )
    if missing:
        raise InvalidTokenRequest(
            f"there is no project {', '.join(name[:80] for name in missing)}",
            hint="moorage project list shows the names; create the project first.",
            field="projects",
        )


def _taken(name: str) -> TokenNameTaken:
    return TokenNameTaken(
        f"there is a token {name!r} already",
        hint="Take another name: that of a revoked token stays taken, so that rows and logs tell who it was.",
    )
