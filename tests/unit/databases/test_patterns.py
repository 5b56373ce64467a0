"""Patterns of searches, as LIKE reads them."""

from __future__ import annotations

import pytest

from moorage.databases.errors import UnknownKind
from moorage.databases.exploring.models import Kind
from moorage.databases.exploring.patterns import Pattern, read_kinds, read_pattern


def test_plain_text_matches_anywhere_and_knows_what_is_exact():
    assert read_pattern("Order") == Pattern(("%order%",), (), "%order%", plain="order", prefix="order%")


def test_a_wildcard_holds_the_pattern_to_the_whole_name():
    assert read_pattern("ord*_id") == Pattern((r"ord%\_id",), (), r"%ord%\_id%")


@pytest.mark.parametrize("text", ["", "*", "%", "**", "  * "])
def test_a_pattern_that_matches_everything_is_known_as_such(text):
    assert read_pattern(text) == Pattern(("%",), is_everything=True)


def test_what_like_would_read_as_special_is_taken_for_itself():
    assert read_pattern(r"a_b\c").names == (r"%a\_b\\c%",)


def test_what_stands_before_the_last_dot_is_a_schema_or_a_table():
    found = read_pattern("sales.orders.e*")
    assert (found.names, found.containers) == (("e%",), ("sales.orders", "%.sales.orders"))


def test_a_dot_inside_quotes_belongs_to_the_name():
    assert read_pattern('"odd.name"').plain == "odd.name"
    assert read_pattern('"My Schema"."odd.name"').containers == ("my schema", "%.my schema")


def test_a_quote_that_is_never_closed_is_a_character():
    assert read_pattern('a"b').plain == 'a"b'


def test_letters_beyond_ascii_match_in_both_cases():
    assert read_pattern("größe").names == ("%größe%", "%grÖsse%")
    assert read_pattern("Ärger").names == ("%Ärger%", "%ärger%")


def test_kinds_are_read_in_singular_and_plural():
    assert read_kinds("tables, view,indexes, materialized views") == (
        Kind.TABLE,
        Kind.VIEW,
        Kind.INDEX,
        Kind.MATERIALIZED_VIEW,
    )


def test_a_kind_that_is_none_is_refused_with_those_there_are():
    with pytest.raises(UnknownKind) as refused:
        read_kinds("table,tabel")
    assert refused.value.code == "databases.unknown_kind"
    assert "materialized_view" in refused.value.hint
