"""The keywords of JSON Schema that types may use, by draft, and what of each is a schema again.

Source: https://json-schema.org/draft/2020-12/json-schema-validation, https://json-schema.org/draft-07/json-schema-validation
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moorage.workflow.documents import escaped

EXTENSION_PREFIX = "x-"
ANNOTATIONS = frozenset(
    {"$comment", "title", "description", "default", "examples", "readOnly", "writeOnly", "deprecated"}
)
_ASSERTIONS = frozenset(
    {
        "type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum",
        "maxLength", "minLength", "pattern", "format",
        "maxItems", "minItems", "uniqueItems", "maxProperties", "minProperties", "required",
    }
)  # fmt: skip
# Their value is a schema, a list of schemas, or an object of schemas.
_WITH_ONE = frozenset({"items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else"})
_WITH_LISTS = frozenset({"allOf", "anyOf", "oneOf"})
_WITH_NAMES = frozenset({"properties", "patternProperties", "$defs", "definitions"})
_EVERYWHERE = ANNOTATIONS | _ASSERTIONS | _WITH_ONE | _WITH_LISTS | _WITH_NAMES | {"$ref"}

_FORMATS = frozenset(
    {
        "date", "time", "date-time", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6", "uri",
        "uri-reference", "iri", "iri-reference", "uri-template", "json-pointer", "relative-json-pointer", "regex",
    }
)  # fmt: skip

# What would lead out of the document, or around the checks of references, and is refused with this reason.
REFUSED = {
    "$id": "a schema has no name of its own here; refer to parts of it by $ref: '#/$defs/...'",
    "id": "a schema has no name of its own here; refer to parts of it by $ref: '#/$defs/...'",
    "$anchor": "anchors are not served; refer by place: $ref: '#/$defs/...'",
    "$dynamicAnchor": "anchors are not served; refer by place: $ref: '#/$defs/...'",
    "$recursiveAnchor": "anchors are not served; refer by place: $ref: '#/$defs/...'",
    "$dynamicRef": "references that depend on the caller are not served; write $ref",
    "$recursiveRef": "references that depend on the caller are not served; write $ref",
    "$vocabulary": "vocabularies are not served",
    **dict.fromkeys(("contentEncoding", "contentMediaType", "contentSchema"), "what a text holds is not looked into"),
}


@dataclass(frozen=True)
class Draft:
    """One version of JSON Schema.

    Attributes:
        others: keywords of the other draft, and what to do instead.
    """

    name: str
    uri: str
    keywords: frozenset[str]
    formats: frozenset[str]
    others: dict[str, str]


DRAFT_2020_12 = Draft(
    "draft 2020-12",
    "https://json-schema.org/draft/2020-12/schema",
    _EVERYWHERE
    | {"prefixItems", "dependentSchemas", "dependentRequired", "minContains", "maxContains"}
    | {"unevaluatedProperties", "unevaluatedItems"},
    _FORMATS | {"duration", "uuid"},
    {
        "additionalItems": "write items beside prefixItems",
        "dependencies": "write dependentRequired or dependentSchemas",
    },
)
_LEAVE_OUT = "leave $schema out for draft 2020-12, which has it"
DRAFT_07 = Draft(
    "draft-07",
    "http://json-schema.org/draft-07/schema#",
    _EVERYWHERE | {"additionalItems", "dependencies"},
    _FORMATS,
    {
        "prefixItems": "write items with a list",
        "dependentSchemas": "write dependencies",
        "dependentRequired": "write dependencies",
        **dict.fromkeys(("minContains", "maxContains", "unevaluatedProperties", "unevaluatedItems"), _LEAVE_OUT),
    },
)
_DRAFTS = {each.uri.rstrip("#"): each for each in (DRAFT_2020_12, DRAFT_07)}

_HOLDING_ONE = _WITH_ONE | {"additionalItems", "unevaluatedProperties", "unevaluatedItems"}
_HOLDING_LISTS = _WITH_LISTS | {"prefixItems", "items"}
_HOLDING_NAMES = _WITH_NAMES | {"dependentSchemas", "dependencies"}


def draft_of(schema: dict[str, Any]) -> Draft | None:
    """Return the draft that a schema says, 2020-12 when it says none; None when it is another."""
    uri = schema.get("$schema", DRAFT_2020_12.uri)
    return _DRAFTS.get(uri.rstrip("#")) if isinstance(uri, str) else None


def subschemas_of(keyword: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the schemas right inside a keyword's value, each with its JSON pointer below the schema."""
    if isinstance(value, dict) and keyword in _HOLDING_NAMES:
        found = ((f"/{keyword}/{escaped(name)}", each) for name, each in value.items())
    elif isinstance(value, list) and keyword in _HOLDING_LISTS:
        found = ((f"/{keyword}/{place}", each) for place, each in enumerate(value))
    else:
        found = iter([(f"/{keyword}", value)] if keyword in _HOLDING_ONE else [])
    yield from ((pointer, each) for pointer, each in found if isinstance(each, dict | bool))
