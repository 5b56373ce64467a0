"""Rows become text that reads back as what PostgreSQL gave, and values too long are cut where it shows."""

from __future__ import annotations

import csv
import io
import json

import pytest

from moorage.databases.execution.shortening import shortened
from moorage.databases.execution.writing import Format, Shortened
from moorage.databases.models import RawJson

ROW = [None, True, 7, 1.5, "12345678901234567890.10", 'say "hi"\n\x01, you', RawJson('{"a": 1e400}'), ["x", None, [1]]]


def test_values_keep_their_form_in_json():
    (line,) = Format.JSON.lines_of([ROW])
    assert line == (
        r'[null,true,7,1.5,"12345678901234567890.10","say \"hi\"\n\u0001, you",{"a": 1e400},["x",null,[1]]]'
    )


def test_columns_of_several_kinds_are_written_value_by_value():
    rows = [[9007199254740991, RawJson("[]")], ["9007199254740993", None]]
    assert [json.loads(each) for each in Format.JSON.lines_of(rows)] == [
        [9007199254740991, []],
        ["9007199254740993", None],
    ]


def test_documents_in_lists_stay_documents():
    (line,) = Format.JSON.lines_of([[[RawJson('{"n": 1}'), None]]])
    assert json.loads(line) == [[{"n": 1}, None]]


@pytest.mark.parametrize(("chosen", "separator"), [(Format.CSV, ","), (Format.TSV, "\t")])
def test_separated_values_read_back(chosen: Format, separator: str):
    rows = [["a,b", 'c"d', "e\nf", "g\th", " i ", "plain"], ["", "1", "ü", "x", "y", "z"]]
    text = "\n".join(chosen.lines_of(rows))
    assert list(csv.reader(io.StringIO(text), delimiter=separator)) == rows


def test_nothing_and_an_empty_text_differ_in_csv():
    assert Format.CSV.lines_of([[None, "", "x", True, ["a", 1]]]) == [',"",x,true,"[""a"",1]"']


def test_rows_without_columns_are_still_rows():
    assert Format.JSON.lines_of([[], []]) == ["[]", "[]"]


def test_a_long_value_shows_its_beginning_and_its_length():
    rows = shortened([["a" * 50, "b"], ["c", None]], 20)
    assert [list(row) for row in rows] == [["a" * 20 + "… [cut, 50 characters]", "b"], ["c", None]]
    assert isinstance(rows[0][0], Shortened)


def test_documents_and_lists_are_cut_as_the_text_they_are_written_as():
    document, items = RawJson('{"a": "' + "x" * 30 + '"}'), list(range(20))
    ((first, second, third),) = shortened([[document, items, 3]], 10)
    assert (first, second, third) == ('{"a": "xxx… [cut, 39 characters]', "[0,1,2,3,4… [cut, 51 characters]", 3)


def test_rows_of_short_values_are_left_as_they_are():
    rows = [["a", None, 12345678901]]
    assert shortened(rows, 5) is rows
