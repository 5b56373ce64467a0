"""The arguments of a saved query: its parameters as a signature, from which schema and validation are made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from inspect import Parameter, Signature
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt

from moorage.core.shape import Call
from moorage.databases.arguments import Absent, DatabaseArgument
from moorage.databases.saved_queries import ParameterType, QueryParameter, SavedQuery

_TYPES: Mapping[ParameterType, Any] = {
    ParameterType.TEXT: str,
    ParameterType.INTEGER: StrictInt,
    ParameterType.NUMBER: float,
    ParameterType.BOOLEAN: StrictBool,
    ParameterType.DATE: dt.date,
    ParameterType.TIMESTAMP: dt.datetime,
    ParameterType.JSON: Any,
}


def signature_of(query: SavedQuery) -> Signature:
    """Return the signature of a function with the query's parameters, `database_id`, and the call itself."""
    own = [_parameter(each) for each in query.parameters]
    database = Parameter("database_id", Parameter.KEYWORD_ONLY, default=None, annotation=DatabaseArgument)
    call = Parameter("call", Parameter.KEYWORD_ONLY, default=None, annotation=Call | None)
    return Signature([*own, database, call], return_annotation=str)


def values_of(query: SavedQuery, arguments: Mapping[str, Any]) -> list[Any]:
    """Return the values of validated arguments as JSON has them, in the order of the parameters."""
    return [_as_json(arguments[each.name]) for each in query.parameters]


def type_of(parameter: QueryParameter) -> Any:
    """Return the type that validates a parameter's values."""
    each = Literal[parameter.enum] if parameter.enum else limited(parameter)  # ty: ignore[invalid-type-form]
    return list[each] if parameter.type.is_list else each


def limited(parameter: QueryParameter) -> Any:
    """Return the type of one value, within the limits of the parameter; what its enum says is left aside."""
    kind = _TYPES[parameter.type.of_each]
    if parameter.pattern is None and parameter.min is None and parameter.max is None:
        return kind
    field = Field(pattern=parameter.pattern) if parameter.pattern else Field(ge=parameter.min, le=parameter.max)
    return Annotated[kind, field]  # ty: ignore[invalid-type-form]  (made while it runs)


def _parameter(described: QueryParameter) -> Parameter:
    kind = type_of(described)
    if not described.is_required and described.default is None and kind is not Any:
        kind = kind | Absent
    annotation = Annotated[kind, Field(description=described.description or f"A value of type {described.type}.")]
    default = Parameter.empty if described.is_required else described.default
    return Parameter(described.name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _as_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    return value.isoformat() if isinstance(value, dt.date) else value
