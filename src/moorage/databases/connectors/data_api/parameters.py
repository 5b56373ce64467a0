"""Values of parameters as the Data API takes them: all as text, which PostgreSQL reads as the type they are cast to.

The service has types of its own for values (long, double, blob, ...), and loses something with each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moorage.databases.connectors.arrays import written
from moorage.databases.connectors.data_api.statements import ParameterType
from moorage.databases.connectors.parameters import bound


def fields_of(values: Sequence[Any], types: Sequence[ParameterType]) -> list[dict[str, Any]]:
    """Return the parameters of a call.

    Raises:
        InvalidParameter: there are too few or too many, or one does not fit its type.
    """
    fitting = bound(values, [each.name for each in types])
    return [{"name": f"p{number}", "value": _field(value)} for number, value in enumerate(fitting, 1)]


def _field(value: Any) -> dict[str, Any]:
    return {"isNull": True} if value is None else {"stringValue": written(value)}
