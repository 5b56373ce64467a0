"""Does what satisfied a schema satisfy another one? Told from the two schemas alone, and never wrong to the good.

A schema is the conjunction of its keywords, so a new one accepts all that the old one did when each keyword, or group
of keywords that work together, accepts no less than before. What cannot be told counts as `needs_migration`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from moorage.workflow.documents import escaped
from moorage.workflow.evolution.models import Change, Reason
from moorage.workflow.types.keywords import ANNOTATIONS, EXTENSION_PREFIX, draft_of

Schema = dict[str, Any] | bool
Keywords = Mapping[str, Any]

# They accept everything; what refers to definitions is followed.
DEFINITIONS = frozenset({"$schema", "$defs", "definitions"})
AT_MOST = ("maxLength", "maxItems", "maxProperties")
AT_LEAST = ("minLength", "minItems", "minProperties")
# At the root they say what kinds of entities there are, and not what one property may be.
ALTERNATIVES = frozenset({"$ref", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "type"})


def compare_schemas(old: dict[str, Any], new: dict[str, Any]) -> list[Reason]:
    """Return what a new schema changes; what accepts no less than before has the change `compatible`."""
    reasons: list[Reason] = []
    if draft_of(old) != draft_of(new):
        reasons.append(Reason(pointer="/$schema", change=Change.BREAKING, message="another dialect of JSON Schema"))
    found = _Comparison(old, new).reasons()
    if not found and _Comparison(new, old).reasons():
        found = [_wider("", "accepts more")]
    return reasons + [_at_root(each) for each in found]


def verdict_of(reasons: list[Reason]) -> Change:
    """Return the most that any of the reasons asks."""
    order = list(Change)
    return max((each.change for each in reasons), key=order.index, default=Change.SAME)


@dataclass
class _Comparison:
    """Two whole schemas, and the pairs of definitions in them that are being compared already."""

    old: dict[str, Any]
    new: dict[str, Any]
    seen: set[tuple[str, str]] = field(default_factory=set)

    def reasons(self) -> list[Reason]:
        if _same_json(self.old, self.new):
            return []
        return list(self.compare(self.old, self.new, ""))

    def compare(self, old: Schema, new: Schema, pointer: str) -> Iterator[Reason]:
        """Yield what the new part changes; nothing when it accepts the same."""
        if self.is_same(old, new) or old is False or new is True:
            if not self.is_same(old, new):
                yield _wider(pointer, "accepts more")
            return
        if new is False:
            yield _narrower(pointer, "accepts nothing any more")
            return
        before, after = ({} if old is True else old), new
        assert isinstance(before, dict)
        assert isinstance(after, dict)
        if "$ref" in before or "$ref" in after:
            yield from self._compare_referred(before, after, pointer)
            return
        for compare in _KEYWORD_GROUPS:
            yield from compare(self, before, after, pointer)

    def is_same(self, old: Any, new: Any) -> bool:
        """Tell whether two schemas are written the same way, but for what accepts everything."""
        return self.is_alike(_without_annotations(old), _without_annotations(new))

    def is_alike(self, old: Any, new: Any) -> bool:
        """Tell whether two parts are written the same way, and what they refer to as well."""
        if not _same_json(old, new):
            return False
        references, followed = _references(old), set()
        while references:
            each = references.pop()
            target = _resolved(self.old, {"$ref": each})
            if target is None or not _same_json(target, _resolved(self.new, {"$ref": each})):
                return False
            followed.add(each)
            references |= _references(target) - followed
        return True

    def _compare_referred(self, old: dict[str, Any], new: dict[str, Any], pointer: str) -> Iterator[Reason]:
        """Compare what references lead to; each pair once, as a definition may contain itself."""
        names = (str(old.get("$ref", "")), str(new.get("$ref", "")))
        if any("$ref" in each and _constraints(each) != {"$ref"} for each in (old, new)):
            yield _untold(pointer, "a reference with keywords beside it")
            return
        targets = (_resolved(self.old, old), _resolved(self.new, new))
        if targets[0] is None or targets[1] is None:
            yield _untold(f"{pointer}/$ref", "a reference that leads nowhere here")
            return
        key = (names[0] or f"old {pointer}", names[1] or f"new {pointer}")
        if key not in self.seen:
            self.seen.add(key)
            yield from self.compare(targets[0], targets[1], pointer)


def _compare_types(comparison: _Comparison, old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:  # noqa: ARG001
    before, after = _types(old), _types(new)
    if after >= before:
        if before != after:
            yield _wider(f"{pointer}/type", "more types")
    else:
        yield _narrower(f"{pointer}/type", f"not {' or '.join(sorted(before - after))} any more")


def _compare_values(comparison: _Comparison, old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:  # noqa: ARG001
    before, after = _values(old), _values(new)
    if before == after:
        return
    place = f"{pointer}/{'const' if 'const' in new else 'enum'}"
    if after is None:
        yield _wider(place, "any value")
    elif before is None:
        yield _narrower(place, "only listed values now")
    elif before <= after:
        yield _wider(place, f"more values: {', '.join(sorted(after - before))}")
    else:
        yield _narrower(place, f"not these values any more: {', '.join(sorted(before - after))}")


def _compare_bounds(comparison: _Comparison, old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:  # noqa: ARG001
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
        yield _wider(f"{pointer}/{keyword}", "a wider bound")
    else:
        yield _narrower(f"{pointer}/{keyword}", f"a narrower bound: {after}, before {_or_none(before)}")


def _is_multiple(before: Any, after: Any) -> bool:
    """Tell whether each multiple of the old number is one of the new; only of integers can it be told exactly."""
    return isinstance(before, int) and isinstance(after, int) and before % after == 0


def _compare_ranges(comparison: _Comparison, old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:  # noqa: ARG001
    """Compare the bounds of numbers: one that includes its end and one that does not bear on each other."""
    for inclusive, exclusive, sign in (("minimum", "exclusiveMinimum", 1), ("maximum", "exclusiveMaximum", -1)):
        names = (inclusive, exclusive)
        if any(isinstance(each.get(name), bool) for each in (old, new) for name in names):
            yield _untold(f"{pointer}/{exclusive}", "a bound of an older draft")
            continue
        floor = [(sign * old[name], name == exclusive) for name in names if name in old]
        for name in names:
            if old.get(name) == new.get(name):
                continue
            if name not in new or any(_holds(each, (sign * new[name], name == exclusive)) for each in floor):
                yield _wider(f"{pointer}/{name}", "a wider bound")
            else:
                yield _narrower(f"{pointer}/{name}", f"a narrower bound: {new[name]}")


def _holds(before: tuple[float, bool], after: tuple[float, bool]) -> bool:
    """Tell whether what lies above the old bound lies above the new one; each with whether it leaves out its end."""
    return before > after or before == after or (before[0] == after[0] and not after[1])


def _compare_texts(comparison: _Comparison, old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:  # noqa: ARG001
    for keyword in ("pattern", "format"):
        before, after = old.get(keyword), new.get(keyword)
        if before != after and after is None:
            yield _wider(f"{pointer}/{keyword}", "gone")
        elif before != after:
            yield _narrower(f"{pointer}/{keyword}", f"another {keyword}: {after}")


def _compare_required(comparison: _Comparison, old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:  # noqa: ARG001
    before, after = set(old.get("required", [])), set(new.get("required", []))
    for name in sorted(after - before):
        yield _narrower(f"{pointer}/required", f"{name!r} becomes required")
    for name in sorted(before - after):
        yield _wider(f"{pointer}/required", f"{name!r} is not required any more")
    needs_before, needs_after = old.get("dependentRequired", {}), new.get("dependentRequired", {})
    for name, needed in needs_after.items():
        more = set(needed) - set(needs_before.get(name, [])) - before
        if more:
            yield _narrower(f"{pointer}/dependentRequired/{escaped(name)}", f"needs {', '.join(sorted(more))}")


def _compare_properties(comparison: _Comparison, old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:
    """Compare property by property; one that only one side names falls under the other's `additionalProperties`."""
    before, after = old.get("properties", {}), new.get("properties", {})
    others_before, others_after = old.get("additionalProperties", True), new.get("additionalProperties", True)
    patterned = old.get("patternProperties", {})
    for name in sorted(before.keys() & after.keys()):
        yield from comparison.compare(before[name], after[name], f"{pointer}/properties/{escaped(name)}")
    for name in sorted(after.keys() - before.keys()):
        place = f"{pointer}/properties/{escaped(name)}"
        # With patterns it cannot be told under which the name fell.
        fell_under = True if patterned else others_before
        yield from _added(list(comparison.compare(fell_under, after[name], place)), place, name)
    for name in sorted(before.keys() - after.keys()):
        place = f"{pointer}/properties/{escaped(name)}"
        yield from _gone(list(comparison.compare(before[name], others_after, place)), place, name)
    yield from comparison.compare(others_before, others_after, f"{pointer}/additionalProperties")
    if not comparison.is_alike(patterned, new.get("patternProperties", {})):
        yield _untold(f"{pointer}/patternProperties", "other patterns for names of properties")


def _added(found: list[Reason], place: str, name: str) -> list[Reason]:
    if verdict_of(found) in (Change.SAME, Change.COMPATIBLE):
        return [_wider(place, f"{name!r} is new")]
    return [_narrower(place, f"{name!r} is new, and older data may have anything there"), *found]


def _gone(found: list[Reason], place: str, name: str) -> list[Reason]:
    if verdict_of(found) in (Change.SAME, Change.COMPATIBLE):
        return [_wider(place, f"{name!r} is described no more")]
    return [_narrower(place, f"{name!r} is gone, and others are not allowed")]


def _compare_names(comparison: _Comparison, old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:
    names = (old.get("propertyNames", True), new.get("propertyNames", True))
    yield from comparison.compare(*names, f"{pointer}/propertyNames")
    before, after = old.get("dependentSchemas", {}), new.get("dependentSchemas", {})
    for name, schema in after.items():
        place = f"{pointer}/dependentSchemas/{escaped(name)}"
        yield from comparison.compare(before.get(name, True), schema, place)


def _compare_items(comparison: _Comparison, old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:
    together = ("prefixItems", "additionalItems")
    before, after = old.get("items", True), new.get("items", True)
    is_listed = isinstance(before, list) or isinstance(after, list)
    if not comparison.is_alike(_only(old, together), _only(new, together)) or (
        is_listed and not comparison.is_alike(before, after)
    ):
        yield _untold(f"{pointer}/items", "other items by their place in the list")
    elif not is_listed:
        yield from comparison.compare(before, after, f"{pointer}/items")
    if new.get("uniqueItems", False) and not old.get("uniqueItems", False):
        yield _narrower(f"{pointer}/uniqueItems", "items have to differ now")
    elif old.get("uniqueItems", False) and not new.get("uniqueItems", False):
        yield _wider(f"{pointer}/uniqueItems", "items may repeat")


def _compare_alternatives(comparison: _Comparison, old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:
    for place, part in enumerate(new.get("allOf", [])):
        below = f"{pointer}/allOf/{place}"
        yield from _covered(comparison, old.get("allOf", []), place, lambda each, p=part, b=below: (each, p, b), below)
    if "anyOf" not in new:
        return
    if "anyOf" not in old:
        yield _narrower(f"{pointer}/anyOf", "alternatives where everything was allowed")
        return
    for place, part in enumerate(old["anyOf"]):
        below = f"{pointer}/anyOf/{place}"
        yield from _covered(comparison, new["anyOf"], place, lambda each, p=part, b=below: (p, each, b), below)


def _covered(
    comparison: _Comparison,
    others: list[Schema],
    place: int,
    pair: Callable[[Schema], tuple[Schema, Schema, str]],
    below: str,
) -> Iterator[Reason]:
    """Compare a part with what stands in its place on the other side, unless the same stands anywhere there."""
    if any(comparison.is_same(*pair(each)[:2]) for each in others):
        return
    if place < len(others):
        yield from comparison.compare(*pair(others[place]))
    else:
        yield _untold(below, "no counterpart in the other version")


def _compare_whole(comparison: _Comparison, old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:
    """Compare what is only understood when it is the same, or gone with all that works together with it."""
    for group in _TOGETHER:
        before, after = _only(old, group), _only(new, group)
        if comparison.is_alike(before, after):
            continue
        if not after:
            yield _wider(f"{pointer}/{group[0]}", "gone")
        else:
            yield _untold(f"{pointer}/{group[0]}", "changed")
    for keyword in ("unevaluatedProperties", "unevaluatedItems"):
        if keyword in new:
            yield _untold(f"{pointer}/{keyword}", "depends on what changed beside it")
    for keyword in sorted((_constraints(old) | _constraints(new)) - _KNOWN):
        if not comparison.is_alike(old.get(keyword), new.get(keyword)):
            yield _untold(f"{pointer}/{escaped(keyword)}", "a keyword that is not known here")


_TOGETHER = (
    ("oneOf",),
    ("not",),
    ("if", "then", "else"),
    ("contains", "minContains", "maxContains"),
    ("dependencies",),
    ("contentEncoding", "contentMediaType", "contentSchema"),
)
_KEYWORD_GROUPS = (
    _compare_types, _compare_values, _compare_bounds, _compare_ranges, _compare_texts, _compare_required,
    _compare_properties, _compare_names, _compare_items, _compare_alternatives, _compare_whole,
)  # fmt: skip
_KNOWN = frozenset(
    {
        "type", "enum", "const", *AT_MOST, *AT_LEAST, "multipleOf", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "pattern", "format", "required", "dependentRequired", "properties", "patternProperties",
        "additionalProperties", "propertyNames", "dependentSchemas", "items", "prefixItems", "additionalItems",
        "uniqueItems", "allOf", "anyOf", "unevaluatedProperties", "unevaluatedItems",
        *(keyword for group in _TOGETHER for keyword in group),
    }
)  # fmt: skip
_ALL_TYPES = frozenset({"null", "boolean", "integer", "fraction", "string", "array", "object"})


def _types(schema: Keywords) -> frozenset[str]:
    """Return the types that are accepted; a number is an integer or a fraction."""
    named = schema.get("type")
    if named is None:
        return _ALL_TYPES
    names = {named} if isinstance(named, str) else set(named)
    return frozenset(names - {"number"} | ({"integer", "fraction"} if "number" in names else set()))


def _values(schema: Keywords) -> frozenset[str] | None:
    """Return the values that are accepted as JSON text; None is any."""
    listed = frozenset(map(_json, schema["enum"])) if "enum" in schema else None
    only = frozenset({_json(schema["const"])}) if "const" in schema else None
    if listed is None or only is None:
        return listed if only is None else only
    return listed & only


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _same_json(one: Any, other: Any) -> bool:
    """Tell whether two values are the same JSON; Python takes true for 1."""
    return one == other and _json(one) == _json(other)


def _only(schema: Keywords, keywords: tuple[str, ...]) -> dict[str, Any]:
    return {each: schema[each] for each in keywords if each in schema}


def _constraints(schema: Keywords) -> frozenset[str]:
    return frozenset(each for each in schema if not _is_annotation(each)) - DEFINITIONS


def _is_annotation(keyword: str) -> bool:
    return keyword in ANNOTATIONS or keyword.startswith(EXTENSION_PREFIX)


def _resolved(root: dict[str, Any], schema: dict[str, Any]) -> Schema | None:
    """Return what a schema's reference leads to, itself without one; None where it leads out of the document."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    found: Any = root
    for part in reference[1:].split("/")[1:]:
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict | bool) else None


def _references(part: Any) -> set[str]:
    """Return what a part of a schema refers to, anywhere in it."""
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*map(_references, part.values()))
    return set().union(*map(_references, part)) if isinstance(part, list) else set()


def _without_annotations(part: Any) -> Any:
    """Return a schema without the keywords that accept everything, at its top only: below they may be names."""
    if isinstance(part, dict):
        return {name: each for name, each in part.items() if not _is_annotation(name)}
    return part


def _at_root(reason: Reason) -> Reason:
    """Return the reason as breaking where it concerns the alternatives at the root."""
    keyword = reason.pointer.split("/")[1:2]
    is_root = bool(keyword) and keyword[0] in ALTERNATIVES and reason.change is Change.NEEDS_MIGRATION
    return reason.model_copy(update={"change": Change.BREAKING}) if is_root else reason


def _or_none(value: Any) -> Any:
    return "none" if value is None else value


def _wider(pointer: str, message: str) -> Reason:
    return Reason(pointer=pointer, change=Change.COMPATIBLE, message=message)


def _narrower(pointer: str, message: str) -> Reason:
    return Reason(pointer=pointer, change=Change.NEEDS_MIGRATION, message=message)


def _untold(pointer: str, message: str) -> Reason:
    return Reason(pointer=pointer, change=Change.NEEDS_MIGRATION, message=f"{message}: it cannot be told")
