"""A sample of the corpus as a client sends it, and calls that no client should send: each is answered, and only that.

Source: issue 5, "Failure tests".
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from moorage.core.postgres.address import Address
from tests.support.processes import RunningServer, call
from tests.support.sql_corpus import ROLES, Case, attacks
from tests.support.sql_laboratory import SECONDS, Laboratory, laboratory

PIPE = asyncio.subprocess.PIPE
LONGEST_LINE = 20_000_000
# Every fortieth, so that most classes are among them.
SAMPLE = [case for place, case in enumerate(attacks()) if place % 40 == 0]
ODD_ARGUMENTS: list[dict[str, Any]] = [
    {"sql": "SELECT '\ud800'"},
    {"sql": "SELECT '\ud800\udc00\udfff'"},
    {"sql": "SELECT $1", "parameters": ["\udfff"]},
    {"sql": "SELECT '\0'"},
    {"sql": 1},
    {"sql": None},
    {"sql": ["SELECT 1"]},
    {"sql": {"toString": "SELECT 1"}},
    {"sql": "SELECT 1", "database_id": 5},
    {"sql": "SELECT 1", "database_id": ["owner"]},
    {"sql": "SELECT 1", "database_id": {"id": "owner"}},
    {"sql": "SELECT 1", "database_id": "owner\ud800"},
    {"sql": "SELECT 1", "parameters": "1"},
    {"sql": "SELECT 1", "parameters": {"1": 1}},
    {"sql": "SELECT 1", "max_rows": -1},
    {"sql": "SELECT 1", "max_bytes": 1},
    {"sql": "SELECT 1", "timeout_seconds": 0},
    {"sql": "SELECT 1", "timeout_seconds": "1; SET ROLE postgres"},
    {"sql": "SELECT 1", "format": "exe"},
    {"sql": "SELECT 1", "next": "../../etc/passwd"},
    {"sql": "SELECT 1", "readonly": False},
    {"sql": "SELECT '" + "a" * 10_000_000 + "'"},
]


@pytest.fixture(scope="module")
def lab(address: Address) -> Iterator[Laboratory]:
    with laboratory(address) as opened:
        yield opened


@pytest.fixture(scope="module")
def server(lab: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("stdio")
    process = lab.run(_started(lab, folder))
    yield RunningServer(process)
    process.kill()
    lab.run(process.communicate())


async def _started(lab: Laboratory, folder: Path) -> asyncio.subprocess.Process:
    limits = {"statement_seconds": SECONDS}
    databases = {
        "superuser": lab.database.as_superuser(search_path=("bench",), limits=limits),
        "owner": lab.database.as_owner(search_path=("bench",), limits=limits, password=None),
    }
    described = {
        name: each.model_dump(mode="json", exclude_unset=True, exclude_none=True) for name, each in databases.items()
    }
    file = folder / "databases.yaml"
    file.write_text(yaml.safe_dump({"databases": described}))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "moorage.databases", "--config", str(file)),
        env=os.environ | {"MOORAGE_HOME": str(folder)}, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=LONGEST_LINE,
    )  # fmt: skip


def asked(lab: Laboratory, server: RunningServer, **arguments: Any) -> dict[str, Any]:
    """Return the answer to a call of run_query, which bears the call's own id."""
    number = hash(json.dumps(arguments, default=str)) & 0xFFFFFF
    server.send(call(number, "run_query", **arguments))
    answer = lab.run(server.answer())
    assert answer["id"] == number
    lab.check_words(json.dumps(answer, ensure_ascii=False))
    return answer


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("case", SAMPLE, ids=str)
def test_an_attack_is_answered_and_has_no_effect(lab: Laboratory, server: RunningServer, case: Case, role: str):
    answer = asked(lab, server, sql=case.sql, database_id=role, parameters=list(case.parameters))
    if case.is_refused and role in case.roles:
        assert answer["result"]["isError"] is True
    lab.run(lab.witnesses.check_nobody_was_disturbed())


@pytest.mark.parametrize("arguments", ODD_ARGUMENTS, ids=range(len(ODD_ARGUMENTS)))
def test_an_odd_call_is_answered_with_an_error(lab: Laboratory, server: RunningServer, arguments: dict[str, Any]):
    answer = asked(lab, server, **{"database_id": "owner", **arguments})
    assert "error" in answer or answer["result"]["isError"] is True
    assert asked(lab, server, sql="SELECT 1", database_id="owner")["result"]["isError"] is False


def test_nothing_has_changed_after_all_of_them(lab: Laboratory, server: RunningServer):
    for role in ROLES:
        lab.run(lab.check_nothing_happened(role))
