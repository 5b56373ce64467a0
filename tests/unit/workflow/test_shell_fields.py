"""What people type after `--field`, as the JSON that the type's schema asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from moorage.core.errors import InvalidInput
from moorage.workflow.shell.items.fields import assigned_fields, read_document

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "version": {"type": "string"},
        "estimate": {"type": "number"},
        "count": {"type": "integer"},
        "urgent": {"type": "boolean"},
        "tags": {"type": "array"},
        "due": {"type": ["string", "null"]},
        "level": {"enum": [1, 2, "top"]},
        "address": {"$ref": "#/$defs/address"},
        "anything": {},
    },
    "$defs": {"address": {"type": "object", "properties": {"number": {"type": "string"}}}},
}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("title=12", {"title": "12"}),
        ("version=1.10", {"version": "1.10"}),
        ("estimate=2", {"estimate": 2}),
        ("count=3", {"count": 3}),
        ("urgent=true", {"urgent": True}),
        ('tags=["a", "b"]', {"tags": ["a", "b"]}),
        ("due=null", {"due": None}),
        ("due=2026-11-21", {"due": "2026-11-21"}),
        ("level=2", {"level": 2}),
        ("level=top", {"level": "top"}),
        ("address.number=7", {"address": {"number": "7"}}),
        ("anything=7", {"anything": 7}),
        ("anything=seven=7", {"anything": "seven=7"}),
        ("unknown=true", {"unknown": True}),
        ("title=", {"title": ""}),
    ],
)
def test_a_field_gets_the_type_that_the_schema_gives_it(typed: str, read: dict[str, Any]):
    assert assigned_fields(SCHEMA, [typed]) == read


@pytest.mark.parametrize(
    ("typed", "taught"),
    [
        ("title", "Write --field NAME=VALUE."),
        ("count=many", "Write --field count=3."),
        ("count=true", "Write --field count=3."),
        ("tags=a,b", """Write --field tags='["a", "b"]'."""),
        ("tags.0=a", "Write the list whole, as JSON."),
        ("urgent=yes", "Write --field urgent=true."),
    ],
)
def test_a_value_that_the_schema_has_no_room_for_is_refused_with_an_example(typed: str, taught: str):
    with pytest.raises(InvalidInput) as refused:
        assigned_fields(SCHEMA, [typed])
    assert typed.partition("=")[0] in refused.value.message
    assert refused.value.hint == taught


def test_fields_of_one_object_are_put_together():
    assert assigned_fields(SCHEMA, ["address.number=7", "address.city=Rome"]) == {
        "address": {"number": "7", "city": "Rome"}
    }


def test_a_field_set_whole_and_in_part_is_refused():
    with pytest.raises(InvalidInput):
        assigned_fields(SCHEMA, ["anything=7", "anything.more=8"])


def test_a_file_holds_the_fields_as_one_object(tmp_path: Path):
    file = tmp_path / "task.json"
    file.write_text('{"title": "Mend", "tags": ["roof"]}', encoding="utf-8")
    assert read_document(str(file)) == {"title": "Mend", "tags": ["roof"]}


@pytest.mark.parametrize("text", ["[]", '{"a": 1, "a": 2}', "{nonsense"])
def test_a_file_that_holds_no_object_is_refused_by_its_name(tmp_path: Path, text: str):
    file = tmp_path / "task.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as refused:
        read_document(str(file))
    assert "task.json" in refused.value.message


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(InvalidInput) as refused:
        read_document("no-such.json")
    assert "--data no-such.json cannot be read" in refused.value.message


def test_a_field_that_is_unset_gets_null():
    assert assigned_fields(SCHEMA, ["title=x"], ["due", "address.city"]) == {
        "title": "x",
        "due": None,
        "address": {"city": None},
    }
