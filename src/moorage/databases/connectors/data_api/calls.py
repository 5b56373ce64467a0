"""The calls of the Data API, off the event loop, repeated where the service asks for patience."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any

import stamina

from moorage.databases.connectors.data_api.failures import Sent, is_passing, translate
from moorage.databases.definitions import RdsDataApi
from moorage.databases.sources.aws import aws_errors, client_of, region_of

# The service ends every call after so many seconds:
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api-timeouts.html
CALL_SECONDS = 45.0
_READ_SECONDS = CALL_SECONDS + 15
_FIRST_WAIT_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 2.0

Answer = dict[str, Any]


class DataApi:
    """One database by one client; its threads are as many as there may be sessions, and one to cancel.

    Args:
        patience_seconds: how long a call is repeated that the service did not begin.
    """

    def __init__(self, definition: RdsDataApi, patience_seconds: float) -> None:
        self._definition = definition
        self._patience_seconds = patience_seconds
        self._threads = ThreadPoolExecutor(definition.pool_size + 1, thread_name_prefix="data-api")
        self._lock = Lock()
        self._client: Any = None

    async def begin(self) -> str:
        """Open a transaction and return its id; a cluster that was paused is waited for."""
        answer = await self._call("begin_transaction", database=self._definition.database)
        return answer["transactionId"]

    async def execute(
        self, sql: str, parameters: Sequence[Answer] = (), *, transaction: str | None, sent: Sent | None = None
    ) -> Answer:
        """Run one statement; `sent` is a caller's in it."""
        given = {"transactionId": transaction} if transaction else {"database": self._definition.database}
        return await self._call(
            "execute_statement", sent, sql=sql, parameters=parameters, includeResultMetadata=True, **given
        )

    async def commit(self, transaction: str) -> None:
        await self._call("commit_transaction", transactionId=transaction)

    async def rollback(self, transaction: str) -> None:
        await self._call("rollback_transaction", transactionId=transaction)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _call(self, operation: str, sent: Sent | None = None, **given: Any) -> Answer:
        where = {"resourceArn": self._definition.resource_arn, "secretArn": self._definition.secret_arn}
        call = partial(self._send, operation, {**where, **given})
        answer: Answer = {}
        try:
            async for attempt in stamina.retry_context(
                on=is_passing,
                attempts=None,
                timeout=self._patience_seconds,
                wait_initial=_FIRST_WAIT_SECONDS,
                wait_max=_LONGEST_WAIT_SECONDS,
                wait_jitter=_FIRST_WAIT_SECONDS,
            ):
                with attempt:
                    answer = await asyncio.get_running_loop().run_in_executor(self._threads, call)
        except aws_errors() as error:
            raise translate(error, sent) from None
        return answer

    def _send(self, operation: str, given: Answer) -> Answer:
        call: Callable[..., Answer] = getattr(self._opened(), operation)
        return call(**given)

    def _opened(self) -> Any:
        with self._lock:
            if self._client is None:
                region = self._definition.region or region_of(self._definition.resource_arn)
                places = self._definition.pool_size + 1
                self._client = client_of("rds-data", region, read_seconds=_READ_SECONDS, connections=places)
            return self._client
