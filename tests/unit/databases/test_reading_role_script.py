"""The script of a reading role holds names as data, whatever is in them."""

from __future__ import annotations

import pytest

from moorage.core.errors import InvalidInput
from moorage.databases.definitions import Database, DirectPostgres, Origin
from moorage.databases.roles.granting import ReadingRole, default_role, grant_readonly_script, reading_role


@pytest.mark.parametrize(
    ("database", "role"),
    [
        ("shop", "shop_reader"),
        ("My-Shop 2", "my_shop_2_reader"),
        ("2024", "_2024_reader"),
        ("é", "database_reader"),
        ("x" * 63, "x" * 56 + "_reader"),
    ],
)
def test_a_role_is_named_after_its_database(database, role):
    assert default_role(database) == role


@pytest.mark.parametrize("role", ["", "pg_reader", "Reader", 'a"b', "x" * 64, "a;b", "a\nb"])
def test_a_role_without_a_plain_name_is_refused(role):
    with pytest.raises(InvalidInput):
        grant_readonly_script(ReadingRole(database="shop", role=role))


def test_quotes_and_tags_in_names_of_schemas_end_no_string():
    script = grant_readonly_script(ReadingRole(database='sh"op', role="reader", schemas=("a'b", "$do$")))
    assert "'a''b'" in script
    assert '"sh""op"' in script
    assert "DO $do_$" in script


def test_a_line_end_in_a_name_ends_no_comment():
    script = grant_readonly_script(ReadingRole(database="shop\nDROP TABLE x", role="reader"))
    assert not any(line.startswith("DROP") for line in script.split('"')[0].splitlines())


def test_a_password_stands_in_the_script_only_when_given():
    wanted = ReadingRole(database="shop", role="reader")
    assert "PASSWORD '" not in grant_readonly_script(wanted)
    assert "PASSWORD 'it''s'" in grant_readonly_script(wanted, password="it's")


def test_what_everybody_may_do_is_taken_away_only_when_asked():
    script = grant_readonly_script(ReadingRole(database="shop", role="reader"))
    assert "\n-- REVOKE TEMPORARY" in script
    closing = grant_readonly_script(ReadingRole(database="shop", role="reader", closes_public=True))
    assert "\nREVOKE TEMPORARY" in closing


def test_a_definition_leads_to_the_role_that_fits_it():
    definition = DirectPostgres(database="shop", allowed_schemas=("sales",), pool_size=4)
    wanted = reading_role(Database(id="s", definition=definition, origin=Origin.FILE))
    assert wanted == ReadingRole(
        database="shop", role="shop_reader", schemas=("sales",), statement_seconds=30, connection_limit=8
    )
