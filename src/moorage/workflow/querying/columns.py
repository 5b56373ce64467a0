"""What entities have beside their data, under names that no data can have: `@state`, `@updated_at`, ..."""

from __future__ import annotations

from collections.abc import Mapping

from moorage.workflow.querying.models import Column, Kind

_CLAIMED_BY = (
    "(SELECT claim.holder FROM workflow.claims AS claim"
    " WHERE claim.entity_id = entities.id AND claim.expires_at > clock_timestamp())"
)
# T-2 comes before T-10.
_KEY_ORDER = (
    ("split_part(entities.key, '-', 1)", Kind.TEXT),
    ("split_part(entities.key, '-', 2)::numeric", Kind.NUMBER),
)

_ALL = (
    Column("@id", "entities.id", Kind.ID),
    Column("@key", "entities.key", Kind.TEXT, sort=_KEY_ORDER),
    Column("@schema_name", "entities.schema_name", Kind.TEXT),
    Column("@schema_version", "entities.schema_version", Kind.NUMBER),
    Column("@version", "entities.version", Kind.NUMBER),
    Column("@title", "entities.title", Kind.TEXT, sort=(("left(entities.title, 200)", Kind.TEXT),)),
    Column("@state", "entities.state", Kind.TEXT, is_nullable=True),
    Column("@open", "entities.is_open", Kind.BOOLEAN),
    Column("@priority", "entities.priority", Kind.NUMBER, is_nullable=True),
    Column("@created_at", "entities.created_at", Kind.INSTANT),
    Column("@created_by", "entities.created_by", Kind.TEXT),
    Column("@updated_at", "entities.updated_at", Kind.INSTANT),
    Column("@updated_by", "entities.updated_by", Kind.TEXT),
    Column("@deleted", "(entities.deleted_at IS NOT NULL)", Kind.BOOLEAN),
    Column("@claimed_by", _CLAIMED_BY, Kind.TEXT, is_nullable=True),
)
COLUMNS: Mapping[str, Column] = {each.name: each for each in _ALL}
DELETED = COLUMNS["@deleted"]
PRIORITY = COLUMNS["@priority"]
