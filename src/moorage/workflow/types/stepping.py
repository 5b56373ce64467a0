"""What steps make of data: each goes to the places that its field names, as far as the data has them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NoReturn

from moorage.workflow.documents import Document
from moorage.workflow.errors import StepsFailed
from moorage.workflow.fields import FieldPath, parse_field
from moorage.workflow.patches import MAX_COPIED_CHARACTERS, patched
from moorage.workflow.types.steps import (
    EACH,
    Convert,
    MapValues,
    Move,
    Patch,
    Remove,
    Rename,
    Set,
    SetDefault,
    Step,
    Unwrap,
    Wrap,
)

# A number as JSON writes it: https://www.rfc-editor.org/rfc/rfc8259#section-6
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class _Place:
    """Where a field is, or would be, in a document."""

    holder: dict[str, Any] | list[Any]
    key: str | int

    @property
    def is_there(self) -> bool:
        if isinstance(self.holder, dict):
            return self.key in self.holder
        return isinstance(self.key, int) and self.key < len(self.holder)

    def get(self) -> Any:
        return self.holder[self.key]  # ty: ignore[invalid-argument-type]

    def set(self, value: Any) -> None:
        self.holder[self.key] = value  # ty: ignore[invalid-assignment]

    def take(self) -> Any:
        return self.holder.pop(self.key)  # ty: ignore[invalid-argument-type]


def stepped(data: Document, steps: Sequence[Step]) -> Document:
    """Return the data with the steps applied in order; the data given stays as it is.

    Raises:
        StepsFailed: a step does not fit the data; PatchFailed, InvalidPatch: a JSON Patch does not.
    """
    result = deepcopy(data)
    for each in steps:
        if isinstance(each, Patch):
            result = patched(result, each.operations)
        else:
            _APPLY[type(each)](each, result)
    return result


def _rename(step: Rename, data: Document) -> None:
    *above, name = parse_field(step.field)
    for place in _places(step, data, (*above, name)):
        if not isinstance(place.holder, dict):
            _refuse(step, "is an element of a list, which has no name")
        if step.to in place.holder and step.to != name:
            _refuse(step, f"cannot become {step.to!r}: that is there already")
        place.holder[step.to] = place.take()


def _move(step: Move, data: Document) -> None:
    for place in _places(step, data, parse_field(step.field)):
        value = place.take()
        for target in _reached(step, data, parse_field(step.to), makes=True):
            if target.is_there:
                _refuse(step, f"cannot go to {step.to!r}: that is there already")
            target.set(value)


def _remove(step: Remove, data: Document) -> None:
    # From the end of a list, so that what is left keeps its place.
    for place in reversed(list(_places(step, data, parse_field(step.field)))):
        place.take()


def _set_default(step: SetDefault, data: Document) -> None:
    reached = _reached(step, data, parse_field(step.field), makes=True)
    _put_copies(step, ((place, step.value) for place in reached if not place.is_there))


def _set(step: Set, data: Document) -> None:
    reached = _reached(step, data, parse_field(step.field), makes=True)
    _put_copies(step, ((place, step.value) for place in reached))


def _map_values(step: MapValues, data: Document) -> None:
    places = ((place, _text(place.get())) for place in _places(step, data, parse_field(step.field)))
    _put_copies(step, ((place, step.values[text]) for place, text in places if text in step.values))


def _put_copies(step: Any, values: Iterable[tuple[_Place, Any]]) -> None:
    """Put a copy of a value to each place."""
    room = MAX_COPIED_CHARACTERS
    for place, value in values:
        room -= len(json.dumps(value))
        if room < 0:
            _refuse(step, "would get too much: its value is long, and it is in many places")
        place.set(deepcopy(value))


def _wrap(step: Wrap, data: Document) -> None:
    for place in _places(step, data, parse_field(step.field)):
        if not isinstance(place.get(), list):
            place.set([place.get()])


def _unwrap(step: Unwrap, data: Document) -> None:
    for place in reversed(list(_places(step, data, parse_field(step.field)))):
        value = place.get()
        if isinstance(value, list) and len(value) > 1:
            _refuse(step, f"has {len(value)} elements, and only one can stay")
        if isinstance(value, list):
            place.set(value[0]) if value else place.take()


def _convert(step: Convert, data: Document) -> None:
    for place in _places(step, data, parse_field(step.field)):
        if place.get() is not None:
            place.set(_converted(step, place.get()))


def _converted(step: Convert, value: Any) -> Any:
    match step.to, value:
        case "string", str() | bool() | int() | float():
            return _text(value)
        case (("number" | "integer"), str()) if _NUMBER.fullmatch(value):
            return _whole(step, json.loads(value))
        case (("number" | "integer"), int() | float()) if not isinstance(value, bool):
            return _whole(step, value)
        case "boolean", bool():
            return value
        case "boolean", "true" | "false":
            return value == "true"
    return _refuse(step, f"cannot become {step.to}: {_text(value)[:60]}")


def _whole(step: Convert, value: float) -> float:
    if step.to == "number" or isinstance(value, int):
        return value
    return int(value) if value.is_integer() else _refuse(step, f"is no integer: {value}")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _places(step: Any, data: Document, path: FieldPath) -> Iterator[_Place]:
    """Yield where the field is; nothing where it is absent."""
    return (each for each in _reached(step, data, path, makes=False) if each.is_there)


def _reached(step: Any, data: Document, path: FieldPath, *, makes: bool) -> Iterator[_Place]:
    """Yield the places that a path leads to; with `makes`, objects on the way to it are made."""
    holders: list[Any] = [data]
    for part in path[:-1]:
        holders = [below for holder in holders for below in _below(step, holder, part, makes=makes)]
    for holder in holders:
        yield from _at(step, holder, path[-1], makes=makes)


def _below(step: Any, holder: Any, part: str, *, makes: bool) -> Iterator[Any]:
    for place in _at(step, holder, part, makes=makes):
        if place.is_there:
            yield place.get()
        elif makes:
            place.set({})
            yield place.get()


def _at(step: Any, holder: Any, part: str, *, makes: bool) -> Iterator[_Place]:
    if isinstance(holder, dict):
        yield _Place(holder, part)
    elif isinstance(holder, list) and part == EACH:
        yield from (_Place(holder, place) for place in range(len(holder)))
    elif isinstance(holder, list) and part.isdecimal() and int(part) < len(holder):
        yield _Place(holder, int(part))
    elif makes:
        _refuse(step, f"cannot be reached: there is no object that could hold {part!r}")


def _refuse(step: Any, problem: str) -> NoReturn:
    raise StepsFailed(
        f"the step {step.step} does not fit: {step.field!r} {problem}",
        hint="Replace the entity's data whole, or change the type again with steps that fit.",
        step=step.model_dump(),
    )


_APPLY: dict[type, Callable[[Any, Document], None]] = {
    Rename: _rename,
    Move: _move,
    Remove: _remove,
    SetDefault: _set_default,
    Set: _set,
    MapValues: _map_values,
    Wrap: _wrap,
    Unwrap: _unwrap,
    Convert: _convert,
}
