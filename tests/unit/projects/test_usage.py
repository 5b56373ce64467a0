"""Which projects were used, and whose statements took how long."""

from __future__ import annotations

from uuid import uuid4

from moorage.projects.usage import Usage


def test_what_was_used_is_told_once():
    usage, project = Usage(), uuid4()
    usage.note(project, "boats")
    assert list(usage.take_used()) == [project]
    assert usage.take_used() == {}


def test_what_could_not_be_written_comes_back_unless_it_was_used_again():
    usage, boats, cars = Usage(), uuid4(), uuid4()
    for project, name in ((boats, "boats"), (cars, "cars")):
        usage.note(project, name)
    first = usage.take_used()
    usage.note(boats, "boats")
    usage.give_back(first)
    again = usage.take_used()
    assert again[cars] == first[cars]
    assert again[boats] >= first[boats]


def test_projects_that_come_late_share_one_tally():
    usage = Usage(most=1)
    first, second, third = (usage.note(uuid4(), name) for name in ("boats", "cars", "planes"))
    assert second is third is not first
    assert usage.note(uuid4(), "boats") is first
    second.statements += 1
    assert list(usage.tallies()) == ["registry", "boats", "(others)"]
