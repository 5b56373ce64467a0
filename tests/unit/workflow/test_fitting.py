"""Items of other programs find their fields and states in types of every kind."""

from __future__ import annotations

import json

import pytest

from moorage.workflow.exchange.fitting import fit
from moorage.workflow.exchange.importers.github import read_github
from moorage.workflow.exchange.importing import type_of_pack

OPEN, CLOSED = {"state": "open"}, {"state": "closed"}
DROPPED = {"state": "closed", "stateReason": "NOT_PLANNED"}


@pytest.mark.parametrize(
    ("pack", "states"),
    [
        ("task", ("pending", "completed", "cancelled")),
        ("bug", ("reported", "fixed", "wont_fix")),
        ("epic", ("planned", "completed", "cancelled")),
        ("decision", ("proposed", "accepted", "rejected")),
        ("risk", ("identified", "closed", "closed")),
    ],
)
def test_an_issue_has_the_state_that_its_type_has_for_it(pack, states):
    issues = [{"number": number, "title": "T", **state} for number, state in enumerate((OPEN, CLOSED, DROPPED), 1)]
    reading = read_github(json.dumps(issues), schema_name=pack)
    fitted = [fit(each, type_of_pack(pack), max_bytes=10_000) for each in reading.proposals]
    assert [each.problems for each in fitted] == [[], [], []]
    assert tuple(each.data["status"] for each in fitted) == states


def test_what_a_type_has_no_room_for_is_told_and_the_rest_kept():
    issue = {"number": 1, "title": "T", "body": "B", "labels": ["P0", "x"], "assignees": ["a", "b"], "milestone": "m"}
    (proposal,) = read_github(json.dumps([issue]), schema_name="task").proposals
    fitted = fit(proposal, type_of_pack("task"), max_bytes=10_000)
    assert fitted.data == {
        "title": "T",
        "description": "B",
        "tags": ["P0", "x"],
        "assignee": "a",
        "status": "pending",
        "priority": "critical",
    }
    assert fitted.left_out == ["assignee (further ones)", "milestone"]
