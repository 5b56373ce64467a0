"""The parameters of a composed statement: each value is given a number, and never becomes text of SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

Cast = Literal["text", "jsonb", "uuid", "numeric", "timestamptz", "integer", "boolean", "real", "double precision"]


class Parameters:
    """Collects values and hands out the places that stand for them."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def text(self, value: str, cast: Cast = "text") -> str:
        """Return the place of a text, read as the type `cast`."""
        return self._place(value, "text" if cast == "text" else f"text::{cast}")

    def texts(self, values: Sequence[str], cast: Cast = "text") -> str:
        """Return the place of a list of texts, each read as the type `cast`."""
        return self._place(list(values), "text[]" if cast == "text" else f"text[]::{cast}[]")

    def json(self, value: Any) -> str:
        """Return the place of a JSON value."""
        return self.text(json.dumps(value), "jsonb")

    def jsons(self, values: Sequence[Any]) -> str:
        """Return the place of a list of JSON values."""
        return self.texts([json.dumps(each) for each in values], "jsonb")

    def number(self, value: int) -> str:
        """Return the place of a count."""
        return self._place(value, "integer")

    def _place(self, value: Any, cast: str) -> str:
        self.values.append(value)
        return f"${len(self.values)}::{cast}"
