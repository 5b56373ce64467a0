"""The statements of exploring: session in, models out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from moorage.core.postgres.queries import Executor, load_statements
from moorage.databases.exploring.models import (
    Found,
    FoundObject,
    Kind,
    Meant,
    ObjectText,
    ObjectTexts,
    Relation,
    RelationName,
    Relations,
)
from moorage.databases.exploring.patterns import Pattern

_statements = load_statements("moorage.databases.exploring")
RUN_OF_CHARACTERS = 3
# Of PostgreSQL's names: https://www.postgresql.org/docs/current/limits.html
LONGEST_NAME = 63


async def object_search(
    session: Executor,
    pattern: Pattern,
    *,
    kinds: Sequence[Kind],
    schema_name: str | None,
    hiding: Mapping[str, str],
    limit: int,
    offset: int,
) -> Found:
    """Return one page of the objects that match, best first.

    Args:
        schema_name: look in this one only, a system's too; None is all but the system's.
        hiding: what the rules keep out of sight, as `hiding_of` returns it.
    """
    document = await _statements.object_search(
        session,
        names=json.dumps(pattern.names),
        containers=json.dumps(pattern.containers),
        remark=pattern.remark,
        plain=pattern.plain,
        prefix=pattern.prefix,
        is_everything=pattern.is_everything,
        kinds=json.dumps(kinds),
        schema_name=schema_name,
        limit=limit,
        offset=offset,
        **hiding,
    )
    return Found.model_validate_json(document)


async def relation_describe(session: Executor, ids: Sequence[int], *, is_full: bool) -> list[Relation]:
    """Return what there is to say of relations, in the order given; those that are gone are missing."""
    if not ids:
        return []
    document = await _statements.relation_describe(
        session, ids=json.dumps([str(each) for each in ids]), is_full=is_full
    )
    return list(Relations.model_validate_json(document).relations)


async def object_define(
    session: Executor, objects: Sequence[FoundObject], *, is_full: bool
) -> dict[tuple[Kind, int], ObjectText]:
    """Return what there is to say of objects that are no relations, by kind and id."""
    if not objects:
        return {}
    asked = json.dumps([{"kind": each.kind, "id": each.id} for each in objects])
    document = await _statements.object_define(session, objects=asked, is_full=is_full)
    return {(each.kind, each.id): each for each in ObjectTexts.model_validate_json(document).objects}


async def relation_find(session: Executor, name: str, schema_name: str | None) -> list[Meant]:
    """Return the relations that a name may mean, the likeliest first."""
    rows = await _statements.relation_find(session, name=name, schema_name=schema_name)
    return [Meant.model_validate(dict(row)) for row in rows]


async def relation_near(session: Executor, name: str) -> list[RelationName]:
    """Return the relations whose names have most in common with this one."""
    lowered = name.lower()[-LONGEST_NAME:]
    runs = {lowered[at : at + RUN_OF_CHARACTERS] for at in range(max(len(lowered) - RUN_OF_CHARACTERS + 1, 1))}
    rows = await _statements.relation_near(session, runs=json.dumps(sorted(runs)))
    return [RelationName.model_validate(dict(row)) for row in rows]
