"""What people write as options of `moorage db`, as the program has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from moorage.core.errors import InvalidInput
from moorage.core.shell import Shell
from moorage.databases.saved_queries import QueryParameter, SavedQuery
from moorage.databases.shell.auditing.moments import moment_of
from moorage.databases.shell.defining.fields import assigned_fields, given_fields, password_fields
from moorage.databases.shell.options import ALONE, HOUSE, systems_for, values_of
from moorage.databases.shell.querying.saving import arguments_of
from moorage.settings import Settings

NOTHING: Any = None
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUERY = SavedQuery(
    description="For a test.",
    sql="SELECT :day, :ids, :most, :note",
    parameters=(
        QueryParameter.model_validate({"name": "day", "type": "date"}),
        QueryParameter.model_validate({"name": "ids", "type": "integer[]"}),
        QueryParameter.model_validate({"name": "most", "type": "integer", "default": 5, "min": 1}),
        QueryParameter.model_validate({"name": "note", "default": None}),
    ),
)


def shell_with(**settings: Any) -> Shell:
    return Shell(NOTHING, settings=lambda: Settings(**settings))


@pytest.mark.parametrize("names", [[], ["shop"], ["shop", "tag:others"]])
def test_databases_of_others_are_opened_without_the_ground(names: list[str]):
    assert systems_for(shell_with(), names) == ALONE


@pytest.mark.parametrize("names", [["project:website"], ["shop", "*"], ["tag:ours"]])
def test_what_may_mean_a_project_opens_the_house(names: list[str]):
    sql = {"project_policy": {"tags": ["ours"]}}
    assert systems_for(shell_with(sql=sql), names) == HOUSE
    assert systems_for(shell_with(sql=sql | {"include_projects": False}), names) == ALONE


def test_a_default_that_is_a_project_and_a_log_in_the_registry_open_the_house():
    assert systems_for(shell_with(default_database="project:website"), []) == HOUSE
    assert systems_for(shell_with(sql={"audit": {"to": "postgres"}}), ["shop"]) == HOUSE


def test_fields_left_out_are_not_given():
    assert given_fields({"url": None, "port": 5433, "tags": [], "readonly": False}) == {"port": 5433, "readonly": False}


def test_files_are_kept_with_their_whole_path():
    assert given_fields({"password_file": Path("secret")})["password_file"] == str(Path.cwd() / "secret")


@pytest.mark.parametrize("url", ["postgresql://a:hunter2@h/d", "postgresql://h/d?password=hunter2"])
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str):
    with pytest.raises(InvalidInput, match="holds a password") as refused:
        given_fields({"url": url})
    assert "hunter2" not in refused.value.as_text()


def test_a_variable_in_the_place_of_a_password_is_taken():
    assert given_fields({"url": "postgresql://a:${SHOP}@h/d"}) == {"url": "postgresql://a:${SHOP}@h/d"}
    assert password_fields(variable="SHOP", ask=False) == {"password": "${SHOP}"}
    assert password_fields(variable="${SHOP}", ask=False) == {"password": "${SHOP}"}
    with pytest.raises(InvalidInput, match="no name of a variable"):
        password_fields(variable="hunter 2", ask=False)


def test_assignments_are_read_as_in_the_file_and_go_into_their_sections():
    assert assigned_fields(
        ["limits.rows=500", "limits.statement_seconds=2.5", "tags=[a, b]"], ["role", "ssh.port"]
    ) == {
        "limits": {"rows": 500, "statement_seconds": 2.5},
        "tags": ["a", "b"],
        "role": None,
        "ssh": {"port": None},
    }


@pytest.mark.parametrize("wrong", ["limits.rows", "tags=[a", "limits=1,limits.rows=5"])
def test_what_is_no_assignment_is_refused(wrong: str):
    with pytest.raises(InvalidInput):
        assigned_fields(wrong.split(","))


def test_parameters_are_text_and_backslash_n_is_null():
    assert values_of(["41", "", "\\N", "null"]) == ["41", "", None, "null"]
    assert values_of(None) == []


@pytest.mark.parametrize(
    ("text", "ago"), [("90m", timedelta(minutes=90)), ("1d", timedelta(days=1)), ("2w", timedelta(14))]
)
def test_a_moment_is_so_long_ago(text: str, ago: timedelta):
    assert moment_of(text, now=NOW) == NOW - ago


def test_a_moment_is_a_time():
    assert moment_of("2026-11-20T10:00+02:00", now=NOW) == datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", ["yesterday", "1y", "", "999999w", "2026-13-01"])
def test_what_means_no_moment_is_refused(text: str):
    with pytest.raises(InvalidInput, match="is no time"):
        moment_of(text, now=NOW)


def test_arguments_of_a_saved_query_have_its_types_and_defaults():
    given = arguments_of(QUERY, ["day=2026-11-21", "ids=[1, 2]", "note=a=b"])
    assert (given["ids"], given["most"], given["note"], f"{given['day']}") == ([1, 2], 5, "a=b", "2026-11-21")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["ids=[1]"], "day is missing"),
        (["day=2026-11-21", "ids=1"], "ids=1 is no value of type"),
        (["day=soon", "ids=[1]"], "day=soon is no value"),
        (["day=2026-11-21", "ids=[1]", "most=0"], "most=0 is no value"),
        (["day=2026-11-21", "ids=[1]", "color=red"], "no parameter 'color'"),
        (["day"], "gives no parameter a value"),
    ],
)
def test_an_argument_that_does_not_fit_is_told_by_its_name(given: list[str], said: str):
    with pytest.raises(InvalidInput, match=said):
        arguments_of(QUERY, given)
