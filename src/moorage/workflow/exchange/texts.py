"""Entities of one type as text: a table, a board, or a line of JSON each."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Protocol

from moorage.workflow.entities.models import Entity
from moorage.workflow.exchange.cells import cell_of
from moorage.workflow.exchange.importers.sheets import ID_COLUMN, KEY_COLUMN
from moorage.workflow.types.models import EntityType

NO_STATE = "no state"
# Of an empty cell of a board, with what parts it from the next.
_CELL_CHARACTERS = 3
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@])")


class TextWriter(Protocol):
    """Takes entities one after another and makes a text of them."""

    def add(self, entity: Entity) -> int:
        """Take an entity; return how many characters the text grows by, about."""
        ...

    def text(self) -> str: ...


async def fill(writer: TextWriter, entities: AsyncIterable[Entity], *, max_characters: int | None) -> int:
    """Give the writer as many whole entities as fit, at least one; return how many those are."""
    count = characters = 0
    async for each in entities:
        characters += writer.add(each)
        count += 1
        if max_characters is not None and characters >= max_characters:
            break
    return count


class JsonLines:
    """One entity a line."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, entity: Entity) -> int:
        self._lines.append(entity.model_dump_json() + "\n")
        return len(self._lines[-1])

    def text(self) -> str:
        return "".join(self._lines)


class Sheet:
    """CSV (RFC 4180): id and key, then title and state, then the other fields by name."""

    def __init__(self, entity_type: EntityType, fields: Sequence[str]) -> None:
        self._schemas: Mapping[str, Any] = entity_type.row.schema_definition.get("properties", {})
        rules = entity_type.rules.state
        first = [name for name in (entity_type.title_field, rules.field if rules else None) if name]
        self._fields = list(dict.fromkeys([*first, *sorted({*self._schemas, *fields})]))
        self._text = io.StringIO(newline="")
        self._rows = csv.writer(self._text)
        self._rows.writerow([ID_COLUMN, KEY_COLUMN, *self._fields])

    def add(self, entity: Entity) -> int:
        cells = (self._cell(entity.data, name) for name in self._fields)
        return self._rows.writerow([str(entity.id), entity.key, *cells])

    def text(self) -> str:
        return self._text.getvalue()

    def _cell(self, data: Mapping[str, Any], name: str) -> str:
        if name not in data:
            return ""
        schema = self._schemas.get(name)
        return cell_of(data[name], schema if isinstance(schema, dict) else {})


class Board:
    """A table in Markdown, a column for each state."""

    def __init__(self, entity_type: EntityType) -> None:
        rules = entity_type.rules.state
        schema = entity_type.row.schema_definition.get("properties", {}).get(rules.field, {}) if rules else {}
        states = schema.get("enum", []) if isinstance(schema, dict) else []
        self._name = entity_type.name
        self._columns: dict[str, list[str]] = {each: [] for each in states if isinstance(each, str)}

    def add(self, entity: Entity) -> int:
        card = f"**{entity.key}** {_escaped(entity.title)}"
        self._columns.setdefault(entity.state or NO_STATE, []).append(card)
        return len(card) + _CELL_CHARACTERS * len(self._columns)

    def text(self) -> str:
        names = [f"{_escaped(state)} ({len(cards)})" for state, cards in self._columns.items()]
        rows = list(zip_longest(*self._columns.values(), fillvalue=""))
        lines = [names, ["---"] * len(names), *rows]
        return f"# {_escaped(self._name)}\n\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines if names)


def _escaped(text: str) -> str:
    """Return text as it reads in a cell: one line, and neither markup nor control codes of its own."""
    shown = "".join(each for each in " ".join(text.split()) if each.isprintable())
    return _MARKUP.sub(r"\\\1", shown)
