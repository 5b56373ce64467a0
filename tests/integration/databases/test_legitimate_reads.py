"""The corpus of reads that must be let through, with the right values, as a superuser and as a plain owner."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from moorage.core.postgres.address import Address
from tests.support.sql_corpus import Case, reads
from tests.support.sql_laboratory import Laboratory, laboratory

READ_SECONDS = 30.0
TRIED = [pytest.param(case, role, id=f"{case}-{role}") for case in reads() for role in case.roles]


@pytest.fixture(scope="module")
def lab(address: Address, without_durability: None) -> Iterator[Laboratory]:
    with laboratory(address, "vector.sql") as opened:
        yield opened


@pytest.mark.parametrize(("case", "role"), TRIED)
def test_a_read_gives_the_right_rows(lab: Laboratory, case: Case, role: str):
    told = lab.run(lab.told(case, role, seconds=READ_SECONDS))
    assert isinstance(told, str), told
    rows = json.loads(told)["rows"]
    assert rows or case.rows == []
    if case.rows is not None:
        assert rows == case.rows
