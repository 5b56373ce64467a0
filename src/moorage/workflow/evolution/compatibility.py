"""Does what satisfied a schema satisfy another one? Told from the two schemas alone, and never wrong to the good.

A schema is the conjunction of its keywords, so a new one accepts all that the old one did when each keyword, or group
of keywords that work together, accepts no less than before. What cannot be told counts as `needs_migration`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from moorage.workflow.documents import escaped
from moorage.workflow.evolution import simple_keywords
from moorage.workflow.evolution.models import Change, Reason
from moorage.workflow.evolution.schema_parts import (
    Keywords,
    constraints,
    json_text,
    narrower,
    only,
    references,
    resolved,
    same_json,
    untold,
    wider,
    without_annotations,
)
from moorage.workflow.types.keywords import draft_of
from moorage.workflow.types.places import Places, Schema, places_in

# Of parts that are compared. Schemas of a thousand parts, which are the largest, could have a million: half a minute.
MAX_PAIRS = 5_000
# At the root they say what kinds of entities there are, and not what one property may be.
ALTERNATIVES = frozenset({"$ref", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "type"})


def compare_schemas(old: dict[str, Any], new: dict[str, Any]) -> list[Reason]:
    """Return what a new schema changes; what accepts no less than before has the change `compatible`."""
    reasons: list[Reason] = []
    if draft_of(old) != draft_of(new):
        reasons.append(Reason(pointer="/$schema", change=Change.BREAKING, message="another dialect of JSON Schema"))
    found = _Comparison(old, new).reasons()
    if not found and _Comparison(new, old).reasons():
        found = [wider("", "accepts more")]
    return reasons + [_at_root(each) for each in found]


def verdict_of(reasons: list[Reason]) -> Change:
    """Return the most that any of the reasons asks."""
    order = list(Change)
    return max((each.change for each in reasons), key=order.index, default=Change.SAME)


@dataclass
class _Comparison:
    """Two whole schemas, and the pairs of referring parts in them that are being compared already."""

    old: dict[str, Any]
    new: dict[str, Any]
    seen: set[tuple[str, str]] = field(default_factory=set)
    left: int = MAX_PAIRS

    @cached_property
    def places(self) -> tuple[Places, Places]:
        return places_in(self.old), places_in(self.new)

    def reasons(self) -> list[Reason]:
        if same_json(self.old, self.new):
            return []
        found = list(self.compare(self.old, self.new, ""))
        return found if self.left > 0 else [*found, untold("", "too much to compare")]

    def compare(self, old: Schema, new: Schema, pointer: str) -> Iterator[Reason]:
        """Yield what the new part changes; nothing when it accepts the same."""
        self.left -= 1
        if self.left <= 0:
            return
        if self.is_same(old, new) or old is False or new is True:
            if not self.is_same(old, new):
                yield wider(pointer, "accepts more")
            return
        if new is False:
            yield narrower(pointer, "accepts nothing any more")
            return
        before, after = ({} if old is True else old), new
        assert isinstance(before, dict)
        assert isinstance(after, dict)
        if "$ref" in before or "$ref" in after:
            yield from self._compare_referred(before, after, pointer)
            return
        for compare_simple in simple_keywords.ALL:
            yield from compare_simple(before, after, pointer)
        for compare_group in _GROUPS:
            yield from compare_group(self, before, after, pointer)

    def is_same(self, old: Any, new: Any) -> bool:
        """Tell whether two schemas are written the same way, but for what accepts everything."""
        return self.is_alike(without_annotations(old), without_annotations(new))

    def is_alike(self, old: Any, new: Any) -> bool:
        """Tell whether two parts are written the same way, and what they refer to as well."""
        if not same_json(old, new):
            return False
        to_follow, followed = references(old), set()
        while to_follow:
            each = to_follow.pop()
            target, other = (resolved(places, {"$ref": each}) for places in self.places)
            if target is None or not same_json(target, other):
                return False
            followed.add(each)
            to_follow |= references(target) - followed
        return True

    def is_among(self, part: Schema, texts: frozenset[str]) -> bool:
        """Tell whether a part is the same as one of those of another schema, given as `_texts`."""
        return _text(part) in texts and self.is_same(part, part)

    def _compare_referred(self, old: dict[str, Any], new: dict[str, Any], pointer: str) -> Iterator[Reason]:
        """Compare what references lead to; each pair once, as a definition may contain itself."""
        if any("$ref" in each and constraints(each) != {"$ref"} for each in (old, new)):
            yield untold(pointer, "a reference with keywords beside it")
            return
        before, after = (
            resolved(places, each) if "$ref" in each else each
            for places, each in zip(self.places, (old, new), strict=True)
        )
        if before is None or after is None:
            yield untold(f"{pointer}/$ref", "a reference that leads nowhere here")
            return
        pair = (json_text(old), json_text(new))
        if pair not in self.seen:
            self.seen.add(pair)
            yield from self.compare(before, after, pointer)


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
        yield untold(f"{pointer}/patternProperties", "other patterns for names of properties")


def _added(found: list[Reason], place: str, name: str) -> list[Reason]:
    if verdict_of(found) in (Change.SAME, Change.COMPATIBLE):
        return [wider(place, f"{name!r} is new")]
    return [narrower(place, f"{name!r} is new, and older data may have anything there"), *found]


def _gone(found: list[Reason], place: str, name: str) -> list[Reason]:
    if verdict_of(found) in (Change.SAME, Change.COMPATIBLE):
        return [wider(place, f"{name!r} is described no more")]
    return [narrower(place, f"{name!r} is gone, and others are not allowed")]


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
    if not comparison.is_alike(only(old, together), only(new, together)) or (
        is_listed and not comparison.is_alike(before, after)
    ):
        yield untold(f"{pointer}/items", "other items by their place in the list")
    elif not is_listed:
        yield from comparison.compare(before, after, f"{pointer}/items")
    if new.get("uniqueItems", False) and not old.get("uniqueItems", False):
        yield narrower(f"{pointer}/uniqueItems", "items have to differ now")
    elif old.get("uniqueItems", False) and not new.get("uniqueItems", False):
        yield wider(f"{pointer}/uniqueItems", "items may repeat")


def _compare_all_of(comparison: _Comparison, old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:
    """Compare each part of the new with what stands in its place, unless the same stood anywhere before."""
    before = old.get("allOf", [])
    same = _texts(before)
    for place, part in enumerate(new.get("allOf", [])):
        if comparison.is_among(part, same):
            continue
        if place < len(before):
            yield from comparison.compare(before[place], part, f"{pointer}/allOf/{place}")
        else:
            yield untold(f"{pointer}/allOf/{place}", "a part more")


def _text(part: Schema) -> str:
    return json_text(without_annotations(part))


def _texts(parts: Iterable[Schema]) -> frozenset[str]:
    return frozenset(map(_text, parts))


def _compare_any_of(comparison: _Comparison, old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:
    """Compare each alternative of the old with what stands in its place, unless the same stands anywhere now."""
    if "anyOf" not in new:
        return
    if "anyOf" not in old:
        yield narrower(f"{pointer}/anyOf", "alternatives where everything was allowed")
        return
    after = new["anyOf"]
    same = _texts(after)
    for place, part in enumerate(old["anyOf"]):
        if comparison.is_among(part, same):
            continue
        if place < len(after):
            yield from comparison.compare(part, after[place], f"{pointer}/anyOf/{place}")
        else:
            yield untold(f"{pointer}/anyOf", "an alternative less")


def _compare_whole(comparison: _Comparison, old: Keywords, new: Keywords, pointer: str) -> Iterator[Reason]:
    """Compare what is only understood when it is the same, or gone with all that works together with it."""
    for group in _TOGETHER:
        before, after = only(old, group), only(new, group)
        if comparison.is_alike(before, after):
            continue
        if not after:
            yield wider(f"{pointer}/{group[0]}", "gone")
        else:
            yield untold(f"{pointer}/{group[0]}", "changed")
    for keyword in ("unevaluatedProperties", "unevaluatedItems"):
        if keyword in new:
            yield untold(f"{pointer}/{keyword}", "depends on what changed beside it")
    for keyword in sorted((constraints(old) | constraints(new)) - _KNOWN):
        if not comparison.is_alike(old.get(keyword), new.get(keyword)):
            yield untold(f"{pointer}/{escaped(keyword)}", "a keyword that is not known here")


_TOGETHER = (
    ("oneOf",),
    ("not",),
    ("if", "then", "else"),
    ("contains", "minContains", "maxContains"),
    ("dependencies",),
    ("contentEncoding", "contentMediaType", "contentSchema"),
)
_GROUPS = (
    _compare_properties, _compare_names, _compare_items, _compare_all_of, _compare_any_of, _compare_whole,
)  # fmt: skip
_KNOWN = simple_keywords.KEYWORDS | {
    "properties", "patternProperties", "additionalProperties", "propertyNames", "dependentSchemas", "items",
    "prefixItems", "additionalItems", "uniqueItems", "allOf", "anyOf", "unevaluatedProperties", "unevaluatedItems",
    *(keyword for group in _TOGETHER for keyword in group),
}  # fmt: skip


def _at_root(reason: Reason) -> Reason:
    """Return the reason as breaking where it concerns the alternatives at the root."""
    keyword = reason.pointer.split("/")[1:2]
    is_root = bool(keyword) and keyword[0] in ALTERNATIVES and reason.change is Change.NEEDS_MIGRATION
    return reason.model_copy(update={"change": Change.BREAKING}) if is_root else reason
