"""Fields as SQL: what indexes are built over, and what statements compare and sort by, so that the two meet.

Only constant text is joined here. Where a type declares an index, the path stands in the SQL as a quoted literal of
the declaration, because PostgreSQL matches an expression index by its text; elsewhere it is a parameter.
"""

from __future__ import annotations

from moorage.core.postgres.identifiers import quote_literal
from moorage.workflow.fields import FieldPath
from moorage.workflow.querying.models import DataField, Kind
from moorage.workflow.querying.parameters import Parameters

# An entry of a btree has room for 2,704 bytes (a third of a page), so 200 characters always fit.
# https://www.postgresql.org/docs/current/btree.html
COMPARED_CHARACTERS = 200


def literal_name(schema_name: str) -> str:
    """Return the name of a registered type, as SQL."""
    return quote_literal(schema_name)


def literal_path(path: FieldPath) -> str:
    """Return a path that a type declares, as SQL."""
    return f"ARRAY[{', '.join(quote_literal(part) for part in path)}]"


def path_of(field: DataField, parameters: Parameters) -> str:
    """Return the path of a field, as SQL."""
    return literal_path(field.path) if field.is_indexed else parameters.texts(field.path)


def value_at(path: str) -> str:
    """Return the jsonb at a path; NULL where there is nothing."""
    return f"(entities.data #> {path})"


def text_at(path: str) -> str:
    """Return the text at a path, compared by code points; NULL for what is no string."""
    value = value_at(path)
    return f"""(CASE WHEN jsonb_typeof({value}) = 'string' THEN {value} #>> '{{}}' END COLLATE "C")"""


def beginning_at(path: str) -> str:
    """Return the first characters of the text at a path; they fit into an index and into a cursor."""
    value = value_at(path)
    beginning = f"left({value} #>> '{{}}', {COMPARED_CHARACTERS})"
    return f"""(CASE WHEN jsonb_typeof({value}) = 'string' THEN {beginning} END COLLATE "C")"""


def number_at(path: str) -> str:
    """Return the number at a path; NULL for what is none."""
    value = value_at(path)
    return f"(CASE WHEN jsonb_typeof({value}) = 'number' THEN {value}::numeric END)"


def instant_at(path: str) -> str:
    """Return the point in time at a path; NULL for what does not look like one."""
    return f"workflow.instant{value_at(path)}"


def type_order_at(path: str) -> str:
    """Return the place of a value's type: text, numbers, booleans, lists, objects; NULL for null and for nothing."""
    kind = f"jsonb_typeof({value_at(path)})"
    cases = "WHEN 'string' THEN 1 WHEN 'number' THEN 2 WHEN 'boolean' THEN 3 WHEN 'array' THEN 4 WHEN 'object' THEN 5"
    return f"(CASE {kind} {cases} END)"


def truth_at(path: str) -> str:
    """Return the boolean at a path; NULL for what is none."""
    value = value_at(path)
    return f"(CASE WHEN jsonb_typeof({value}) = 'boolean' THEN {value}::boolean END)"


def indexed_at(path: str, kind: Kind, *, is_unique: bool) -> str | None:
    """Return what an index over a field of this kind holds; None where the index over all data serves it."""
    match kind:
        case Kind.TEXT:
            return text_at(path) if is_unique else beginning_at(path)
        case Kind.NUMBER:
            return number_at(path)
        case Kind.INSTANT:
            return instant_at(path)
    return value_at(path) if is_unique else None
