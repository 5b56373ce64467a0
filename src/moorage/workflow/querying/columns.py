"""What entities have beside their data, under names that no data can have: `@state`, `@updated_at`, ..."""

from __future__ import annotations

from collections.abc import Mapping

from moorage.workflow.querying.models import Column, Kind

_CLAIMED_BY = (
    "(SELECT claim.holder FROM workflow.claims AS claim"
    " WHERE claim.entity_id = entity.id AND claim.expires_at > clock_timestamp())"
)
# T-2 comes before T-10.
_KEY_ORDER = (
    ("split_part(entity.key, '-', 1)", Kind.TEXT),
    ("split_part(entity.key, '-', 2)::numeric", Kind.NUMBER),
)

_ALL = (
    Column("@id", "entity.id", Kind.ID),
    Column("@key", "entity.key", Kind.TEXT, sort=_KEY_ORDER),
    Column("@schema_name", "entity.schema_name", Kind.TEXT),
    Column("@schema_version", "entity.schema_version", Kind.NUMBER),
    Column("@version", "entity.version", Kind.NUMBER),
    Column("@title", "entity.title", Kind.TEXT, sort=(("left(entity.title, 200)", Kind.TEXT),)),
    Column("@state", "entity.state", Kind.TEXT, is_nullable=True),
    Column("@open", "entity.is_open", Kind.BOOLEAN),
    Column("@priority", "entity.priority", Kind.NUMBER, is_nullable=True),
    Column("@created_at", "entity.created_at", Kind.INSTANT),
    Column("@created_by", "entity.created_by", Kind.TEXT),
    Column("@updated_at", "entity.updated_at", Kind.INSTANT),
    Column("@updated_by", "entity.updated_by", Kind.TEXT),
    Column("@deleted", "(entity.deleted_at IS NOT NULL)", Kind.BOOLEAN),
    Column("@claimed_by", _CLAIMED_BY, Kind.TEXT, is_nullable=True),
)
COLUMNS: Mapping[str, Column] = {each.name: each for each in _ALL}
DELETED = COLUMNS["@deleted"]
PRIORITY = COLUMNS["@priority"]
