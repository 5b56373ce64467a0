"""How entities hang together, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

MAX_COMMENT_CHARACTERS = 20_000

ReferenceKind = Literal["chunk", "file", "commit", "url"]
CommentBody = Annotated[str, StringConstraints(min_length=1, max_length=MAX_COMMENT_CHARACTERS)]


class LinkKind(StrEnum):
    """What a link says of its source and its target.

    parent: the source is a part of the target, which ends after it; an entity has one parent at most.
    blocks: the target, with everything below it, waits for the source to end.
    relates: they have to do with each other, in no direction.
    duplicates: the source says the same as the target.
    """

    PARENT = "parent"
    BLOCKS = "blocks"
    RELATES = "relates"
    DUPLICATES = "duplicates"


@dataclass(frozen=True)
class Link:
    """One link between two entities."""

    source_id: UUID
    kind: LinkKind
    target_id: UUID


class CodeReference(BaseModel):
    """A place in code, or a page, that an entity has to do with.

    Attributes:
        repository: its name, where a project has several; "" otherwise.
        target: the id of a chunk, the path of a file inside its repository, the hash of a commit, or a URL.
        start_line: 1-based; 0 is the whole file.
        end_line: inclusive.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ReferenceKind
    target: str
    repository: str = ""
    start_line: int = 0
    end_line: int = 0
    note: str = ""


@dataclass(frozen=True)
class NewReference:
    """What an entity is to refer to."""

    entity_id: UUID
    reference: CodeReference


@dataclass(frozen=True)
class NewComment:
    """What is to be said about an entity."""

    entity_id: UUID
    body: CommentBody


class Comment(BaseModel):
    """What somebody said about an entity, and when."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    entity_id: UUID
    body: str
    created_at: datetime
    created_by: str
