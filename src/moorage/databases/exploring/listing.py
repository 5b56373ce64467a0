"""What a search found as text: in few words for names, a line each with columns, everything with all there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from moorage.databases.exploring.models import RELATIONS, Found, FoundObject, Kind, ObjectText, Relation
from moorage.databases.exploring.texts import cut_definition, lines_of, one_line, remark, sketch_of

MAX_RELATION_BYTES = 20_000
_PLURALS = {Kind.INDEX: "indexes", Kind.POLICY: "policies"}


class Detail(StrEnum):
    """How much a search tells of each object."""

    NAMES = "names"
    COLUMNS = "columns"
    FULL = "full"


@dataclass(frozen=True)
class Entry:
    """What is said of one object; entries of one heading that follow each other share its line."""

    text: str
    heading: str | None = None


def entries_of(
    found: Found, relations: Mapping[int, Relation], texts: Mapping[tuple[Kind, int], ObjectText], detail: Detail
) -> list[Entry]:
    """Return an entry for each object found; of names alone when there is nothing more to say of it."""
    return [_entry(each, relations, texts, detail) for each in found.objects]


def listing(database: str, found: Found, entries: Iterable[Entry], *, offset: int, max_bytes: int) -> str:
    """Return a page as text, cut to about `max_bytes` after a whole entry, and how to see what it leaves out."""
    if not found.total:
        return f"{database}: nothing found"
    blocks = _fitting(list(entries), max_bytes)
    shown = len(blocks)
    last = offset + shown
    which = f"{offset + 1:,} to {last:,} shown" if shown else "none of them that far"
    head = f"{database}: {found.total:,} found{f', {which}' if shown < found.total else ''}"
    return "\n".join([head, *_joined(blocks), *_beyond(found, last)])


def bounded(lines: Iterable[str], max_bytes: int, *, way_on: str) -> str:
    """Return lines as text, cut after a whole line to about `max_bytes`, and then how to see the rest."""
    kept, room, left_out = [], max_bytes, 0
    for line in lines:
        room -= len(line.encode()) + 1
        if room >= 0 or not kept:
            kept.append(line)
        else:
            left_out += 1
    if left_out:
        kept.append(f"-- cut here, {left_out:,} lines more: {way_on}")
    return "\n".join(kept)


def _entry(
    found: FoundObject,
    relations: Mapping[int, Relation],
    texts: Mapping[tuple[Kind, int], ObjectText],
    detail: Detail,
) -> Entry:
    relation = relations.get(found.id) if found.kind in RELATIONS else None
    if relation and detail is Detail.FULL:
        way_on = f"search_objects with pattern {found.schema_name}.{found.name}.* and kinds column"
        return Entry("\n" + bounded(lines_of(relation), MAX_RELATION_BYTES, way_on=way_on))
    if relation:
        return Entry(sketch_of(relation))
    text = texts.get((found.kind, found.id))
    return Entry(_defined(found, text)) if text else Entry(_called(found), _heading(found))


def _defined(found: FoundObject, text: ObjectText) -> str:
    definition = f" {cut_definition(text.definition)}" if text.definition else ""
    return f"{found.kind} {_place(found)}.{_called(found)}{definition}{remark(text.comment)}"


def _called(found: FoundObject) -> str:
    name = one_line(found.name)
    if found.kind in (Kind.FUNCTION, Kind.PROCEDURE):
        return f"{name}({found.detail})"
    return f"{name} {found.detail}" if found.detail else name


def _heading(found: FoundObject) -> str:
    plural = _PLURALS.get(found.kind, f"{found.kind.replace('_', ' ')}s")
    return plural if found.kind is Kind.SCHEMA else f"{plural} in {_place(found)}"


def _place(found: FoundObject) -> str:
    return one_line(".".join(filter(None, (found.schema_name, found.container))))


def _fitting(entries: list[Entry], max_bytes: int) -> list[Entry]:
    """Return the first entries that fit; at least one."""
    room, heading = max_bytes, None
    for place, entry in enumerate(entries):
        room -= len(entry.text.encode()) + 2
        if entry.heading != heading:
            heading = entry.heading
            room -= len(heading.encode()) + 2 if heading else 0
        if room < 0 and place:
            return entries[:place]
    return entries


def _joined(entries: Iterable[Entry]) -> Iterator[str]:
    heading, texts = None, []
    for entry in entries:
        if texts and (entry.heading is None or entry.heading != heading):
            yield f"{heading}: {', '.join(texts)}"
            texts = []
        heading = entry.heading
        if heading is None:
            yield entry.text
        else:
            texts.append(entry.text)
    if texts:
        yield f"{heading}: {', '.join(texts)}"


def _beyond(found: Found, last: int) -> Iterator[str]:
    if last >= found.total:
        return
    yield f"{found.total - last:,} more: offset {last}; or narrow it by schema, kinds, or a longer pattern"
    if len(found.schemas) > 1:
        counts = ", ".join(f"{one_line(each.name)} {each.count:,}" for each in found.schemas)
        yield f"in schemas: {counts}"
