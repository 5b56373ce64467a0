"""The statements of the briefing and the board: one function each, connection in, models out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TypeVar

from moorage.core.postgres.queries import Executor, Row, load_statements
from moorage.workflow.briefing.models import (
    BlockedItem,
    Card,
    Column,
    HeldItem,
    LiveDeployment,
    RecentChange,
    Some,
    StateCount,
    TypeInUse,
    priority_of,
)
from moorage.workflow.types.models import EntityType, TypeRules

_statements = load_statements("moorage.workflow.briefing")
Item = TypeVar("Item")


async def types_in_use(connection: Executor) -> list[TypeInUse]:
    """Return every type of the project by name."""
    rows = await _statements.types_in_use(connection)
    return [_type_of(list(each)) for _, each in groupby(rows, key=lambda row: row["schema_name"])]


async def claim_live(connection: Executor, holder: str, *, limit: int) -> Some[HeldItem]:
    """Return what somebody holds, the claim that ends first before the others."""
    rows = await _statements.claim_live(connection, holder=holder, limit=limit)
    return _some(rows, lambda row: HeldItem(row["key"], row["title"], row["expires_at"]))


async def blocked_top(connection: Executor, *, limit: int) -> Some[BlockedItem]:
    """Return what is blocked, the most urgent first."""
    rows = await _statements.blocked_top(connection, limit=limit)
    names = ("key", "title", "blockers", "blocker_key", "blocker_title")
    return _some(rows, lambda row: BlockedItem(*(row[name] for name in names)))


async def change_last(connection: Executor, *, limit: int) -> list[RecentChange]:
    """Return the last changes, the latest first."""
    return [_change_of(row) for row in await _statements.change_last(connection, limit=limit)]


async def deployment_live(connection: Executor, *, limit: int) -> list[LiveDeployment]:
    """Return what is live, by environment."""
    rows = await _statements.deployment_live(connection, limit=limit)
    return [LiveDeployment(row["environment"], row["commit_sha"], row["branch"], row["deployed_at"]) for row in rows]


async def board_cards(connection: Executor, entity_type: EntityType, *, limit: int) -> list[Column]:
    """Return the columns that have cards, each with its first ones, by state."""
    rows = await _statements.board_cards(connection, schema_name=entity_type.name, limit=limit)
    columns = [(state, list(each)) for state, each in groupby(rows, key=lambda row: row["state"])]
    return [
        Column(state=state, number=each[0]["number"], cards=[_card_of(row, entity_type.rules) for row in each])
        for state, each in columns
    ]


def _some(rows: Sequence[Row], item_of: Callable[[Row], Item]) -> Some[Item]:
    return Some([item_of(row) for row in rows], rows[0]["number"] if rows else 0)


def _type_of(rows: Sequence[Row]) -> TypeInUse:
    counts = [StateCount(row["state"], row["is_open"], row["number"]) for row in rows if row["number"] is not None]
    return TypeInUse(rows[0]["schema_name"], TypeRules.model_validate(rows[0]["rules"]), counts)


def _change_of(row: Row) -> RecentChange:
    detail = row["detail"]
    name = detail.get("environment") or detail.get("schema_name") or ""
    key = row["key"] or detail.get("key")
    return RecentChange(
        row["subject"], row["operation"], row["created_at"], row["created_by"], key, row["title"] or "", str(name)
    )


def _card_of(row: Row, rules: TypeRules) -> Card:
    return Card(
        key=row["key"],
        title=row["title"],
        version=row["version"],
        priority=priority_of(rules, row["priority"]),
        holder=row["holder"],
    )
