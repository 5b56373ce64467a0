"""What only Amazon's Data API brings with it: clusters that resume, patience, limits of the service, errors of AWS."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from moorage.databases.connectors.connections import Connections
from moorage.databases.connectors.session import Connector, Terms
from moorage.databases.definitions import Database, Origin, RdsDataApi
from moorage.databases.errors import (
    AnswerTooLarge,
    DatabaseBusy,
    DatabaseLoginRefused,
    DatabaseUnavailable,
    InvalidDefinition,
    NotSupported,
    QueryTookTooLong,
    SecretUnavailable,
)
from moorage.databases.execution.running import Request
from moorage.databases.settings import SqlSettings
from tests.support.data_api_double import ACCOUNT, CLUSTER, SECRET, DataApiDouble, data_api
from tests.support.many_databases import FreshDatabase, open_service
from tests.support.waiting import soon, until

READING = Terms()
RESUMING = "DatabaseResumingException"


@pytest.fixture
async def double(bench: FreshDatabase, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DataApiDouble]:
    async with data_api(bench.address, user=bench.owner, password=bench.password) as serving:
        monkeypatch.setenv("AWS_ENDPOINT_URL_RDS_DATA", serving.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
        yield serving


@pytest.fixture
def definition(bench: FreshDatabase) -> RdsDataApi:
    return RdsDataApi(type="rds_data_api", resource_arn=CLUSTER, secret_arn=SECRET, database=bench.name)


@pytest.fixture
async def connector(double: DataApiDouble, definition: RdsDataApi) -> AsyncIterator[Connector]:
    connections = Connections(SqlSettings(connect_seconds=0.5))
    yield await connections.to(Database(id="bench", definition=definition, origin=Origin.FILE))
    await connections.close()


async def read(connector: Connector, sql: str, terms: Terms = READING) -> list[list[object]]:
    async with connector.session(terms) as session:
        return await (await session.open(sql, ())).fetch(1_000)


async def test_a_query_costs_six_calls_and_leaves_nothing_open(connector, double):
    await read(connector, "SELECT id FROM bench.orders")
    operations = [operation for operation, _ in double.calls]
    assert operations == ["BeginTransaction", "Execute", "Execute", "Execute", "Execute", "RollbackTransaction"]
    assert not double.transactions


async def test_a_cluster_that_resumes_is_waited_for(connector, double):
    double.fail("BeginTransaction", RESUMING, times=2)
    assert await read(connector, "SELECT 1") == [[1]]


async def test_a_cluster_that_resumes_too_slowly_is_told_as_such_and_not_asked_again_at_once(connector, double):
    double.fail("BeginTransaction", RESUMING, times=1_000)
    with pytest.raises(DatabaseUnavailable) as caught:
        await read(connector, "SELECT 1")
    assert "starting" in caught.value.hint
    asked = len(double.calls)
    with pytest.raises(DatabaseUnavailable):
        await read(connector, "SELECT 1")
    assert len(double.calls) == asked


async def test_throttled_calls_are_repeated(connector, double):
    for operation in ("BeginTransaction", "Execute", "RollbackTransaction"):
        double.fail(operation, "ThrottlingException", "Rate exceeded", status=429)
    assert await read(connector, "SELECT 1") == [[1]]
    assert not double.transactions


async def test_a_service_that_goes_on_throttling_is_busy(connector, double):
    double.fail("BeginTransaction", "ThrottlingException", "Rate exceeded", times=1_000)
    with pytest.raises(DatabaseBusy):
        await read(connector, "SELECT 1")


@pytest.mark.parametrize(
    ("code", "status", "failure"),
    [
        ("AccessDeniedException", 403, DatabaseLoginRefused),
        ("ForbiddenException", 403, DatabaseLoginRefused),
        ("ExpiredTokenException", 403, DatabaseLoginRefused),
        ("DatabaseNotFoundException", 404, DatabaseLoginRefused),
        ("SecretsErrorException", 400, SecretUnavailable),
        ("InvalidSecretException", 400, SecretUnavailable),
        ("HttpEndpointNotEnabledException", 400, NotSupported),
        ("BadRequestException", 400, NotSupported),
        ("DatabaseUnavailableException", 504, DatabaseUnavailable),
        ("ServiceUnavailableError", 503, DatabaseUnavailable),
        ("InternalServerErrorException", 500, DatabaseUnavailable),
        ("SomethingNewException", 400, DatabaseUnavailable),
    ],
)
async def test_errors_of_the_service_become_ours_without_telling_the_account(connector, double, code, status, failure):
    double.fail("BeginTransaction", code, f"User: arn:aws:iam::{ACCOUNT}:user/x may not, says {ACCOUNT}", status=status)
    with pytest.raises(failure) as caught:
        await read(connector, "SELECT 1")
    assert code in caught.value.message
    assert ACCOUNT not in caught.value.as_text()


async def test_a_service_that_does_not_answer_is_unavailable(connector, double, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_RDS_DATA", "http://127.0.0.1:9")
    with pytest.raises(DatabaseUnavailable):
        await read(connector, "SELECT 1")


async def test_a_process_without_credentials_is_told_to_get_some(connector, monkeypatch):
    monkeypatch.setattr("botocore.session.Session.get_credentials", lambda _: None)
    with pytest.raises(DatabaseLoginRefused, match="credentials"):
        await read(connector, "SELECT 1")


async def test_a_definition_that_names_no_region_is_told_to(connector, definition, monkeypatch):
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    connections = Connections(SqlSettings())
    nowhere = definition.model_copy(update={"resource_arn": "a cluster by its name alone"})
    with pytest.raises(InvalidDefinition) as caught:
        await read(await connections.to(Database(id="x", definition=nowhere, origin=Origin.FILE)), "SELECT 1")
    assert "region" in caught.value.hint
    await connections.close()


async def test_without_the_extra_the_way_to_get_it_is_told(connector, monkeypatch):
    monkeypatch.setitem(sys.modules, "botocore.config", None)
    with pytest.raises(NotSupported) as caught:
        await read(connector, "SELECT 1")
    assert "pip install moorage[aws]" in caught.value.hint


async def test_the_end_that_the_service_sets_to_a_call_is_a_time_limit(connector, double):
    double.call_seconds = 0.05
    with pytest.raises(QueryTookTooLong):
        await read(connector, "SELECT pg_sleep(30)")


async def test_a_transaction_that_the_service_ended_is_told_as_such(connector, double):
    async with connector.session(READING) as session:
        double.idle_seconds = 0.0
        with pytest.raises(DatabaseUnavailable):
            await session.fetch("SELECT 1 AS one")


async def test_an_answer_too_large_is_told_also_where_it_ends_the_transaction(connector, double):
    double.is_strict = True
    with pytest.raises(AnswerTooLarge):
        await read(connector, "SELECT repeat('x', 50000) FROM generate_series(1, 100)")


async def test_a_written_row_of_a_type_that_the_service_does_not_know_asks_for_a_cast(connector):
    sql = "UPDATE bench.orders SET notes = NULL WHERE id = 1 RETURNING int4range(1, 2){}"
    with pytest.raises(NotSupported) as caught:
        await read(connector, sql.format(""), Terms(read_only=False))
    assert "::text" in caught.value.hint
    assert await read(connector, sql.format("::text"), Terms(read_only=False)) == [["[1,2)"]]


async def test_a_transaction_that_begins_while_its_caller_goes_is_rolled_back(connector, double):
    double.gates["BeginTransaction"] = asyncio.Event()
    reading = asyncio.create_task(read(connector, "SELECT 1"))
    await until(lambda: _has_begun(double))
    reading.cancel()
    double.gates["BeginTransaction"].set()
    with pytest.raises(asyncio.CancelledError):
        await soon(reading)
    assert not double.transactions


async def test_a_lost_answer_to_a_commit_says_that_nobody_knows(connector, double):
    async with connector.session(Terms(read_only=False)) as session:
        double.fail("CommitTransaction", "InternalServerErrorException", status=500)
        with pytest.raises(DatabaseUnavailable, match="not known"):
            await session.commit()


async def test_calls_go_through_guard_and_limits_as_with_any_database(double, definition):
    async with open_service({"shop": definition}) as service:
        answer = await service.run_query("shop", _request("SELECT state, total FROM bench.orders WHERE id = $1", 2))
        assert (answer.columns[0].type, answer.rows) == ("bench.state", [["sent", "3.00"]])
        cut = await service.run_query("shop", _request("TABLE bench.orders"))
        assert cut.cut_by is None


def _request(sql: str, *parameters: object) -> Request:
    return Request(sql, parameters)


async def _has_begun(double: DataApiDouble) -> bool:
    return bool(double.transactions)
