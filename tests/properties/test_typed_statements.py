"""What somebody types at `moorage db shell` is taken apart into statements."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from moorage.databases.shell.prompting.statements import taken_apart


@given(st.text(alphabet="a1;'\"$/*-\\e\n ", max_size=60))
def test_nothing_typed_is_lost(text: str):
    statements, rest = taken_apart(text)
    kept = "".join([*statements, rest])
    assert [each for each in text if not each.isspace() and each != ";"] == [
        each for each in kept if not each.isspace() and each != ";"
    ]
