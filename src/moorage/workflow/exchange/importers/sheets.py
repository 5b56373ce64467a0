"""Tables as CSV: the first row names fields of the type, each further row is one entity.

Source: https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from itertools import islice

from moorage.workflow.errors import InvalidImport
from moorage.workflow.exchange.importers.reading import MAX_ITEMS, refuse, refuse_many
from moorage.workflow.exchange.models import Proposal, Reading

# What an export calls the entity's own; a table of somebody else may have such a column under another name.
ID_COLUMN, KEY_COLUMN = "entity_id", "entity_key"
ID_NAMES = (ID_COLUMN, "external_id", "id", "key")
ID_CHARACTERS = 24
# The reader's own limit for the process is 128 KiB, which is less than an entity may hold.
csv.field_size_limit(16 * 1024 * 1024)


def read_sheet(text: str, *, schema_name: str | None) -> Reading:
    """Return the rows, with their cells as text.

    A column `entity_id`, `external_id`, `id` or `key` tells rows apart; without one, their content does.

    Raises:
        InvalidImport: no type is named, the first row names nothing, or a row has more cells than the first.
    """
    if schema_name is None:
        raise InvalidImport("a table does not say what its rows are", hint="Name their type: schema_name, or --type.")
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = _columns(next(rows, []))
        filled = ((rows.line_num, row) for row in rows if any(cell.strip() for cell in row))
        numbered = list(islice(filled, MAX_ITEMS + 1))
    except csv.Error as error:
        raise InvalidImport(
            f"line {rows.line_num}: {error}",
            hint="Cells with quotes or line ends stand in double quotes, doubled inside.",
        ) from None
    refuse_many(len(numbered))
    refuse(
        [
            f"line {line}: {len(row)} cells under {len(columns)} columns"
            for line, row in numbered
            if len(row) > len(columns)
        ]
    )
    return Reading(_proposals(columns, numbered, schema_name))


def _columns(header: Sequence[str]) -> list[str]:
    columns = [name.strip() for name in header]
    repeated = [name for name, count in Counter(columns).items() if count > 1]
    if not columns or not all(columns) or repeated:
        wrong = f"names {repeated[0]!r} twice" if repeated else "does not name every column"
        raise InvalidImport(f"line 1 {wrong}", hint="The first row has the names of the type's fields.")
    return columns


def _proposals(columns: list[str], rows: Sequence[tuple[int, list[str]]], schema_name: str) -> list[Proposal]:
    id_column = next((name for name in ID_NAMES if name in columns), None)
    seen: Counter[str] = Counter()
    proposals = []
    for line, row in rows:
        cells = {name: cell for name, cell in zip(columns, row, strict=False) if cell}
        cells.pop(KEY_COLUMN, None)
        external_id = cells.get(id_column or "") or _name(row, seen)
        if id_column == ID_COLUMN:
            cells.pop(ID_COLUMN, None)
        proposals.append(Proposal(f"line {line}", external_id, schema_name, cells=cells))
    return proposals


def _name(row: Sequence[str], seen: Counter[str]) -> str:
    """Return what tells a row without an id from the others; equal rows are counted."""
    text = "\x1f".join(row)
    seen[text] += 1
    return sha256(f"{text}\x1e{seen[text]}".encode()).hexdigest()[:ID_CHARACTERS]
