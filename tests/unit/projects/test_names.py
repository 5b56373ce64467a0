"""Names of projects: a rule that is easy to say, and folders that become such names."""

from __future__ import annotations

import pytest

from moorage.projects.errors import InvalidProjectName
from moorage.projects.models import MAX_NAME_LENGTH, name_from_folder, parse_project_name, shown_size, snapshot_name


@pytest.mark.parametrize("name", ["a", "0", "_", "web_site_2", "x" * MAX_NAME_LENGTH])
def test_a_good_name_is_taken_as_it_is(name: str):
    assert parse_project_name(name) == name


@pytest.mark.parametrize("name", ["", "A", "a b", "a\n", "a\0", "é", "x" * (MAX_NAME_LENGTH + 1), "a-b", "\ud800"])
def test_a_bad_name_is_refused_with_one_that_is_good(name: str):
    with pytest.raises(InvalidProjectName) as refused:
        parse_project_name(name)
    refused.value.as_text().encode()
    assert parse_project_name(refused.value.hint.split("'")[1])


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("Web Site", "web_site"), ("café-2", "cafe_2"), ("--x--", "x"), ("имя", "project"), ("", "project"),
        ("a" * 80, "a" * MAX_NAME_LENGTH), ("..", "project"), ("node.js", "node_js"),
    ],
)  # fmt: skip
def test_a_folder_becomes_a_name_by_a_visible_rule(folder: str, name: str):
    assert name_from_folder(folder) == name


def test_further_folders_of_one_name_get_numbers_and_still_fit():
    assert name_from_folder("web", number=2) == "web_2"
    assert name_from_folder("a" * 80, number=12) == "a" * (MAX_NAME_LENGTH - 3) + "_12"


def test_a_snapshot_is_named_after_its_project_and_its_label():
    assert snapshot_name("website", "before") == "website_before"


def test_a_snapshot_s_name_is_cut_before_the_label():
    assert snapshot_name("w" * 55, "before") == "w" * 48 + "_before"


@pytest.mark.parametrize("label", ["Not A Label", "x" * 55, "ü"])
def test_a_label_that_fits_no_name_is_refused(label: str):
    with pytest.raises(InvalidProjectName):
        snapshot_name("website", label)


@pytest.mark.parametrize(("size", "shown"), [(None, ""), (0, "0B"), (1_500_000, "1.5MB"), (2_000_000_000, "2.0GB")])
def test_sizes_are_shown_as_people_read_them(size: int | None, shown: str):
    assert shown_size(size) == shown
