"""Changing documents, for inputs nobody thought of: against the words of the RFCs, and back again."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.workflow.documents import escaped
from moorage.workflow.entities.edits import ABSENT, changed_places, value_at
from moorage.workflow.patches import COMPARED_ITEMS, difference, merged, patched

KEYS = st.sampled_from(["a", "b", "", "a/b", "~", "0", "ü"]) | st.text(max_size=3)
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([1.0, 0.5, -0.0, "", "a", "1"])
VALUES = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=4) | st.dictionaries(KEYS, below, max_size=4), max_leaves=12
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=5)

# https://www.rfc-editor.org/rfc/rfc7396#appendix-A, those of objects
EXAMPLES = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


def merge_patch(target: Any, patch: Any) -> Any:
    """The algorithm of RFC 7396, section 2, word for word."""
    if not isinstance(patch, dict):
        return patch
    if not isinstance(target, dict):
        target = {}
    target = dict(target)
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = merge_patch(target.get(name), value)
    return target


def same(one: Any, other: Any) -> bool:
    """Compare as JSON does, where true is not 1, nor 1 the same text as 1.0."""
    return list(changed_places({"": one}, {"": other})) == []


@pytest.mark.parametrize(("target", "patch", "result"), EXAMPLES)
def test_the_examples_of_the_rfc_merge_as_it_says(target, patch, result):
    assert merged(target, patch) == result == merge_patch(target, patch)


@given(DOCUMENTS, DOCUMENTS)
def test_merging_is_what_the_rfc_says_and_leaves_its_arguments_alone(target, patch):
    before = deepcopy((target, patch))
    assert same(merged(target, patch), merge_patch(target, patch))
    assert (target, patch) == before


@given(DOCUMENTS, DOCUMENTS)
def test_a_difference_leads_from_one_document_to_the_other(before, after):
    copies = deepcopy((before, after))
    assert same(patched(before, difference(before, after)), after)
    assert (before, after) == copies


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": list(range(5_000))}, {"a": list(range(5_000))[::-1]}),
        ({str(number): number for number in range(5_000)}, {str(number): -number for number in range(1, 5_001)}),
        ({"a": "x"}, {"b": "x"}),
    ],
)
def test_a_difference_has_few_operations_and_none_that_hides_where_it_took_from(before, after):
    operations = difference(before, after)
    assert len(operations) <= 2
    assert {each["op"] for each in operations} <= {"add", "remove", "replace"}
    assert same(patched(before, operations), after)


def test_long_lists_are_replaced_whole_also_inside_of_lists():
    """Comparing 9,900 numbers one by one held every call for a third of a second."""
    numbers = list(range(COMPARED_ITEMS))
    after = {"a": [{"b": [*numbers, -1]}]}
    assert difference({"a": [{"b": numbers}]}, after) == [{"op": "replace", "path": "/a", "value": after["a"]}]


@given(st.lists(DOCUMENTS, min_size=2, max_size=5))
def test_differences_one_after_another_replay_to_the_last_document(documents):
    replayed = documents[0]
    for before, after in pairwise(documents):
        replayed = patched(replayed, difference(before, after))
    assert same(replayed, documents[-1])


@given(DOCUMENTS, DOCUMENTS)
def test_changed_places_are_where_documents_differ_and_nowhere_else(before, after):
    places = list(changed_places(before, after))
    assert bool(places) == bool(difference(before, after))
    for place in places:
        old, new = value_at(before, place), value_at(after, place)
        assert old is ABSENT or new is ABSENT or not same(old, new)
    for key in before.keys() & after.keys():
        if not any(each == f"/{escaped(key)}" or each.startswith(f"/{escaped(key)}/") for each in places):
            assert same(before[key], after[key])
