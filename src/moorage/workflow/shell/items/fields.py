"""`--field NAME=VALUE` and `--data FILE` as a document: what people type becomes what the type's schema asks for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jsonpointer import resolve_pointer

from moorage.core.errors import InvalidInput
from moorage.workflow.documents import Document
from moorage.workflow.fields import FieldPath, parse_field
from moorage.workflow.parsing import parse_json

_KINDS = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
_EXAMPLES = {
    "integer": "{name}=3",
    "number": "{name}=0.5",
    "boolean": "{name}=true",
    "array": """{name}='["a", "b"]'""",
    "object": """{name}='{{"key": "value"}}'""",
    "null": "{name}=null",
}
STANDARD_INPUT = "-"


def read_document(file: str | None) -> Document:
    """Return the fields of a JSON file; none without a file.

    Raises:
        InvalidInput: it cannot be read, or holds no JSON object.
    """
    if file is None:
        return {}
    value = parse_json(_text_of(file), what=f"--data {file}")
    if not isinstance(value, dict):
        raise InvalidInput(f"--data {file}: no JSON object", hint='Write the fields as {"title": "...", ...}.')
    return value


def assigned_fields(schema: Document, assignments: Sequence[str], unset: Sequence[str] = ()) -> Document:
    """Return what assignments such as `priority=high` and `address.city=Berlin` say, typed by the schema.

    Args:
        unset: names of fields that get null, which takes them away in a merge patch.

    Raises:
        InvalidInput: no assignment, or a value that the schema has no room for.
    """
    fields: Document = {}
    for each in assignments:
        name, equals, text = each.partition("=")
        if not equals:
            raise InvalidInput(f"--field {each!r} has no value", hint="Write --field NAME=VALUE.")
        path = parse_field(name)
        _put(fields, path, typed_value(name, text, _schema_at(schema, path, name)))
    for name in unset:
        _put(fields, parse_field(name), None)
    return fields


def typed_value(name: str, text: str, schema: Document) -> Any:
    """Return the value that a text stands for: itself where the schema takes text, else what it says as JSON."""
    kinds = _kinds_of(schema)
    if kinds == {"string"}:
        return text
    value = _as_json(name, text)
    if value is not _NO_JSON and (not kinds or _fits(value, kinds)):
        return value
    if not kinds or "string" in kinds:
        return text
    example = _EXAMPLES[min(kinds)].format(name=name)
    raise InvalidInput(f"--field {name}: {text!r} is no {' or '.join(sorted(kinds))}", hint=f"Write --field {example}.")


_NO_JSON = object()


def _as_json(name: str, text: str) -> Any:
    try:
        return parse_json(text, what=f"--field {name}")
    except InvalidInput:
        return _NO_JSON


def _fits(value: Any, kinds: set[str]) -> bool:
    kind = "null" if value is None else _KINDS[type(value)]
    return kind in kinds or (kind == "integer" and "number" in kinds)


def _kinds_of(schema: Document) -> set[str]:
    """Return the JSON types that a schema names; none where it does not say."""
    named = schema.get("type")
    if isinstance(named, str):
        return {named}
    if isinstance(named, list):
        return set(named)
    values = [*schema.get("enum", []), *([schema["const"]] if "const" in schema else [])]
    return {"null" if each is None else _KINDS[type(each)] for each in values}


def _schema_at(schema: Document, path: FieldPath, name: str) -> Document:
    """Return the schema of a field; an empty one where nothing is known of it."""
    here = schema
    for part in path:
        if _kinds_of(here) == {"array"}:
            raise InvalidInput(f"--field {name} goes into a list", hint="Write the list whole, as JSON.")
        here = _resolved(schema, here.get("properties", {}).get(part, {}))
    return here


def _resolved(root: Document, schema: Any) -> Document:
    """Follow a reference within the document, once: of what refers on, nothing is known here."""
    if not isinstance(schema, dict):
        return {}
    if "$ref" not in schema:
        return schema
    found = resolve_pointer(root, schema["$ref"].removeprefix("#"), {})
    return found if isinstance(found, dict) else {}


def _put(fields: Document, path: FieldPath, value: Any) -> None:
    *above, last = path
    for part in above:
        below = fields.setdefault(part, {})
        if not isinstance(below, dict):
            raise InvalidInput(f"--field: {part!r} is set whole and in part", hint="Set it once.")
        fields = below
    fields[last] = value


def _text_of(file: str) -> str:
    try:
        return sys.stdin.read() if file == STANDARD_INPUT else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"--data {file} cannot be read: {error}", hint="Name a JSON file, or - for stdin.") from None
