"""How a saved query is described: its statement, its parameters with their types, and where it may run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import Field, StrictBool, StrictInt, field_validator, model_validator

from moorage.core.values import GivenValue

# With `query_` before it, it is the name of a tool, and those have at most 40 characters.
QUERY_NAME = re.compile(r"[a-z][a-z0-9_]{0,33}")
OWN_ARGUMENTS = frozenset({"database_id", "call"})


class ParameterType(StrEnum):
    """What values a parameter takes; as a list with `[]` behind it."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    JSON = "json"
    TEXTS = "text[]"
    INTEGERS = "integer[]"
    NUMBERS = "number[]"
    BOOLEANS = "boolean[]"
    DATES = "date[]"
    TIMESTAMPS = "timestamp[]"

    @property
    def of_each(self) -> ParameterType:
        """The type of one value, where this is a list."""
        return ParameterType(self.value.removesuffix("[]"))

    @property
    def is_list(self) -> bool:
        return self.value.endswith("[]")


_ORDERED = {ParameterType.INTEGER, ParameterType.NUMBER}


class QueryParameter(GivenValue):
    """One parameter; one that has a default can be left out, also where the default is null."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="As it stands behind the colon in the SQL.")
    type: ParameterType = Field(ParameterType.TEXT, description="What values it takes.")
    description: str = Field("", max_length=300, description="What it means; agents read it.")
    default: Any = Field(None, description="Its value when a call gives none.")
    enum: tuple[StrictBool | StrictInt | float | str, ...] = Field((), max_length=100, description="Only these values.")
    min: StrictInt | float | None = Field(None, description="Of numbers.")
    max: StrictInt | float | None = Field(None, description="Of numbers.")
    pattern: str | None = Field(
        None, max_length=300, description="A regular expression found in texts; ^ and $ make it the whole."
    )

    @property
    def is_required(self) -> bool:
        return "default" not in self.model_fields_set

    @field_validator("name")
    @classmethod
    def _is_free(cls, value: str) -> str:
        if value in OWN_ARGUMENTS:
            raise ValueError("is an argument of every query; choose another")
        return value

    @model_validator(mode="after")
    def _fits_its_type(self) -> QueryParameter:
        if (self.min is not None or self.max is not None) and self.type.of_each not in _ORDERED:
            raise ValueError(f"min and max are for numbers, and {self.name} is of type {self.type}")
        if self.pattern is not None and self.type.of_each is not ParameterType.TEXT:
            raise ValueError(f"pattern is for text, and {self.name} is of type {self.type}")
        return self


class SavedQuery(GivenValue):
    """One statement that an operator has written."""

    description: str = Field(min_length=1, max_length=500, description="What it answers, and when to use it.")
    sql: str = Field(min_length=1, max_length=100_000, description="One statement, with :name for each parameter.")
    databases: tuple[str, ...] = Field(
        (), description="Where it may run: ids, tag:NAME, or *; none named means the default database."
    )
    parameters: tuple[QueryParameter, ...] = Field((), max_length=30, description="In the order agents see them.")
    max_rows: int | None = Field(None, ge=1, le=100_000, description="Rows of an answer; default the database's.")
    writes: bool = Field(False, description="Whether it may write, where the database's policy lets it.")

    @field_validator("databases", mode="before")
    @classmethod
    def _as_list(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("parameters")
    @classmethod
    def _have_names_of_their_own(cls, value: tuple[QueryParameter, ...]) -> tuple[QueryParameter, ...]:
        names = [each.name for each in value]
        twice = sorted({each for each in names if names.count(each) > 1})
        if twice:
            raise ValueError(f"has {', '.join(twice)} twice")
        return value


@dataclass(frozen=True)
class ReadyQuery:
    """A saved query with its statement as PostgreSQL takes it."""

    name: str
    query: SavedQuery
    sql: str
