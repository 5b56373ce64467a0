"""Operations of a batch, and its answer, as values."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from moorage.core.values import GivenValue, Value
from moorage.workflow.arguments import FITS_TOKEN, FITS_VERSION
from moorage.workflow.entities.models import Answer, Condition, Mode
from moorage.workflow.work.commenting import MAX_CHARACTERS
from moorage.workflow.work.models import LinkRole

MAX_OPERATIONS = 1_000
MAX_BYTES = 16 * 1024 * 1024

# Names what an earlier operation of the same batch made: its `ref` with a dollar before it.
REFERENCE_MARK = "$"

RefName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,60}$")]
EntityName = Annotated[str, Field(description="Id, key, or $ref of an earlier create.", min_length=1, max_length=100)]
Version = Annotated[int | None, Field(ge=1), FITS_VERSION]
Token = Annotated[int | None, Field(ge=1), FITS_TOKEN]


class _Operation(GivenValue):
    @property
    def names(self) -> tuple[str, ...]:
        """How it names entities that are there before it; the one that its answer is about first."""
        return ()

    @property
    def document(self) -> Any:
        """What of it may be large."""
        return None


class Create(_Operation):
    """Make an entity; `ref` names it for the operations that follow."""

    op: Literal["create"]
    schema_name: str
    data: dict[str, Any]
    ref: RefName | None = None

    @property
    def document(self) -> Any:
        return self.data


class _Write(_Operation):
    entity_id: EntityName
    expected_version: Version = None
    force: bool = False
    claim_token: Token = None

    @property
    def names(self) -> tuple[str, ...]:
        return (self.entity_id,)

    @property
    def condition(self) -> Condition:
        return Condition(self.expected_version, self.force, self.claim_token)


class Update(_Write):
    """Change an entity; see update_entity."""

    op: Literal["update"]
    data: dict[str, Any] | list[dict[str, Any]]
    mode: Mode = "replace"

    @property
    def document(self) -> Any:
        return self.data


class Delete(_Write):
    """Delete an entity that has no children, or none that this batch has not deleted before."""

    op: Literal["delete"]


class Restore(_Write):
    """Undo a deletion."""

    op: Literal["restore"]


class _LinkOperation(_Operation):
    entity_id: EntityName
    kind: LinkRole
    target: EntityName

    @property
    def names(self) -> tuple[str, ...]:
        return (self.entity_id, self.target)


class AddLink(_LinkOperation):
    """Link two entities, as link_entities does: entity_id blocks target, its parent is target."""

    op: Literal["link"]


class RemoveLink(_LinkOperation):
    """Take a link away."""

    op: Literal["unlink"]


class AddComment(_Operation):
    """Say something about an entity."""

    op: Literal["comment"]
    entity_id: EntityName
    body: Annotated[str, StringConstraints(min_length=1, max_length=MAX_CHARACTERS)]

    @property
    def names(self) -> tuple[str, ...]:
        return (self.entity_id,)


Write = Update | Delete | Restore
BatchOperation = Annotated[
    Create | Update | Delete | Restore | AddLink | RemoveLink | AddComment, Field(discriminator="op")
]
OPERATIONS: TypeAdapter[list[BatchOperation]] = TypeAdapter(list[BatchOperation])


class BatchResult(Answer):
    """What became of a batch.

    Attributes:
        keys: of the entity that each operation was about, in their order.
        versions: of every entity written, by key, as it is now.
        made: keys of what was created, by `ref`.
        unchanged: places of operations that found things so already, from 0.
    """

    keys: list[str]
    versions: dict[str, int]
    made: dict[str, str]
    unchanged: list[int]


class Problem(Value):
    """Why an operation cannot be done.

    Attributes:
        operation: its place as a JSON pointer, from 0; "/operations/3-7" where one of several is meant.
    """

    operation: str
    code: str
    message: str
    hint: str
    details: dict[str, Any]
