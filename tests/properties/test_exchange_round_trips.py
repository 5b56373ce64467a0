"""What goes out as a table or a file comes back as it was, whatever it holds."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from moorage.workflow.entities.models import Entity
from moorage.workflow.exchange.archive.folders import read_document, text_of
from moorage.workflow.exchange.archive.models import ArchivedEntity
from moorage.workflow.exchange.cells import GUARDED, cell_of, value_of
from moorage.workflow.exchange.fitting import fit
from moorage.workflow.exchange.importers.sheets import read_sheet
from moorage.workflow.exchange.texts import Sheet, fill
from moorage.workflow.types.models import StoredType, TypeRules
from moorage.workflow.types.validation import compiled

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30)
HOSTILE = st.sampled_from(
    ["=1+1", "-5", "+5", "@x", "\t=x", "\r", "'", "''=x", "", " ", "a;b", "[1]", "null", '"', "true"]
)
ANY_TEXT = TEXT | HOSTILE
NUMBER = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=10,
)
SCHEMAS = {
    "text": {"type": "string"},
    "count": {"type": "integer"},
    "share": {"type": "number"},
    "done": {"type": "boolean"},
    "tags": {"type": "array", "items": {"type": "string"}},
    "counts": {"type": "array", "items": {"type": "integer"}},
    "object": {"type": "object"},
    "maybe": {"type": ["string", "null"]},
    "anything": {},
}
VALUES = {
    "text": ANY_TEXT,
    "count": st.integers(-(2**63), 2**63 - 1),
    "share": NUMBER,
    "done": st.booleans(),
    "tags": st.lists(ANY_TEXT, max_size=4),
    "counts": st.lists(st.integers(-9, 9), max_size=4),
    "object": st.dictionaries(ANY_TEXT, JSON, max_size=3),
    "maybe": st.none() | ANY_TEXT,
    "anything": JSON,
}
DATA = st.fixed_dictionaries({}, optional=VALUES)
ROW = StoredType(
    schema_name="row",
    version=1,
    description=None,
    schema_definition={"type": "object", "properties": SCHEMAS},
    rules=TypeRules(),
    key_prefix="R",
    created_at=NOW,
    created_by="a",
    updated_at=NOW,
    updated_by="a",
)


def entity(number: int, data: dict) -> Entity:
    named = {"id": uuid4(), "key": f"R-{number}", "schema_name": "row", "schema_version": 1, "version": 1}
    times = {"created_at": NOW, "created_by": "a", "updated_at": NOW, "updated_by": "a"}
    return Entity.model_validate({**named, **times, "title": "", "state": None, "is_open": False, "data": data})


@given(st.sampled_from(sorted(SCHEMAS)).flatmap(lambda name: st.tuples(st.just(name), VALUES[name])))
def test_a_value_comes_back_out_of_its_cell(named):
    name, value = named
    cell = cell_of(value, SCHEMAS[name])
    back = value_of(cell, SCHEMAS[name])
    assert (back, type(back)) == (value, type(value))


@given(ANY_TEXT | st.lists(ANY_TEXT))
def test_no_cell_of_text_begins_as_a_formula_does(value):
    name = "text" if isinstance(value, str) else "tags"
    assert not cell_of(value, SCHEMAS[name]).startswith(tuple(set(GUARDED) - {"'"}))


@settings(deadline=None)
@given(st.lists(DATA, max_size=4))
def test_a_table_comes_back_as_it_was(rows):
    row_type = compiled(ROW)
    sheet = Sheet(row_type, [])

    async def all_rows():
        for number, data in enumerate(rows, 1):
            yield entity(number, data)

    asyncio.run(fill(sheet, all_rows(), max_characters=None))
    reading = read_sheet(sheet.text(), schema_name="row")
    fitted = [fit(each, row_type, max_bytes=10**6) for each in reading.proposals]
    assert [each.problems for each in fitted] == [[] for _ in rows]
    assert [each.data for each in fitted] == rows


@settings(deadline=None)
@given(st.dictionaries(ANY_TEXT, JSON, max_size=4), ANY_TEXT)
def test_a_file_comes_back_as_it_was(data, name):
    archived = ArchivedEntity(
        id=UUID(int=1),
        key="R-1",
        schema_name="row",
        schema_version=1,
        version=1,
        data=data,
        created_at=NOW,
        created_by=name,
        updated_at=NOW,
        updated_by=name,
        deleted_at=None,
        versions=[],
        links=[],
        references=[],
        comments=[],
        origins=[],
    )
    with TemporaryDirectory() as folder:
        (Path(folder) / "file.json").write_text(text_of(archived), encoding="utf-8", newline="\n")
        back = read_document(Path(folder), "file.json", ArchivedEntity)
    assert back == archived
    assert text_of(back) == text_of(archived)
    assert json.loads(text_of(archived))["data"] == data
