"""Types as values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, NamedTuple

from pydantic import Field, StringConstraints

from moorage.core.values import GivenValue, Value
from moorage.workflow.documents import Document
from moorage.workflow.types.stepping import stepped
from moorage.workflow.types.steps import VersionSteps

TYPE_NAME = re.compile(r"[a-z_][a-z0-9_]*")
MAX_NAME_LENGTH = 63
MAX_PREFIX_LENGTH = 16

PropertyName = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class StateRules(GivenValue):
    """Which property is the state, and how it may change.

    Attributes:
        transitions: from each state to those that may follow; None allows every change.
        initial: the states that an entity may be created in; None allows all.
        final: the states in which the work is over: such entities block nobody and are not ready.
    """

    field: PropertyName = "status"
    transitions: dict[str, list[str]] | None = None
    initial: list[str] | None = None
    final: list[str] = []


class PriorityRules(GivenValue):
    """Which property says what is more urgent, and its values, most urgent first."""

    field: PropertyName = "priority"
    order: list[str | int] = Field(max_length=100)


class IndexedField(GivenValue):
    """A field that queries compare or sort by often; with `unique`, no two entities of the type share its value."""

    field: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    unique: bool = False


class TypeRules(GivenValue):
    """What a type says beyond its JSON Schema; defaults of properties stand in the schema itself.

    Attributes:
        key_prefix: of the entities' short keys: `T` makes T-1, T-2; None takes it from the name.
        title: the property that names an entity; None takes `title` or `name` where there is one.
        state: None for kinds that have no state, and so are no work: vendors, decisions.
    """

    key_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,15}$")] | None = None
    title: PropertyName | None = None
    state: StateRules | None = None
    priority: PriorityRules | None = None
    indexes: list[IndexedField] = Field(default=[], max_length=20)


class StoredType(Value):
    """One row of `entity_schemas`."""

    schema_name: str
    version: int
    description: str | None
    schema_definition: dict[str, Any]
    rules: TypeRules
    key_prefix: str
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


class Extent(Value):
    """How many entities a type has; those that are deleted can be restored, and keep it."""

    entities: int = 0
    deleted: int = 0


class RegisteredType(Value):
    """The answer to a registration.

    Attributes:
        fields: what its data holds, a line each.
        is_new: False when it was there already.
    """

    project_name: str
    schema_name: str
    version: int
    key_prefix: str
    fields: dict[str, str]
    is_new: bool


class TypeSummary(Value):
    """A type in a list; its fields are enough to write data, its schema decides."""

    schema_name: str
    description: str | None
    version: int
    key_prefix: str
    entities: int
    deleted: int
    fields: dict[str, str]


class TypeList(Value):
    """The types of a project.

    Attributes:
        packs: ready-made types that are not registered yet, and what they are for.
    """

    project_name: str
    types: list[TypeSummary]
    packs: dict[str, str]


class ShownType(Value):
    """A type whole."""

    project_name: str
    type: StoredType
    fields: dict[str, str]
    entities: int
    deleted: int


class DeletedType(Value):
    """The answer to the deletion of a type."""

    project_name: str
    schema_name: str
    version: int


@dataclass(frozen=True)
class Traits:
    """What the rules of a type make of an entity's data, kept in columns of its own.

    Attributes:
        is_open: it is work that is not over.
        priority: place in the type's order, 0 the most urgent; None without one.
    """

    title: str
    state: str | None
    is_open: bool
    priority: int | None


class Edition(NamedTuple):
    """Which version of a type it is.

    The number alone does not tell: in a database that was put in the place of another it may be another schema's.
    """

    version: int
    written_at: datetime


@dataclass(frozen=True)
class EntityType:
    """A type in use: its row, and what is made of it once.

    Attributes:
        validator: compiled from the schema; see `validation`.
        steps: those of all versions that have some, oldest first.
    """

    row: StoredType
    validator: Any
    steps: tuple[VersionSteps, ...] = ()

    @property
    def name(self) -> str:
        return self.row.schema_name

    @property
    def version(self) -> int:
        return self.row.version

    @property
    def edition(self) -> Edition:
        return Edition(self.row.version, self.row.updated_at)

    @property
    def rules(self) -> TypeRules:
        return self.row.rules

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """The defaults that the schema states of properties at the top."""
        properties = self.row.schema_definition.get("properties", {})
        return {
            name: each["default"] for name, each in properties.items() if isinstance(each, dict) and "default" in each
        }

    @cached_property
    def title_field(self) -> str | None:
        if self.rules.title is not None:
            return self.rules.title
        properties = self.row.schema_definition.get("properties", {})
        return next((name for name in ("title", "name") if name in properties), None)

    def brought_forward(self, data: Document, schema_version: int) -> Document:
        """Return data that satisfied an older version with the steps since then applied; not checked.

        Raises:
            StepsFailed, PatchFailed, InvalidPatch: the steps do not fit this data.
        """
        for each in self.steps:
            if each.to_version > schema_version:
                data = stepped(data, each.steps)
        return data

    def has_steps_since(self, schema_version: int) -> bool:
        """Whether data of this version has to be brought forward."""
        return bool(self.steps) and self.steps[-1].to_version > schema_version

    def traits_of(self, data: Document) -> Traits:
        """Return what the columns beside the data hold of it."""
        state = self._state_of(data)
        is_open = self.rules.state is not None and state not in self.rules.state.final
        return Traits(_text(data.get(self.title_field or "")), state, is_open, self._priority_of(data))

    def _state_of(self, data: Document) -> str | None:
        if self.rules.state is None:
            return None
        state = data.get(self.rules.state.field)
        return state if isinstance(state, str) else None

    def _priority_of(self, data: Document) -> int | None:
        if self.rules.priority is None:
            return None
        return _place(self.rules.priority.order, data.get(self.rules.priority.field))


def _place(order: Sequence[str | int], value: Any) -> int | None:
    return order.index(value) if isinstance(value, str | int) and value in order else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
