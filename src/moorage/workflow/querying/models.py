"""What can be asked for, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from moorage.core.values import Value
from moorage.workflow.documents import Document
from moorage.workflow.fields import FieldPath

View = Literal["summary", "full"]
DEFAULT_LIMIT = 20
MAX_LIMIT = 200


class Kind(StrEnum):
    """What values of a field are compared as; ANY is what a type leaves open."""

    TEXT = "text"
    NUMBER = "number"
    INSTANT = "instant"
    BOOLEAN = "boolean"
    ID = "id"
    ANY = "any"


@dataclass(frozen=True)
class Column:
    """What an entity has beside its data.

    Attributes:
        name: with its `@`.
        expression: SQL over `entities`.
        sort: what it is sorted by, where that is not the expression itself.
    """

    name: str
    expression: str
    kind: Kind
    is_nullable: bool = False
    sort: tuple[tuple[str, Kind], ...] = ()


@dataclass(frozen=True)
class DataField:
    """A place in an entity's data.

    Attributes:
        name: as the caller wrote it.
        is_indexed: the one type that is asked for declares an index for it.
        is_priority: its type says in which order its values come; a column holds the place.
    """

    name: str
    path: FieldPath
    kind: Kind = Kind.ANY
    is_indexed: bool = False
    is_unique: bool = False
    is_priority: bool = False


Field = Column | DataField
# How far an entity is from a question, and its id.
Distance = tuple[float, UUID]


@dataclass(frozen=True)
class Query:
    """A question for entities, as the caller puts it.

    Attributes:
        search: words, as in a search engine: "exact phrase", or, -without.
        meaning: a text; what is alike in meaning comes first.
        sort: names of fields; with a leading minus, largest first. None: the newest change, or the best match, first.
        fields: only these, beside the key.
        count: how many there are in all, up to `MAX_COUNTED`.
    """

    schema_name: str | None = None
    filters: Document = field(default_factory=dict)
    search: str | None = None
    meaning: str | None = None
    sort: tuple[str, ...] | None = None
    fields: tuple[str, ...] | None = None
    view: View = "summary"
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None
    count: bool = False


class QueryResult(Value):
    """One page of entities."""

    project_name: str
    entities: tuple[dict[str, Any], ...]
    # On all pages, where it was asked for; with `total_is_at_least`, counting ended there.
    total: int | None = None
    total_is_at_least: bool = False
    next_cursor: str | None = None
    # Fewer than asked for are shown, because the answer would be too large.
    truncated: bool = False
    notes: tuple[str, ...] = ()
