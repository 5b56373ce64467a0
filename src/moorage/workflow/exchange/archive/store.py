"""The statements that read everything of a project, and write it as it was: connection in, models out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from moorage.core.postgres.queries import Executor, Row, load_statements
from moorage.workflow.exchange.archive.models import ArchivedDeployment, ArchivedEntity, ArchivedType
from moorage.workflow.types.models import Traits
from moorage.workflow.work.models import Link, LinkKind

_statements = load_statements("moorage.workflow.exchange.archive")
_PARTS_OF_ENTITY = ("versions", "links", "references", "comments", "origins")

Plain = dict[str, Any]


async def entity_count(connection: Executor) -> int:
    return await _statements.entity_count(connection)


async def entity_page(connection: Executor, *, after: UUID | None, limit: int) -> list[ArchivedEntity]:
    """Return entities with all that hangs on them, in the order of their ids."""
    rows = await _statements.entity_page(connection, after=after, limit=limit)
    ids = [row["id"] for row in rows]
    parts = {
        "versions": await _statements.version_of(connection, entity_ids=ids),
        "links": await _statements.link_of(connection, entity_ids=ids),
        "references": await _statements.reference_of(connection, entity_ids=ids),
        "comments": await _statements.comment_of(connection, entity_ids=ids),
        "origins": await _statements.origin_of(connection, entity_ids=ids),
    }
    grouped = {name: _grouped(found, "entity_id") for name, found in parts.items()}
    return [
        ArchivedEntity.model_validate({**row, **{name: grouped[name][row["id"]] for name in _PARTS_OF_ENTITY}})
        for row in rows
    ]


async def type_all(connection: Executor) -> list[ArchivedType]:
    """Return every type with its versions."""
    versions = _grouped(await _statements.type_version_all(connection), "schema_name")
    migrations = _grouped(await _statements.migration_all(connection), "schema_name")
    return [
        ArchivedType.model_validate(
            {**row, "versions": versions[row["schema_name"]], "migrations": migrations[row["schema_name"]]}
        )
        for row in await _statements.type_all(connection)
    ]


async def type_keep_in(transaction: Executor) -> None:
    """Keep the types that there are as they are until the transaction ends."""
    await _statements.type_keep(transaction)


async def deployment_page(connection: Executor, *, after: UUID | None, limit: int) -> list[ArchivedDeployment]:
    """Return deployments with their transitions and work items, in the order of their ids."""
    rows = await _statements.deployment_page(connection, after=after, limit=limit)
    ids = [row["id"] for row in rows]
    transitions = _grouped(await _statements.transition_of(connection, deployment_ids=ids), "deployment_id")
    items = _grouped(await _statements.item_of(connection, deployment_ids=ids), "deployment_id")
    return [
        ArchivedDeployment.model_validate(
            {**row, "transitions": transitions[row["id"]], "work_items": [each["key"] for each in items[row["id"]]]}
        )
        for row in rows
    ]


async def number_reserve(connection: Executor, number: int) -> None:
    """Let keys go on after this number; no transaction undoes it."""
    await _statements.number_reserve(connection, number=number)


async def entity_there(connection: Executor, ids: Sequence[UUID], keys: Sequence[str]) -> dict[UUID, str]:
    """Return the keys of the entities that have one of these ids or keys, by id."""
    rows = await _statements.entity_there(connection, ids=list(ids), keys=list(keys))
    return {row["id"]: row["key"] for row in rows}


async def deployment_there(connection: Executor, deployments: Sequence[ArchivedDeployment]) -> list[Plain]:
    """Return the deployments that have one of these ids, or the environment, commit and attempt of one."""
    rows = await _statements.deployment_there(
        connection,
        ids=[each.id for each in deployments],
        environments=[each.environment for each in deployments],
        commits=[each.commit_sha for each in deployments],
        attempts=[each.attempt for each in deployments],
    )
    return [dict(row) for row in rows]


async def type_restore_in(transaction: Executor, types: Sequence[ArchivedType], *, actor: str) -> None:
    plain = [each.model_dump(mode="json") for each in types]
    await _statements.type_restore(
        transaction,
        types=plain,
        versions=_parts(plain, "versions", "schema_name", "schema_name"),
        migrations=_parts(plain, "migrations", "schema_name", "schema_name"),
        actor=actor,
    )


async def entity_restore_in(
    transaction: Executor, entities: Sequence[ArchivedEntity], traits: Sequence[Traits], *, actor: str
) -> None:
    """Write entities as they were, but for their links."""
    plain = [each.model_dump(mode="json") for each in entities]
    await _statements.entity_restore(
        transaction,
        entities=[{**each, **_columns(own)} for each, own in zip(plain, traits, strict=True)],
        actor=actor,
        **{name: _parts(plain, name, "id", "entity_id") for name in _PARTS_OF_ENTITY if name != "links"},
    )


async def link_restore_in(transaction: Executor, entities: Sequence[ArchivedEntity], *, actor: str) -> list[Link]:
    """Write the links of entities; those whose target is not there do not come back."""
    plain = [each.model_dump(mode="json", include={"id", "links"}) for each in entities]
    links = _parts(plain, "links", "id", "source_id")
    rows = await _statements.link_restore(transaction, links=links, actor=actor)
    return [Link(row["source_id"], LinkKind(row["kind"]), row["target_id"]) for row in rows]


async def deployment_restore_in(
    transaction: Executor, deployments: Sequence[ArchivedDeployment], *, actor: str
) -> None:
    plain = [each.model_dump(mode="json") for each in deployments]
    await _statements.deployment_restore(
        transaction,
        deployments=plain,
        transitions=_parts(plain, "transitions", "id", "deployment_id"),
        items=[{"deployment_id": each["id"], "key": key} for each in plain for key in each["work_items"]],
        actor=actor,
    )


def _grouped(rows: Sequence[Row], column: str) -> Mapping[Any, list[Plain]]:
    """Return rows by a column, which they lose."""
    groups: dict[Any, list[Plain]] = defaultdict(list)
    for row in rows:
        plain = dict(row)
        groups[plain.pop(column)].append(plain)
    return groups


def _parts(wholes: Sequence[Plain], name: str, id_name: str, column: str) -> list[Plain]:
    """Return the parts of many wholes as rows, each with the id of its whole."""
    return [{column: whole[id_name], **part} for whole in wholes for part in whole[name]]


def _columns(traits: Traits) -> Plain:
    return {"title": traits.title, "state": traits.state, "is_open": traits.is_open, "priority": traits.priority}
