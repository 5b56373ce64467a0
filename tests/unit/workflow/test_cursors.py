"""Cursors come back as they were, and only where they belong."""

from __future__ import annotations

import pytest

from moorage.workflow.cursors import MAX_CHARACTERS, seal, unseal
from moorage.workflow.errors import InvalidCursor

SECRET = b"a secret of the project"


def test_a_cursor_gives_back_what_it_was_made_of():
    values = [None, "Grüße", 1.5, {"of": ["t"]}, -3]
    assert unseal(SECRET, "query 1", seal(SECRET, "query 1", values)) == values


@pytest.mark.parametrize(("secret", "purpose"), [(b"another", "query 1"), (SECRET, "query 2"), (SECRET, "")])
def test_a_cursor_of_another_project_or_query_is_refused(secret, purpose):
    with pytest.raises(InvalidCursor):
        unseal(secret, purpose, seal(SECRET, "query 1", [1]))


def test_a_changed_cursor_is_refused_wherever_it_was_changed():
    cursor = seal(SECRET, "query 1", ["T-1", 7])
    for place in range(len(cursor)):
        changed = cursor[:place] + ("B" if cursor[place] != "B" else "C") + cursor[place + 1 :]
        # The last character of base64 may hold bits that mean nothing; all others count.
        if place < len(cursor) - 1:
            with pytest.raises(InvalidCursor):
                unseal(SECRET, "query 1", changed)


@pytest.mark.parametrize(
    "text", ["", ".", "1", "1.", "1..", "1.W10", "1.W10.", "2.W10.AA", "1.é.é", "x" * 5000, "\x00"]
)
def test_what_is_no_cursor_is_refused(text):
    with pytest.raises(InvalidCursor):
        unseal(SECRET, "query 1", text)


def test_a_cursor_that_is_too_long_is_not_read():
    with pytest.raises(InvalidCursor):
        unseal(SECRET, "query 1", seal(SECRET, "query 1", ["x" * MAX_CHARACTERS]))
