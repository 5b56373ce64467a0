"""Which tables a definition lets its database's callers name.

A rule is about what a statement names. A view, or a function, that may be used shows what its owner lets it show.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from moorage.databases.definitions import Definition
from moorage.databases.errors import StatementRefused
from moorage.databases.policy.secrets import SAMPLES

_OF_POSTGRESQL = ("pg_catalog", "information_schema")


def has_rules(definition: Definition) -> bool:
    return bool(
        definition.allowed_schemas or definition.denied_schemas or definition.allowed_tables or definition.denied_tables
    )


def is_open(schema: str, name: str, definition: Definition) -> bool:
    """Whether the rules let callers name a table, and so see that it is there."""
    return _refusing_field(schema, name, definition) is None


def is_open_schema(schema: str, definition: Definition) -> bool:
    """Whether the rules leave a schema open to callers: what is in it that is no table, as functions and types."""
    if _any(schema, definition.denied_schemas):
        return False
    return schema in _OF_POSTGRESQL or not definition.allowed_schemas or _any(schema, definition.allowed_schemas)


def check_table(schema: str, name: str, definition: Definition) -> None:
    """Refuse a table that a definition denies, or does not allow where it allows some only.

    Raises:
        StatementRefused: with the field of the definition that says so.
    """
    field = _refusing_field(schema, name, definition)
    if field is not None:
        raise StatementRefused(
            f"{schema}.{name} is not open to callers of this database ({field} of its definition)",
            hint="search_objects shows what is open.",
            table=f"{schema}.{name}",
        )


def _refusing_field(schema: str, name: str, definition: Definition) -> str | None:
    full = f"{schema}.{name}"
    if _any(schema, definition.denied_schemas):
        return "denied_schemas"
    if _any(full, map(_qualified, definition.denied_tables)):
        return "denied_tables"
    if schema in _OF_POSTGRESQL:
        return "allowed_tables" if name in SAMPLES and has_rules(definition) else None
    if definition.allowed_schemas and not _any(schema, definition.allowed_schemas):
        return "allowed_schemas"
    if definition.allowed_tables and not _any(full, map(_qualified, definition.allowed_tables)):
        return "allowed_tables"
    return None


def _qualified(pattern: str) -> str:
    """A table without its schema is meant in every schema."""
    return pattern if "." in pattern else f"*.{pattern}"


def _any(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
