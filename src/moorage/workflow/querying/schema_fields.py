"""What a JSON Schema says of a field: whether data can have it, and what its values are.

Where the schema leaves room for doubt (alternatives, patterns of names), the field is taken as possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from moorage.workflow.fields import FieldPath
from moorage.workflow.querying.models import Kind

Schema = dict[str, Any]
_ALTERNATIVES = ("allOf", "anyOf", "oneOf")
_CONDITIONALS = ("then", "else")
_KINDS = {"string": Kind.TEXT, "number": Kind.NUMBER, "integer": Kind.NUMBER, "boolean": Kind.BOOLEAN}


@dataclass(frozen=True)
class FoundField:
    """What one type says of a field.

    Attributes:
        is_declared: the schema names it; otherwise it merely allows it.
    """

    is_declared: bool
    kind: Kind = Kind.ANY


def find_in_schema(schema: Schema, path: FieldPath) -> FoundField | None:
    """Return what the schema says of the field; None when no valid data has it."""
    nodes = [schema]
    for part in path:
        below = [found for node in nodes for found in _below(schema, node, part)]
        if not below and any(_forbids(schema, node, part) for node in nodes):
            return None
        if not below:
            return FoundField(is_declared=False)
        nodes = below
    return FoundField(True, _common([_kind(each) for node in nodes for each in _expanded(schema, node)]))


def values_in_schema(schema: Schema, path: FieldPath) -> list[Any] | None:
    """Return the values that a field can have, where the schema lists them; None where it leaves others open."""
    nodes = [schema]
    for part in path:
        nodes = [found for node in nodes for found in _below(schema, node, part)]
    listed = [each["enum"] for each in nodes if "enum" in each]
    return [value for values in listed for value in values] if nodes and len(listed) == len(nodes) else None


def declared_names(schema: Schema) -> list[str]:
    """Return the fields at the top that the schema names."""
    return [name for node in _expanded(schema, schema) for name in node.get("properties", {})]


def _expanded(root: Schema, node: Any) -> Iterator[Schema]:
    """Yield the schema, what it refers to, and its alternatives."""
    waiting, seen = [node], set()
    while waiting:
        each = waiting.pop()
        if not isinstance(each, dict) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [_referred(root, each.get("$ref"))]
        waiting += [choice for name in _ALTERNATIVES for choice in each.get(name, ())]
        waiting += [each.get(name) for name in _CONDITIONALS]


def _referred(root: Schema, reference: Any) -> Any:
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    found: Any = root
    for part in reference[1:].split("/")[1:]:
        found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    return found


def _below(root: Schema, node: Schema, part: str) -> list[Schema]:
    found = [below for each in _expanded(root, node) for below in _directly_below(each, part)]
    return [each for each in found if isinstance(each, dict)]


def _directly_below(node: Schema, part: str) -> Iterator[Any]:
    if part in node.get("properties", {}):
        yield node["properties"][part]
    elif isinstance(node.get("additionalProperties"), dict):
        yield node["additionalProperties"]
    if part.isdecimal():
        first = node.get("prefixItems", [])
        yield first[int(part)] if int(part) < len(first) else node.get("items")


def _forbids(root: Schema, node: Schema, part: str) -> bool:
    """Tell whether data that satisfies the schema surely has nothing here."""
    whole = [node, *filter(None, [_referred(root, node.get("$ref"))])]
    return any(_directly_forbids(each, part) for each in whole)


def _directly_forbids(node: Schema, part: str) -> bool:
    types = _types(node)
    if types and not types & {"object", "array"}:
        return True
    if types == {"array"} and not part.lstrip("-").isdecimal():
        return True
    is_closed = False in (node.get("additionalProperties"), node.get("unevaluatedProperties"))
    return is_closed and "patternProperties" not in node


def _kind(node: Schema) -> Kind | None:
    types = _types(node)
    if types == {"string"} and node.get("format") == "date-time":
        return Kind.INSTANT
    kinds = {_KINDS.get(each, Kind.ANY) for each in types}
    return _common(list(kinds)) if kinds else None


def _types(node: Schema) -> set[str]:
    """Return the JSON types that a schema speaks of, without null, which every kind leaves out."""
    given = node.get("type", [])
    types = {given} if isinstance(given, str) else set(given)
    if not types:
        types = {_type_of(each) for each in [*node.get("enum", []), *([node["const"]] if "const" in node else [])]}
    return types - {"null"}


def _type_of(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | float():
            return "number"
        case None:
            return "null"
    return "object"


def _common(kinds: Sequence[Kind | None]) -> Kind:
    known = {each for each in kinds if each is not None}
    return known.pop() if len(known) == 1 else Kind.ANY
