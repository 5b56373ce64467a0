"""Amazon's Data API and Secrets Manager as a double: their HTTP API in front of a PostgreSQL of the tests.

Shapes are those of botocore's service model; types, limits and messages those that Amazon documents:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.html and the pages below it.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any

import asyncpg

from moorage.core.postgres.address import Address
from tests.support.data_api_values import Refused, answer_of, set_codecs, with_dollars

ACCOUNT = "123456789012"
CLUSTER = f"arn:aws:rds:eu-west-1:{ACCOUNT}:cluster:bench"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:bench-AbCdEf"
TOO_LARGE = "Database response exceeded size limit"
_DATABASE_OF_NOBODY = "3D000"
Document = dict[str, Any]


@dataclass
class Transaction:
    """One connection with an open transaction."""

    connection: asyncpg.Connection
    last_used: float
    is_busy: bool = False


@dataclass
class DataApiDouble:
    """The service. Its behaviour can be changed while it serves.

    Attributes:
        secrets: by ARN, as Secrets Manager keeps them.
        response_bytes, call_seconds, idle_seconds: limits of the service.
        failures: what the next calls of an operation get instead of an answer, first to last.
        gates: operations wait for theirs before they answer.
        is_strict: an answer that is too large ends its transaction; what Amazon does is not documented.
        calls: what came, as operation and statement.
    """

    address: Address
    secrets: dict[str, str]
    response_bytes: int = 1024 * 1024
    call_seconds: float = 45.0
    idle_seconds: float = 180.0
    failures: dict[str, list[Refused]] = field(default_factory=dict)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    is_strict: bool = False
    calls: list[tuple[str, str]] = field(default_factory=list)
    transactions: dict[str, Transaction] = field(default_factory=dict)
    clients: set[asyncio.Task[None]] = field(default_factory=set)
    url: str = ""

    def fail(self, operation: str, code: str, message: str = "", *, status: int = 400, times: int = 1) -> None:
        """Let the next calls of an operation fail."""
        self.failures.setdefault(operation, []).extend([Refused(code, message, status)] * times)

    async def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Document:
        """Return the answer to one request, or raise what the service would say."""
        if "Credential=" not in headers.get("authorization", ""):
            raise Refused("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
        target = headers.get("x-amz-target", "")
        operation = target.rpartition(".")[2] or path.strip("/")
        request = json.loads(body or b"{}")
        self.calls.append((operation, request.get("sql", "")))
        if self.failures.get(operation):
            raise self.failures[operation].pop(0)
        answer = await self._operations()[operation](request)
        if operation in self.gates:
            await self.gates[operation].wait()
        return answer

    async def close(self) -> None:
        for each in self.transactions.values():
            each.connection.terminate()

    def _operations(self) -> dict[str, Callable[[Document], Awaitable[Document]]]:
        return {
            "BeginTransaction": self._begin,
            "Execute": self._execute,
            "BatchExecute": self._batch,
            "CommitTransaction": lambda request: self._end(request, "COMMIT", "Transaction Committed"),
            "RollbackTransaction": lambda request: self._end(request, "ROLLBACK", "Rollback Complete"),
            "GetSecretValue": self._secret,
        }

    async def _begin(self, request: Document) -> Document:
        connection = await self._connect(request)
        await connection.execute("BEGIN")
        name = secrets.token_urlsafe(80)
        self.transactions[name] = Transaction(connection, monotonic())
        return {"transactionId": name}

    async def _execute(self, request: Document) -> Document:
        if "transactionId" not in request:
            connection = await self._connect(request)
            try:
                return await self._run(connection, request)
            finally:
                connection.terminate()
        transaction = self._transaction(request)
        transaction.is_busy = True
        try:
            return await self._run(transaction.connection, request)
        except Refused as refused:
            if self.is_strict and refused.message == TOO_LARGE:
                self.transactions.pop(request["transactionId"]).connection.terminate()
            raise
        finally:
            transaction.is_busy = False
            transaction.last_used = monotonic()

    async def _batch(self, request: Document) -> Document:
        for parameters in request.get("parameterSets") or [[]]:
            await self._execute({**request, "parameters": parameters})
        return {"updateResults": [{"generatedFields": []} for _ in request.get("parameterSets") or [[]]]}

    async def _end(self, request: Document, statement: str, status: str) -> Document:
        transaction = self._transaction(request)
        del self.transactions[request["transactionId"]]
        try:
            await transaction.connection.execute(statement)
        except asyncpg.PostgresError as error:
            raise _refused(error) from None
        finally:
            transaction.connection.terminate()
        return {"transactionStatus": status}

    async def _secret(self, request: Document) -> Document:
        arn = request["SecretId"]
        if arn not in self.secrets:
            raise Refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret.", 400)
        return {"ARN": arn, "Name": arn.rpartition(":")[2], "SecretString": self.secrets[arn]}

    def _transaction(self, request: Document) -> Transaction:
        name = request["transactionId"]
        found = self.transactions.get(name)
        if found is not None and monotonic() - found.last_used > self.idle_seconds:
            self.transactions.pop(name).connection.terminate()
            found = None
        if found is None:
            raise Refused("TransactionNotFoundException", f"Transaction {name} is not found", 404)
        if found.is_busy:
            raise Refused("DatabaseErrorException", "Transaction is still running a query")
        return found

    async def _connect(self, request: Document) -> asyncpg.Connection:
        if request["resourceArn"] != CLUSTER:
            raise Refused("BadRequestException", f"HttpEndpoint is not enabled for cluster {request['resourceArn']}")
        if request["secretArn"] not in self.secrets:
            raise Refused("SecretsErrorException", f"The secret {request['secretArn']} was not found.")
        login = json.loads(self.secrets[request["secretArn"]])
        arguments = {**self.address.arguments, **self.address.login, "database": request.get("database", "")}
        arguments |= {"user": login["username"], "password": login["password"]}
        try:
            connection = await asyncpg.connect(**arguments, statement_cache_size=0)
        except asyncpg.PostgresError as error:
            raise _refused(error) from None
        await set_codecs(connection)
        return connection

    async def _run(self, connection: asyncpg.Connection, request: Document) -> Document:
        sql, values = with_dollars(request["sql"], request.get("parameters", ()))
        try:
            async with asyncio.timeout(self.call_seconds):
                answer = await answer_of(connection, sql, values, described=request.get("includeResultMetadata", False))
        except TimeoutError:
            raise Refused("StatementTimeoutException", "Request timed out") from None
        except asyncpg.PostgresError as error:
            raise _refused(error) from None
        if len(json.dumps(answer)) > self.response_bytes:
            raise Refused("DatabaseErrorException", TOO_LARGE)
        return answer


@asynccontextmanager
async def data_api(address: Address, *, user: str, password: str = "") -> AsyncGenerator[DataApiDouble]:
    """Serve a double on a free port of the loopback; SECRET logs in as `user`."""
    double = DataApiDouble(address, {SECRET: json.dumps({"username": user, "password": password})})
    server = await asyncio.start_server(partial(_serve, double), "127.0.0.1", 0)
    double.url = "http://127.0.0.1:{1}".format(*server.sockets[0].getsockname())
    try:
        yield double
    finally:
        server.close()
        await double.close()
        for each in double.clients:
            each.cancel()
        await asyncio.gather(*double.clients, return_exceptions=True)


def _serve(double: DataApiDouble, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    client = asyncio.create_task(_serve_client(double, reader, writer))
    double.clients.add(client)
    client.add_done_callback(double.clients.discard)


async def _serve_client(double: DataApiDouble, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            writer.write(await _response(double, head[0].split(" ")[1], headers, body))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client has gone
    finally:
        writer.close()


async def _response(double: DataApiDouble, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    try:
        status, extra, answer = 200, "", await double.answer(path, headers, body)
    except Refused as refused:
        status, extra = refused.status, f"x-amzn-ErrorType: {refused.code}:http://internal.amazon.com/coral/\r\n"
        answer = {"message": refused.message, "__type": refused.code}
    text = json.dumps(answer).encode()
    start = f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\n{extra}content-length: {len(text)}\r\n\r\n"
    return start.encode() + text


def _refused(error: Any) -> Refused:
    position = f"; Position: {error.position}" if getattr(error, "position", None) else ""
    code = "DatabaseNotFoundException" if error.sqlstate == _DATABASE_OF_NOBODY else "DatabaseErrorException"
    return Refused(code, f"ERROR: {error.message}{position}; SQLState: {error.sqlstate}")
