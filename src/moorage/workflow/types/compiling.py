"""Schemas as compiled code: patterns in an engine of linear time, formats checked, and nothing fetched from anywhere.

Source: https://docs.rs/jsonschema
"""

from __future__ import annotations

from typing import Any

import jsonschema_rs

from moorage.workflow.types.patterns import PATTERN_SIZE_LIMIT

_OPTIONS: dict[str, Any] = {
    "validate_formats": True,
    "offline": True,
    "pattern_options": jsonschema_rs.RegexOptions(size_limit=PATTERN_SIZE_LIMIT),
}


def compile_schema(definition: dict[str, Any], *, mask: str | None = None) -> jsonschema_rs.Validator:
    """Return what checks data against a schema; draft 2020-12 unless it says draft-07.

    Args:
        mask: stands in messages where the value would.

    Raises:
        jsonschema_rs.ValidationError: it is no JSON Schema, or has a pattern that needs backtracking.
    """
    return jsonschema_rs.validator_for(definition, mask=mask, **_OPTIONS)


def compile_schemas(definition: dict[str, Any]) -> jsonschema_rs.ValidatorMap:
    """Return what checks data against each schema inside a schema, by `#` and its JSON pointer."""
    return jsonschema_rs.validator_map_for(definition, **_OPTIONS)
