"""The corpus of attacks and reads on Debian's PostgreSQL 15, with the extensions that come with it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from moorage.core.postgres.address import address_from_url
from tests.extended.servers import running_postgres15
from tests.support.sql_corpus import ROLES, Case, attacks, reads
from tests.support.sql_laboratory import REFUSALS, Laboratory, laboratory

READ_SECONDS = 30.0
ATTACKS = [*attacks(), *attacks("_contrib")]
READS = reads("queries", "catalogue", "_contrib")


@pytest.fixture(scope="module")
def lab() -> Iterator[Laboratory]:
    with (
        running_postgres15(shared_preload_libraries="pg_stat_statements") as server,
        laboratory(address_from_url(server.url)[0], "contrib.sql") as opened,
    ):
        yield opened
        for role in ROLES:
            opened.run(opened.check_nothing_happened(role))


@pytest.mark.parametrize(
    ("case", "role"), [pytest.param(each, role, id=f"{each}-{role}") for each in ATTACKS for role in each.roles]
)
def test_an_attack_has_no_effect(lab: Laboratory, case: Case, role: str):
    told = lab.run(lab.told(case, role))
    lab.run(lab.check(told, role))
    if case.is_refused:
        assert isinstance(told, REFUSALS), told


@pytest.mark.parametrize(
    ("case", "role"), [pytest.param(each, role, id=f"{each}-{role}") for each in READS for role in each.roles]
)
def test_a_read_gives_the_right_rows(lab: Laboratory, case: Case, role: str):
    told = lab.run(lab.told(case, role, seconds=READ_SECONDS))
    assert isinstance(told, str), told
    rows = json.loads(told)["rows"]
    assert rows or case.rows == []
    if case.rows is not None:
        assert rows == case.rows
