"""Values of parameters as the Data API takes them: all as text, which PostgreSQL reads as the type they are cast to.

The service has types of its own for values (long, double, blob, ...), and loses something with each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from moorage.databases.connectors.arrays import written
from moorage.databases.errors import InvalidParameter

_DOCUMENTS = frozenset({"json", "jsonb"})


def bound(values: Sequence[Any], types: Mapping[int, str]) -> list[dict[str, Any]]:
    """Return the parameters of a call.

    Args:
        types: by number, from 1; a list is a document where a document is wanted, and an array elsewhere.

    Raises:
        InvalidParameter: there are more values than parameters, or fewer.
    """
    wanted = max(types, default=0)
    if wanted != len(values):
        raise InvalidParameter(f"the statement takes {wanted} parameters, {len(values)} are given")
    return [
        {"name": f"p{number}", "value": _field(value, types.get(number, ""))} for number, value in enumerate(values, 1)
    ]


def _field(value: Any, type_name: str) -> dict[str, Any]:
    if value is None:
        return {"isNull": True}
    if type_name in _DOCUMENTS and not isinstance(value, str):
        return {"stringValue": json.dumps(value, ensure_ascii=False)}
    return {"stringValue": written(value)}
