"""Which field a name means: one of the data, or what every entity has beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from moorage.core.errors import InvalidInput
from moorage.workflow.errors import InvalidFilter
from moorage.workflow.fields import FieldPath, parse_field
from moorage.workflow.querying.columns import COLUMNS
from moorage.workflow.querying.models import Column, DataField, Field, Kind
from moorage.workflow.querying.schema_fields import FoundField, declared_names, find_in_schema, values_in_schema
from moorage.workflow.types.models import IndexedField, StoredType

_SHOWN_NAMES = 30


class FieldNames:
    """Finds fields by name, in the one type that is asked for or in all of the project.

    A name with `@` is the entity's own. The `@` may be left out where no type declares a field of that name.

    Attributes:
        undeclared: names of fields that no type declares, met so far; they are looked for all the same.
    """

    def __init__(self, types: Sequence[StoredType]) -> None:
        self._types = types
        self.undeclared: list[str] = []

    def find(self, name: str) -> Field:
        """Return the field.

        Raises:
            InvalidFilter: no entity can have it; the hint names what was perhaps meant.
        """
        if name.startswith("@"):
            return self._column(name)
        path = _path(name)
        found = [each for each in (find_in_schema(each.schema_definition, path) for each in self._types) if each]
        if any(each.is_declared for each in found):
            return self._data_field(name, path, found)
        if f"@{name}" in COLUMNS:
            return COLUMNS[f"@{name}"]
        if self._types and not found:
            raise self._unknown(name)
        self.undeclared.append(name)
        return DataField(name, path)

    def values_of(self, field: Field) -> list[Any] | None:
        """Return the values that a field of the data can have; None where a type leaves others open."""
        if isinstance(field, Column):
            return None
        schemas = [each.schema_definition for each in self._types]
        listed = [values_in_schema(each, field.path) for each in schemas if find_in_schema(each, field.path)]
        if not listed or None in listed:
            return None
        return [value for values in listed for value in values or ()]

    def note_on_undeclared(self) -> str | None:
        """Say which names no type declares, and what they perhaps should have been; None without any."""
        if not self.undeclared:
            return None
        alike = [match for name in self.undeclared for match in get_close_matches(name, self._known(), n=1)]
        asked = f" Did you mean {' or '.join(alike)}?" if alike else ""
        return f"No type declares {', '.join(dict.fromkeys(self.undeclared))}.{asked}"

    def _column(self, name: str) -> Column:
        if name not in COLUMNS:
            raise self._unknown(name)
        return COLUMNS[name]

    def _data_field(self, name: str, path: FieldPath, found: Sequence[FoundField]) -> DataField:
        kinds = {each.kind for each in found if each.is_declared}
        kind = kinds.pop() if len(kinds) == 1 else Kind.ANY
        if len(self._types) != 1:
            return DataField(name, path, kind)
        rules = self._types[0].rules
        index = _declared_index(rules.indexes, path)
        return DataField(
            name,
            path,
            kind,
            is_indexed=index is not None,
            is_unique=index is not None and index.unique,
            is_priority=rules.priority is not None and path == (rules.priority.field,),
        )

    def _unknown(self, name: str) -> InvalidFilter:
        known = self._known()
        alike = get_close_matches(name, known, n=1) or [each for each in known if each.strip("@/") == name.strip("@/")]
        asked = f"Did you mean {alike[0]}? " if alike else ""
        types = " or ".join(repr(each.schema_name) for each in self._types[:5])
        of = f" of {types}" if types and not name.startswith("@") else ""
        return InvalidFilter(
            f"there is no field {name!r}{of}",
            hint=f"{asked}Fields: {', '.join(known[:_SHOWN_NAMES])}.",
            field=name,
            fields=known,
        )

    def _known(self) -> list[str]:
        of_types = [name for each in self._types for name in declared_names(each.schema_definition)]
        return [*dict.fromkeys(of_types), *COLUMNS]


def _declared_index(indexes: Iterable[IndexedField], path: FieldPath) -> IndexedField | None:
    return next((each for each in indexes if parse_field(each.field) == path), None)


def _path(name: str) -> FieldPath:
    try:
        return parse_field(name)
    except InvalidInput as error:
        raise InvalidFilter(error.message, hint=error.hint, field=name[:200]) from None
