"""What is far too much is refused before each item of it is looked at."""

from __future__ import annotations

import pytest

from moorage.workflow.errors import InvalidImport
from moorage.workflow.exchange.importers.reading import MAX_ITEMS
from moorage.workflow.exchange.importing import read_text
from moorage.workflow.exchange.models import ImportFormat


@pytest.mark.parametrize(
    ("import_format", "text"),
    [
        ("github", f"[{'0,' * MAX_ITEMS}0]"),
        ("beads", "{}\n" * (MAX_ITEMS + 1)),
        ("csv", "title\n" + "a,cell too many\n" * (MAX_ITEMS + 1)),
        ("markdown", "- [ ] Mend\n" * (MAX_ITEMS + 1)),
    ],
)
def test_items_are_counted_before_each_is_looked_at(import_format: ImportFormat, text: str):
    with pytest.raises(InvalidImport, match="more than 20,000 items"):
        read_text(text, import_format, "task")


@pytest.mark.parametrize("text", ['[{"number": 1, "title": "a\\u0000"}]', '[\n{"title": "a\x00"}]'])
def test_a_character_that_cannot_be_stored_is_told_with_its_line(text: str):
    with pytest.raises(InvalidImport, match=r"line [12]: the character U\+0000"):
        read_text(text, "github", None)
