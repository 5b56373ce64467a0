"""Keywords that stand for themselves, and whether one accepts no less than before.

Each function yields what a new value changes, and nothing where it is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from moorage.workflow.documents import escaped
from moorage.workflow.evolution.models import Reason
from moorage.workflow.evolution.schema_parts import Keywords, json_text, narrower, wider

AT_MOST = ("maxLength", "maxItems", "maxProperties")
AT_LEAST = ("minLength", "minItems", "minProperties")
_SHOWN_VALUES = 5
_SHOWN_CHARACTERS = 60
_ALL_TYPES = frozenset({"null", "boolean", "integer", "fraction", "string", "array", "object"})


def compare_types(old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:
    before, after = _types(old), _types(new)
    if after >= before:
        if before != after:
            yield wider(f"{pointer}/type", "more types")
    else:
        yield narrower(f"{pointer}/type", f"not {' or '.join(sorted(before - after))} any more")


def compare_values(old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:
    before, after = _values(old), _values(new)
    if before == after:
        return
    place = f"{pointer}/{'const' if 'const' in new else 'enum'}"
    if after is None:
        yield wider(place, "any value")
    elif before is None:
        yield narrower(place, "only listed values now")
    elif before <= after:
        yield wider(place, f"more values: {_named(after - before)}")
    else:
        yield narrower(place, f"not these values any more: {_named(before - after)}")


def compare_bounds(old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:
    for keyword in AT_MOST:
        yield from _bound(old, new, keyword, pointer, lambda before, after: after >= before)
    for keyword in AT_LEAST:
        yield from _bound(old, new, keyword, pointer, lambda before, after: after <= before)
    yield from _bound(old, new, "multipleOf", pointer, _is_multiple)


def _bound(
    old: Keywords, new: Keywords, keyword: str, pointer: str, is_wider: Callable[[Any, Any], bool]
) -> Iterator[Reason]:
    before, after = old.get(keyword), new.get(keyword)
    if before == after:
        return
    if after is None or (before is not None and is_wider(before, after)):
        yield wider(f"{pointer}/{keyword}", "a wider bound")
    else:
        was = "before none" if before is None else f"before {before}"
        yield narrower(f"{pointer}/{keyword}", f"a narrower bound: {after}, {was}")


def _is_multiple(before: Any, after: Any) -> bool:
    """Tell whether each multiple of the old number is one of the new; only of integers can it be told exactly."""
    return isinstance(before, int) and isinstance(after, int) and before % after == 0


def compare_ranges(old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:
    """Compare the bounds of numbers: one that includes its end and one that does not bear on each other."""
    for inclusive, exclusive, sign in (("minimum", "exclusiveMinimum", 1), ("maximum", "exclusiveMaximum", -1)):
        names = (inclusive, exclusive)
        floor = [(sign * old[name], name == exclusive) for name in names if name in old]
        for name in names:
            if old.get(name) == new.get(name):
                continue
            if name not in new or any(_holds(each, (sign * new[name], name == exclusive)) for each in floor):
                yield wider(f"{pointer}/{name}", "a wider bound")
            else:
                yield narrower(f"{pointer}/{name}", f"a narrower bound: {new[name]}")


def _holds(before: tuple[float, bool], after: tuple[float, bool]) -> bool:
    """Tell whether what lies above the old bound lies above the new one; each with whether it leaves out its end."""
    return before > after or before == after or (before[0] == after[0] and not after[1])


def compare_texts(old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:
    for keyword in ("pattern", "format"):
        before, after = old.get(keyword), new.get(keyword)
        if before != after and after is None:
            yield wider(f"{pointer}/{keyword}", "gone")
        elif before != after:
            yield narrower(f"{pointer}/{keyword}", f"another {keyword}: {after}")


def compare_required(old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:
    before, after = set(old.get("required", [])), set(new.get("required", []))
    for name in sorted(after - before):
        yield narrower(f"{pointer}/required", f"{name!r} becomes required")
    for name in sorted(before - after):
        yield wider(f"{pointer}/required", f"{name!r} is not required any more")
    needs_before, needs_after = old.get("dependentRequired", {}), new.get("dependentRequired", {})
    for name, needed in needs_after.items():
        more = set(needed) - set(needs_before.get(name, [])) - before
        if more:
            yield narrower(f"{pointer}/dependentRequired/{escaped(name)}", f"needs {', '.join(sorted(more))}")


def _named(values: frozenset[str]) -> str:
    shown = ", ".join(each[:_SHOWN_CHARACTERS] for each in sorted(values)[:_SHOWN_VALUES])
    return shown if len(values) <= _SHOWN_VALUES else f"{shown} and {len(values) - _SHOWN_VALUES} more"


ALL = (compare_types, compare_values, compare_bounds, compare_ranges, compare_texts, compare_required)
KEYWORDS = frozenset(
    {
        "type", "enum", "const", *AT_MOST, *AT_LEAST, "multipleOf", "minimum", "exclusiveMinimum", "maximum",
        "exclusiveMaximum", "pattern", "format", "required", "dependentRequired",
    }
)  # fmt: skip


def _types(schema: Keywords) -> frozenset[str]:
    """Return the types that are accepted; a number is an integer or a fraction."""
    named = schema.get("type")
    if named is None:
        return _ALL_TYPES
    names = {named} if isinstance(named, str) else set(named)
    return frozenset(names - {"number"} | ({"integer", "fraction"} if "number" in names else set()))


def _values(schema: Keywords) -> frozenset[str] | None:
    """Return the values that are accepted as JSON text; None is any."""
    listed = frozenset(map(json_text, schema["enum"])) if "enum" in schema else None
    only = frozenset({json_text(schema["const"])}) if "const" in schema else None
    if listed is None or only is None:
        return listed if only is None else only
    return listed & only
