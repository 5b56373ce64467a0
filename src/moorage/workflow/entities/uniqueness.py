"""Values that must be an entity's own: what PostgreSQL says of them, told by field and value."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from moorage.core.errors import InvalidInput
from moorage.core.postgres.errors import AlreadyThere, StatementFailed, translated
from moorage.workflow.documents import Document
from moorage.workflow.entities.models import ChangedEntity, NewEntity
from moorage.workflow.errors import EntityExists
from moorage.workflow.fields import FieldPath, parse_field

# An entry is larger than an index can hold: https://www.postgresql.org/docs/current/errcodes-appendix.html
_TOO_LARGE = "54000"
_SHOWN_CHARACTERS = 100


@contextmanager
def own_values(written: Sequence[NewEntity | ChangedEntity]) -> Generator[None]:
    """Tell of a value that another entity has already, while these are written.

    Raises:
        EntityExists: naming the field and the value, and the type.
        InvalidInput: a value that must be unique is longer than an index can hold.
    """
    try:
        with translated("writing entities"):
            yield
    except AlreadyThere as error:
        raise _exists(written, _said_by_server(error)) from error
    except StatementFailed as error:
        if error.details.get("sqlstate") != _TOO_LARGE:
            raise
        names = ", ".join(sorted({field for _, field, _ in _unique_values(written)}))
        raise InvalidInput(
            f"a value of {names} is too long for a field that is unique", hint="Keep such values below 2,000 bytes."
        ) from error


def _exists(written: Sequence[NewEntity | ChangedEntity], said: str) -> EntityExists:
    values = list(_unique_values(written))
    taken = next((each for each in values if _is_shown(each[2], said)), None)
    if taken is None:
        fields = ", ".join(sorted({field for _, field, _ in values})) or "id"
        return EntityExists(f"another entity has the same {fields}", hint="Find it with query_entities, and change it.")
    schema_name, field, value = taken
    shown = _text(value)[:_SHOWN_CHARACTERS]
    return EntityExists(
        f"another {schema_name!r} has {field} {shown}",
        hint=f"Find it with query_entities by {field}, and change that one; or take another value.",
        schema_name=schema_name,
        field=field,
        value=shown,
    )


def _unique_values(written: Sequence[NewEntity | ChangedEntity]) -> Iterator[tuple[str, str, Any]]:
    """Yield type, field and value of all that must be unique."""
    for each in written:
        for index in each.entity_type.rules.indexes:
            value = _value_at(each.data, parse_field(index.field)) if index.unique else None
            if value is not None:
                yield each.entity_type.name, index.field, value


def _value_at(document: Document, path: FieldPath) -> Any:
    value: Any = document
    for part in path:
        match value:
            case dict():
                value = value.get(part)
            case list() if part.isdecimal() and int(part) < len(value):
                value = value[int(part)]
            case _:
                return None
    return value


def _is_shown(value: Any, said: str) -> bool:
    """Tell whether the server means this value; indexes hold the text alone, or JSON."""
    return any(f"=({text}) already exists" in said for text in (value, _text(value)))


def _said_by_server(error: AlreadyThere) -> str:
    """Return the line that shows the value: Key ((name))=(acme) already exists."""
    return getattr(error.__cause__, "detail", None) or ""


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
