"""What is refused before any parser sees it."""

from __future__ import annotations

import pytest

from moorage.databases.errors import InvalidStatement, StatementTooLarge
from moorage.databases.policy.texts import MAX_COMMENTS, check_text


def test_a_text_as_long_as_allowed_is_taken():
    check_text("SELECT 'é'", max_bytes=11)


@pytest.mark.parametrize("sql", ["", "  \n", "SELECT 1\0", "SELECT '\ud800'"])
def test_what_no_text_of_postgresql_can_hold_is_invalid(sql):
    with pytest.raises(InvalidStatement):
        check_text(sql, max_bytes=100)


@pytest.mark.parametrize("sql", ["SELECT 'éé'", "x" * 1_000_000, "/*" * (MAX_COMMENTS + 1)])
def test_what_would_cost_too_much_to_read_is_too_large(sql):
    with pytest.raises(StatementTooLarge):
        check_text(sql, max_bytes=10 if "é" in sql else 1_000)
