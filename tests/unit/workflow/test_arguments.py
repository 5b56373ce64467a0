"""Numbers and times for which PostgreSQL has no room are refused by the name of their argument."""

from __future__ import annotations

import pytest

from moorage.core.errors import InvalidInput
from moorage.core.mcp.arguments import read_arguments
from moorage.workflow.arguments import ClaimToken, ExpectedVersion, Moment
from moorage.workflow.batch.parsing import parse_operations


async def write(
    expected_version: ExpectedVersion = None, claim_token: ClaimToken = None, at: Moment | None = None
) -> str:
    """Write."""
    return ""


ARGUMENTS = read_arguments(write)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("expected_version", 2**31, "should be at most 2147483647; got 2147483648"),
        ("expected_version", 10**400, "should be at most 2147483647; got 1000"),
        ("claim_token", 2**63, "should be at most 9223372036854775807; got 9223372036854775808"),
        ("at", "0001-01-01T00:00:00+14:00", "should be between the years 1 and 9999 in UTC; got"),
        ("at", "9999-12-31T23:59:59-14:00", "should be between the years 1 and 9999 in UTC; got"),
    ],
)
def test_what_no_column_has_room_for_is_refused_by_its_name(name: str, value: object, problem: str):
    with pytest.raises(InvalidInput) as refused:
        ARGUMENTS.bind({name: value})
    assert refused.value.message.startswith(f"{name}: {problem}")


def test_the_largest_numbers_and_the_first_and_last_moments_are_taken():
    given = {"expected_version": 2**31 - 1, "claim_token": 2**63 - 1}
    assert ARGUMENTS.bind(given) == {**given, "at": None}
    for moment in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        assert ARGUMENTS.bind({"at": moment})["at"] is not None


@pytest.mark.parametrize(("name", "value"), [("expected_version", 2**31), ("claim_token", 2**63)])
def test_operations_of_a_batch_are_held_to_the_same(name: str, value: int):
    with pytest.raises(InvalidInput, match=f"{name}: .*should be at most"):
        parse_operations([{"op": "delete", "entity_id": "T-1", "force": True, name: value}])
