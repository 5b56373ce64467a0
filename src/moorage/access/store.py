"""The statements about tokens."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from moorage.access.models import Token
from moorage.core.access import DatabaseGrant, Scope
from moorage.core.postgres.queries import Executor, load_statements

_statements = load_statements("moorage.access")


async def token_insert(
    registry: Executor,
    *,
    name: str,
    hashed: bytes,
    scope: Scope,
    projects: Sequence[str] | None,
    databases: Sequence[DatabaseGrant] | None,
    calls_per_minute: int | None,
    created_by: str,
    life: timedelta | None,
) -> Token | None:
    """Insert a token; None when its name is taken."""
    row = await _statements.token_insert(
        registry,
        name=name,
        hash=hashed,
        scope=scope.value,
        projects=None if projects is None else list(projects),
        databases=None if databases is None else [str(grant) for grant in databases],
        calls_per_minute=calls_per_minute,
        created_by=created_by,
        life=life,
    )
    return _token(row)


async def token_find(registry: Executor, hashes: Collection[bytes]) -> dict[bytes, Token]:
    """Return the tokens with these hashes; expired and revoked ones are among them, unknown ones are absent."""
    rows = [dict(row) for row in await _statements.token_find(registry, hashes=list(hashes))]
    return {row.pop("hash"): Token.model_validate(row) for row in rows}


async def token_list(registry: Executor) -> list[Token]:
    return [Token.model_validate(dict(row)) for row in await _statements.token_list(registry)]


async def token_revoke(registry: Executor, name: str) -> Token | None:
    return _token(await _statements.token_revoke(registry, name=name))


async def token_exists(registry: Executor) -> bool:
    return await _statements.token_exists(registry)


async def token_is_usable(registry: Executor) -> bool:
    return await _statements.token_is_usable(registry)


async def token_touch(registry: Executor, used: Mapping[UUID, datetime]) -> None:
    """Record when each of these tokens was used last."""
    await _statements.token_touch(registry, ids=list(used), times=list(used.values()))


async def project_missing(registry: Executor, names: Sequence[str]) -> list[str]:
    """Return those of the names that no project has."""
    return [row["name"] for row in await _statements.project_missing(registry, names=list(names))]


def _token(row: Any) -> Token | None:
    return None if row is None else Token.model_validate(dict(row))
