"""What is found in databases, as their catalogues tell it.

Names are quoted where SQL needs quotes, except those that the rules of a definition are compared with: `schema_name`
and `name` of relations, and all that begin with `other_`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import BeforeValidator

from moorage.core.values import Value

Item = TypeVar("Item")
# A list of nothing is null in what PostgreSQL aggregates.
Many = Annotated[tuple[Item, ...], BeforeValidator(lambda value: value or ())]


class Kind(StrEnum):
    """Kinds of objects, in the order in which they are shown."""

    TABLE = "table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized_view"
    FOREIGN_TABLE = "foreign_table"
    SEQUENCE = "sequence"
    COLUMN = "column"
    FUNCTION = "function"
    PROCEDURE = "procedure"
    TYPE = "type"
    ENUM = "enum"
    EXTENSION = "extension"
    SCHEMA = "schema"
    INDEX = "index"
    TRIGGER = "trigger"
    POLICY = "policy"


RELATIONS = frozenset({Kind.TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.FOREIGN_TABLE, Kind.SEQUENCE})


class FoundObject(Value):
    """One object that a search found.

    Attributes:
        container: the table it belongs to, of columns, indexes, triggers and policies.
        id: its oid; of a column, its table's, with `number` telling which.
        detail: a column's type, a function's arguments, an extension's version.
    """

    kind: Kind
    schema_name: str
    container: str | None
    name: str
    id: int
    number: int
    detail: str | None


class SchemaCount(Value):
    """How many of the objects found are in one schema."""

    name: str
    count: int


class Found(Value):
    """One page of what a search found, and what there is beyond it."""

    total: int
    schemas: Many[SchemaCount]
    objects: Many[FoundObject]


class ObjectText(Value):
    """What there is to say of an object that is no relation."""

    kind: Kind
    id: int
    definition: str | None
    comment: str | None


class ObjectTexts(Value):
    """Several of them, in no order."""

    objects: Many[ObjectText]


class RelationName(Value):
    """A relation by its name; `quoted` as SQL has it."""

    schema_name: str
    name: str
    quoted: str


class Meant(RelationName):
    """A relation that a name may mean.

    Attributes:
        is_visible: its name alone means it, by the search path.
        is_exact: it is written as the call writes it; else only lowering makes it so.
    """

    id: int
    is_visible: bool
    is_exact: bool


class Column(Value):
    """One column.

    Attributes:
        identity, generated: as in pg_attribute: "a" or "d", "s" or "v"; empty for neither.
        base_type: of a domain, what it is made of.
        labels: of an enum, its values.
        is_readable: the role may read it.
    """

    name: str
    type: str
    is_required: bool
    default: str | None
    identity: str
    generated: str
    base_type: str | None
    labels: Many[str]
    is_readable: bool
    comment: str | None


class Relative(Value):
    """Another relation that this one has to do with."""

    name: str
    definition: str | None = None
    other_schema: str
    other_name: str


class Constraint(Value):
    """A constraint; with the relation it refers to, where it is a foreign key."""

    name: str
    definition: str | None
    other_schema: str | None
    other_name: str | None


class Index(Value):
    """An index that no constraint stands on."""

    definition: str
    is_valid: bool


class RowPolicy(Value):
    """A policy of row security."""

    name: str
    is_permissive: bool
    command: str
    using: str | None
    check: str | None


class Relation(Value):
    """Everything of one table, view, materialized view, foreign table or sequence.

    Attributes:
        is_locked: somebody changes it now, so that sizes, and all that has expressions in it, are missing.
        rows: an estimate, of partitioned tables over all partitions; None where nothing was counted yet.
        bytes: with indexes and all partitions; None where it has none of its own, or somebody holds it locked.
        references: foreign keys of others that refer to it.
        sources: what a view reads.
        definition: of a view; None where somebody holds what it reads locked.
    """

    kind: Kind
    id: int
    schema_name: str
    name: str
    quoted: str
    comment: str | None
    persistence: str
    is_locked: bool
    rows: int | None
    bytes: int | None
    columns: Many[Column]
    constraints: Many[Constraint]
    references: Many[Relative]
    indexes: Many[Index]
    triggers: Many[str]
    row_security: str | None
    policies: Many[RowPolicy]
    partition_key: str | None
    partition_bound: str | None
    parents: Many[Relative]
    children: Many[Relative]
    sources: Many[Relative]
    definition: str | None
    server: str | None
    sequence: str | None
    privileges: Many[str]


class Relations(Value):
    """Several relations, in the order they were asked for."""

    relations: Many[Relation]
