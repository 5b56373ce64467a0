"""Arrays as PostgreSQL writes them, and JSON values as its parameters take them."""

from __future__ import annotations

import pytest

from moorage.databases.connectors.arrays import MAX_CHARACTERS, array_cell, array_text
from moorage.databases.connectors.parameters import bound
from moorage.databases.connectors.type_names import TypeName
from moorage.databases.errors import InvalidParameter
from moorage.databases.models import RawJson


@pytest.mark.parametrize(
    ("text", "element", "cell"),
    [
        ("{}", "int4", []),
        ("{1,NULL,3}", "int4", [1, None, 3]),
        ("{{1,2},{3,4}}", "int4", [[1, 2], [3, 4]]),
        ("[0:1]={1,2}", "int4", "[0:1]={1,2}"),
        ("{9007199254740993}", "int8", ["9007199254740993"]),
        ("{NaN,Infinity,0.1}", "float4", ["NaN", "Infinity", 0.1]),
        ("{t,f}", "bool", [True, False]),
        ("{1.10}", "numeric", ["1.10"]),
        (r'{"a\"b\\c","NULL",NULL,"x,y",""}', "text", ['a"b\\c', "NULL", None, "x,y", ""]),
        ("{(1,1),(0,0);(2,2),(0,0)}", "box", ["(1,1),(0,0)", "(2,2),(0,0)"]),
        (r'{"{\"a\": 12345678901234567890}",NULL}', "jsonb", RawJson('[{"a": 12345678901234567890},null]')),
    ],
)
def test_an_array_becomes_lists_without_losing_anything(text, element, cell):
    assert array_cell(text, element) == cell


@pytest.mark.parametrize("element", ["int4", "text", "json"])
def test_an_array_too_long_for_any_answer_stays_the_text_it_is(element):
    """One of three million numbers would take seconds, in which no other call is answered."""
    text = f"{{{'1,' * (MAX_CHARACTERS // 2)}1}}"
    assert array_cell(text, element) is text


def test_lists_become_an_array_that_reads_the_same():
    values = ["a,b", 'c"d', "e\\f", "NULL", None, "", "{"]
    assert array_cell(array_text(values), "text") == values


@pytest.mark.parametrize(
    ("value", "kind", "taken"),
    [
        (None, "int4", None),
        (5, "int4", 5),
        ("5", "int8", 5),
        (5.0, "int2", 5),
        ("yes", "bool", True),
        (1.5, "float8", 1.5),
        ("NaN", "float8", "nan"),
        (12, "numeric", "12"),
        ("12.50", "numeric", "12.50"),
        ("2026-01-31", "date", "2026-01-31"),
        ("\\xff", "bytea", "\\xff"),
        (7, "text", "7"),
        (True, "text", "true"),
        ({"a": [1, None]}, "jsonb", '{"a": [1, null]}'),
        ('{"a": 1}', "jsonb", '{"a": 1}'),
        ("a", "jsonb", '"a"'),
        ("{a", "jsonb", '"{a"'),
        (None, "jsonb", None),
        ([1, 2.5], "vector", "[1, 2.5]"),
        ("(1,b)", "bench.pair", "(1,b)"),
    ],
)
def test_a_value_is_taken_as_the_type_reads_it(value, kind, taken):
    found = bound([value], [TypeName(kind)])[0]
    assert found == taken or str(found) == taken


def test_lists_are_taken_for_arrays_of_anything():
    types = [TypeName("int4[]", "int4"), TypeName("jsonb[]", "jsonb"), TypeName("text[]", "text")]
    assert bound([[1, None], [{"a": 1}, "x"], "{a,b}"], types) == ['{"1",NULL}', r'{"{\"a\": 1}","\"x\""}', "{a,b}"]


@pytest.mark.parametrize(
    ("value", "kind", "fitting"),
    [
        ("five", "int4", "whole number from -2147483648 to 2147483647"),
        (2**31, "int4", "whole number"),
        (1.5, "int8", "whole number"),
        (True, "int4", "whole number"),
        ("maybe", "bool", "true or false"),
        ([1], "date", '"2026-01-31"'),
        ({"a": 1}, "numeric", "a number"),
        (5, "int4[]", "a list"),
        ("half \ud800", "text", "text as PostgreSQL reads text"),
        ("nul \0", "text", "text as PostgreSQL reads text"),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_its_number_its_type_and_what_would(value, kind, fitting):
    element = kind.removesuffix("[]") if kind.endswith("[]") else None
    with pytest.raises(InvalidParameter, match=r"^\$2 is of type ") as told:
        bound([None, value], [TypeName("text"), TypeName(kind, element)])
    assert fitting in told.value.hint
    assert told.value.details == {"parameter": 2, "type": kind}


def test_a_wrong_number_of_values_is_told():
    with pytest.raises(InvalidParameter, match="parameters in the statement: 2; values that came: 1"):
        bound([1], [TypeName("int4"), TypeName("int4")])
