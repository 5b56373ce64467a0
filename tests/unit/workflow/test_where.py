"""Conditions typed by people become filters."""

from __future__ import annotations

import pytest

from moorage.workflow.errors import InvalidFilter
from moorage.workflow.querying.where import parse_where


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("status=pending", {"status": {"eq": "pending"}}),
        ("status = in progress", {"status": {"eq": "in progress"}}),
        ("title=a in b", {"title": {"eq": "a in b"}}),
        ("status!=done", {"status": {"ne": "done"}}),
        ("passed>=3", {"passed": {"gte": 3}}),
        ("passed < 2.5", {"passed": {"lt": 2.5}}),
        ('code="3"', {"code": {"eq": "3"}}),
        ("done=true", {"done": {"eq": True}}),
        ("owner=null", {"owner": {"eq": None}}),
        ("due_date<2026-12-01", {"due_date": {"lt": "2026-12-01"}}),
        ("priority in high, critical", {"priority": {"in": ["high", "critical"]}}),
        ("size not in 1,2", {"size": {"not_in": [1, 2]}}),
        ("tags contains auth", {"tags": {"contains": "auth"}}),
        ("title prefix Mend the", {"title": {"prefix": "Mend the"}}),
        ("due_date exists", {"due_date": {"exists": True}}),
        ("due_date missing", {"due_date": {"exists": False}}),
        ("@updated_at>2026-01-01", {"@updated_at": {"gt": "2026-01-01"}}),
        ("empty=", {"empty": {"eq": ""}}),
    ],
)
def test_a_condition_is_the_filter_it_reads_like(text, condition):
    assert parse_where([text]) == {"and": [condition]}


def test_no_condition_is_no_filter():
    assert parse_where([]) == {}


@pytest.mark.parametrize("text", ["", "status", "= x", "a ~ b", "status is done", "=", "\n"])
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(InvalidFilter):
        parse_where([text])
