"""Answers as people see them on a terminal."""

from __future__ import annotations

import pytest

from moorage.databases.models import Column, RawJson
from moorage.databases.shell.cells import cut, one_line, padded, printable_lines, visible, width_of
from moorage.databases.shell.tables import is_any_cut, records_of, table_of


def columns(**types: str) -> list[Column]:
    return [Column(name=name, type=kind) for name, kind in types.items()]


def plain(lines) -> list[str]:
    return [each.plain for each in lines]


def test_numbers_stand_at_the_right_and_texts_at_the_left():
    found = table_of(columns(id="int8", name="text"), [[7, "ada"], [1234, "grace h."]])
    assert plain(found) == ["  id  name", "----  --------", "   7  ada", "1234  grace h."]


def test_null_is_another_thing_than_empty_and_than_the_word():
    lines = table_of(columns(a="text", b="text", c="text"), [[None, "", "NULL"]])
    assert lines[2].plain == "NULL     NULL"
    assert [span.style for span in lines[2].spans] == ["dim italic"]


def test_a_value_takes_one_line_and_no_more_than_its_width():
    long = "x" * 500
    line = plain(table_of(columns(a="text"), [["two\nlines"], [long]]))[2:]
    assert line == ["two↵lines", "x" * 79 + "…"]
    assert is_any_cut([[long]])
    assert not is_any_cut([["short"]])


def test_a_record_shows_values_whole_and_numbers_rows_on():
    rows = [["one\ntwo", None], ["x" * 300, 5]]
    lines = plain(records_of(columns(text="text", n="int4"), rows, first=41))
    assert lines[:3] == ["-- 41 --", "text  one\n      two", "n     NULL"]
    assert lines[4] == f"text  {'x' * 300}"


def test_lists_documents_and_truths_are_written_as_json_has_them():
    row = [[1, None, ["a"]], RawJson('{"a": 1}'), True, 1.5]
    found = plain(table_of(columns(a="_int4", b="jsonb", c="bool", d="float8"), [row]))
    assert found[2] == '[1,null,["a"]]  {"a": 1}  true  1.5'


def test_a_thousand_columns_and_no_row_are_a_table_too():
    many = columns(**{f"c{number}": "int4" for number in range(1_000)})
    assert len(plain(table_of(many, [list(range(1_000))]))) == 3
    assert len(list(records_of(many, [[None] * 1_000]))) == 1_001
    assert len(table_of(many, [])) == 2


def test_wide_characters_take_two_places():
    assert width_of("価格") == 4
    assert padded("価格", 6, at_right=True) == "  価格"
    assert cut("価格価格", 5) == "価格…"


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("bell\a", "bell\\x07"),
        ("c1\x9b2J", "c1\\x9b2J"),
        ("abc\u202edcba", "abc\\u202edcba"),
        ("line\u2028end", "line\\u2028end"),
        ("null\0", "null\\x00"),
        ("back\rover", "back\\rover"),
        ("tab\there", "tab\\there"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
    ],
)
def test_what_a_terminal_would_obey_is_written_as_an_escape(hostile: str, shown: str):
    assert visible(hostile) == one_line(hostile) == shown
    assert plain(table_of(columns(a="text"), [[hostile]]))[2] == shown


def test_a_hostile_name_of_a_column_is_written_as_an_escape():
    assert plain(table_of([Column(name="a\x1b[2J", type="text")], []))[0] == "a\\x1b[2J"


def test_lines_for_programs_keep_their_tabs_and_ends():
    assert printable_lines("a\tb\n1\t\x1b[0m\n") == "a\tb\n1\t\\x1b[0m\n"
