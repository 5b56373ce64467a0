"""What is exchanged, as values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from moorage.core.values import Value
from moorage.workflow.documents import Document
from moorage.workflow.entities.models import Answer
from moorage.workflow.work.models import LinkKind

ImportFormat = Literal["github", "beads", "csv", "markdown"]
ExportFormat = Literal["csv", "markdown", "json"]
# Told of the total with each entity.
OnProgress = Callable[[int], None]


class Progress(StrEnum):
    """How far an item of another program is; each type has a state of its own for it."""

    OPEN = "open"
    STARTED = "started"
    BLOCKED = "blocked"
    DONE = "done"
    DROPPED = "dropped"


@dataclass(frozen=True)
class ProposedLink:
    """A link between two items of the source, by their external ids."""

    source: str
    kind: LinkKind
    target: str


@dataclass(frozen=True)
class Proposal:
    """An item of another program that should become an entity.

    Attributes:
        place: where it stands, for messages: "line 3".
        external_id: tells it from the others of its source, today and when the import is repeated.
        urgency: 0 is the most urgent, 4 the least; None says nothing.
        more: its other fields under their own names; those that the type has no room for are told, not kept.
        cells: fields of a table by column, as text that the type's schema gives a type to.
        comments: what was said about it, oldest first.
        urls: where it can be looked at.
    """

    place: str
    external_id: str
    schema_name: str
    title: str | None = None
    description: str | None = None
    progress: Progress | None = None
    urgency: int | None = None
    labels: Sequence[str] = ()
    people: Sequence[str] = ()
    more: Document = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    comments: Sequence[str] = ()
    urls: Sequence[str] = ()


@dataclass(frozen=True)
class KnownEntity:
    """An entity that is in already."""

    id: UUID
    is_deleted: bool


@dataclass(frozen=True)
class Reading:
    """What a text holds.

    Attributes:
        source: where the external ids are from; None where the text does not say.
        skipped: what is no item, in words.
    """

    proposals: list[Proposal]
    links: list[ProposedLink] = field(default_factory=list)
    source: str | None = None
    skipped: list[str] = field(default_factory=list)


class LeftOut(Value):
    """A field of the source for which a type has no room.

    Attributes:
        count: of how many items.
        places: the first of them.
    """

    field: str
    count: int
    places: list[str]


class ImportedEntity(Value):
    """An entity that an import made, or would make."""

    external_id: str
    schema_name: str
    key: str | None
    title: str


class ImportReport(Answer):
    """What an import did; in a dry run, what it would do.

    Attributes:
        entities: the first of those made; they have no keys in a dry run.
        existing: how many were imported before, and stay as they are now.
        types_registered: ready-made types that the project had not.
        left_out: fields for which the types have no room; nothing else of an item is lost.
        skipped: what in the source is no item.
    """

    source: str
    dry_run: bool
    created: int
    existing: int
    entities: list[ImportedEntity]
    links: int
    references: int
    comments: int
    types_registered: list[str]
    left_out: list[LeftOut]
    skipped: list[str]


class ExportedText(Value):
    """Entities as text.

    Attributes:
        entities: how many of `total` the text holds; `truncated` says that it is not all.
    """

    project_name: str
    format: ExportFormat
    schema_name: str
    text: str
    entities: int
    total: int
    truncated: bool


class ExportedFolder(Value):
    """What was written into a folder.

    Attributes:
        changed: how many files are new or have other content than before.
        removed: how many files of an earlier export are gone.
    """

    project_name: str
    folder: str
    entities: int
    types: int
    deployments: int
    changed: int
    removed: int


class RestoredFolder(Value):
    """What came back out of a folder.

    Attributes:
        existing: how many entities the project had already; they stay as they are there.
    """

    project_name: str
    dry_run: bool
    entities: int
    existing: int
    types: int
    deployments: int


JsonObject = dict[str, Any]
