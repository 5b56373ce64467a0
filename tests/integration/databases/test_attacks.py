"""The corpus of attacks: none changes, reaches, reveals, hangs or disturbs anything, as a superuser or as an owner."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from moorage.core.postgres.address import Address
from tests.support.sql_corpus import ROLES, Case, attacks
from tests.support.sql_laboratory import REFUSALS, Laboratory, laboratory

TRIED = [pytest.param(case, role, id=f"{case}-{role}") for case in attacks() for role in case.roles]


@pytest.fixture(scope="module")
def lab(address: Address, without_durability: None) -> Iterator[Laboratory]:
    with laboratory(address) as opened:
        yield opened
        for role in ROLES:  # what was refused is not looked at one by one
            opened.run(opened.check_nothing_happened(role))


@pytest.mark.parametrize(("case", "role"), TRIED)
def test_an_attack_has_no_effect(lab: Laboratory, case: Case, role: str):
    told = lab.run(lab.told(case, role))
    lab.run(lab.check(told, role))
    if case.is_refused:
        assert isinstance(told, REFUSALS), told
        assert told.message
