"""What a check of one document costs at most, counted before anything is checked.

Checks run in the process that serves everybody, and hold it while they run. So the schemas that may apply to one
value are counted with all references followed: two alternatives, twenty times in each other, are a million.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from moorage.workflow.documents import escaped
from moorage.workflow.types.keywords import subschemas_of
from moorage.workflow.types.patterns import pattern_cost
from moorage.workflow.types.places import Places, Schema, target_of

MAX_SECONDS = 0.05
MAX_PER_VALUE = 1_000
MAX_DEPTH = 64
# A schema applied to one value, as found on a machine of 2 cores in 2026: 400 alternatives for each of 9,000 numbers
# took 0.63 s.
_NANOSECONDS_A_SCHEMA = 200
# A format looks at a byte of text for so long at most; `idn-hostname` is the one that stands out.
_NANOSECONDS_OF_FORMATS = {"idn-hostname": 120}
_NANOSECONDS_OF_A_FORMAT = 12
# So many required names take as long as one schema.
_NAMES_A_SCHEMA = 8
# What is left over is found by applying everything beside it again, twice: twelve levels of it took 6 ms for one
# value, sixteen 290 ms.
_UNEVALUATED = frozenset({"unevaluatedProperties", "unevaluatedItems"})
_TIMES_FOR_UNEVALUATED = 3

_TO_THE_SAME_VALUE = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"}
)
_TO_ALL_BELOW = frozenset({"patternProperties", "propertyNames", "contains"})
_TO_ONE_BELOW = _UNEVALUATED | {"properties", "additionalProperties", "items", "prefixItems", "additionalItems"}


@dataclass(frozen=True)
class Cost:
    """What one schema means for a document.

    Attributes:
        per_value: how many schemas may apply to one value.
        per_byte: nanoseconds for each byte of a text, or of a key; from patterns and formats.
    """

    per_value: int = 0
    per_byte: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.per_value + other.per_value, self.per_byte + other.per_byte)

    def __mul__(self, times: int) -> Cost:
        return Cost(self.per_value * times, self.per_byte * times)

    def __or__(self, other: Cost) -> Cost:
        return Cost(max(self.per_value, other.per_value), max(self.per_byte, other.per_byte))

    def seconds(self, values: int, size: int) -> float:
        """Return how long a document with so many values, and bytes of text, takes at most."""
        return (self.per_value * values * _NANOSECONDS_A_SCHEMA + self.per_byte * size) / 1e9


class TooCostly(Exception):
    """A schema refers to itself, or means too much when its references are followed.

    Attributes:
        pointer: which.
    """

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer


class Costs:
    """The cost of every schema in a document; references lead to schemas in it, and patterns compile."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._known: dict[str, Cost] = {}
        self._path: list[str] = []

    def of(self, pointer: str) -> Cost:
        """Return the cost of one schema, everything in it and everything it refers to.

        Raises:
            TooCostly.
        """
        if pointer not in self._known:
            self._refuse_endless(pointer)
            self._path.append(pointer)
            cost = self._counted(pointer, self._places[pointer])
            self._path.pop()
            if cost.per_value > MAX_PER_VALUE:
                message = f"{cost.per_value:,} schemas may apply to one value, {MAX_PER_VALUE:,} at most"
                raise TooCostly(pointer, f"{message}; alternatives in alternatives, or references to both, multiply")
            self._known[pointer] = cost
        return self._known[pointer]

    def by_property(self) -> tuple[Cost, dict[str, Cost]]:
        """Return what each property of the whole costs, and what one that is not named does."""
        whole = self._places[""]
        assert isinstance(whole, dict)
        other = self._counted("", {keyword: value for keyword, value in whole.items() if keyword != "properties"})
        return other, {name: other + self.of(f"/properties/{escaped(name)}") for name in whole.get("properties", {})}

    def _refuse_endless(self, pointer: str) -> None:
        if pointer in self._path:
            raise TooCostly(pointer, "refers to itself, which is not served; say how deep it goes, or leave it open")
        if len(self._path) >= MAX_DEPTH:
            raise TooCostly(self._path[0], f"deeper than {MAX_DEPTH} schemas when its references are followed")

    def _counted(self, pointer: str, schema: Schema) -> Cost:
        if isinstance(schema, bool):
            return Cost(1)
        same, one_below, all_below = Cost(), Cost(), _sum(map(_key_cost, schema.get("patternProperties", ())))
        for keyword, value in schema.items():
            inside = [self.of(pointer + below) for below, _ in subschemas_of(keyword, value)]
            if keyword == "$ref":
                same += self.of(target_of(value) or "")
            elif keyword in _TO_THE_SAME_VALUE:
                same += _sum(inside)
            elif keyword in _TO_ALL_BELOW:
                all_below += _sum(inside)
            elif keyword in _TO_ONE_BELOW:
                one_below = reduce(or_, inside, one_below)
        times = _TIMES_FOR_UNEVALUATED if _UNEVALUATED & schema.keys() else 1
        return (_own_cost(schema) | (one_below + all_below)) + same * times


def _own_cost(schema: dict[str, Any]) -> Cost:
    compared = [each for each in schema.get("enum", ()) if isinstance(each, dict | list)]
    names = len(schema.get("required", ())) // _NAMES_A_SCHEMA
    return Cost(1 + len(compared) + names, _text_cost(schema))


def _text_cost(schema: dict[str, Any]) -> int:
    pattern = (pattern_cost(schema["pattern"]) or 0) if "pattern" in schema else 0
    name = schema.get("format")
    return pattern + (_NANOSECONDS_OF_FORMATS.get(name, _NANOSECONDS_OF_A_FORMAT) if name else 0)


def _key_cost(pattern: str) -> Cost:
    return Cost(1, pattern_cost(pattern) or 0)


def _sum(costs: Iterable[Cost]) -> Cost:
    return sum(costs, Cost())
