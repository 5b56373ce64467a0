"""Transactions of the Data API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import structlog

from moorage.core.errors import MoorageError
from moorage.core.postgres.identifiers import quote_identifier
from moorage.databases.connectors.data_api.calls import CALL_SECONDS, Answer, DataApi
from moorage.databases.connectors.data_api.cursors import DeclaredCursor, GivenCursor
from moorage.databases.connectors.data_api.describing import columns_of, parameter_types
from moorage.databases.connectors.data_api.failures import Sent
from moorage.databases.connectors.data_api.parameters import fields_of
from moorage.databases.connectors.data_api.rows import Record, records_in
from moorage.databases.connectors.data_api.statements import ParameterType, Statement, parse
from moorage.databases.connectors.session import Terms
from moorage.databases.errors import AnswerTooLarge, DatabaseUnavailable, QueryFailed

Given = TypeVar("Given")
log = structlog.get_logger(__name__)

_CANCEL_SECONDS = 0.5
# Values come as text: these decide in which. What a literal means must not depend on the role either.
_FORMS = {
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
}
# Each row as one text; `statement` alone would mean a column of that name where there is one.
_DECLARE = (
    "DECLARE {name} SCROLL CURSOR FOR SELECT ROW(statement.*)::pg_catalog.text FROM (\n{statement}\n) AS statement"
)
# Statements of ours as they are sent, and the types of their parameters.
Translated = dict[str, tuple[str, Sequence[ParameterType]]]


class DataApiSession:
    """One transaction; `begin` opens it, and `end` must follow.

    Args:
        translated: shared by the sessions of a database; statements of ours are few and always the same.
    """

    def __init__(self, api: DataApi, translated: Translated) -> None:
        self._api = api
        self._translated = translated
        self._transaction: str | None = None
        self._backend: int | None = None
        self._call: asyncio.Task[Any] | None = None
        self._cursors = 0
        self._has_failed = False
        self.wanted: Callable[[], None] | None = None

    async def begin(self, terms: Terms) -> None:
        await self._on(self._open(terms))

    async def fetch(self, query: str, *args: Any) -> Sequence[Record]:
        return records_in(await self._ours(query, args))

    async def fetchrow(self, query: str, *args: Any) -> Record | None:
        return next(iter(await self.fetch(query, *args)), None)

    async def execute(self, query: str, *args: Any) -> str:
        return f"DONE {(await self._ours(query, args)).get('numberOfRecordsUpdated', 0)}"

    async def open(self, sql: str, parameters: Sequence[Any]) -> DeclaredCursor | GivenCursor:
        """Begin a statement; one that no cursor can be declared for, as one that writes, is run here and now."""
        statement = parse(sql)
        types = await self._types(statement)
        text, values = statement.as_sent(types), fields_of(parameters, types)
        if not statement.is_query:
            answer = await self._run(text, values, None if statement.places else Sent(sql, 0))
            return GivenCursor(answer, is_write=statement.is_write)
        columns = await columns_of(self._ask, text, values, statement.width)
        self._cursors += 1
        name = f"moorage_{self._cursors}"
        await self._run(_DECLARE.format(name=name, statement=text), values)
        return DeclaredCursor(self._run, name, columns)

    async def commit(self) -> None:
        if self._has_failed:
            raise QueryFailed("PostgreSQL rolls the transaction back", hint="A statement in it had failed before.")
        transaction, self._transaction = self._open_transaction(), None
        try:
            await self._on(self._api.commit(transaction))
        except DatabaseUnavailable as error:
            raise DatabaseUnavailable(
                f"{error.message}; whether it was written is not known", hint="Look before you write again."
            ) from None

    def lend_until(self, wanted: Callable[[], None]) -> None:
        self.wanted = wanted

    async def end(self) -> None:
        """Roll back what is not committed; a statement that still runs is cancelled in PostgreSQL first."""
        await self._stop()
        if self._transaction is None:
            return
        try:
            await self._api.rollback(self._transaction)
        except MoorageError as error:
            # It ends by itself: the service rolls back what nobody used for three minutes.
            log.warning("data_api.rollback_failed", reason=error.message)

    async def _open(self, terms: Terms) -> None:
        self._transaction = await self._api.begin()
        if not terms.read_only:
            # Only the first statement of a transaction may do this, where the default is to read.
            await self._api.execute("SET TRANSACTION READ WRITE", transaction=self._transaction)
        sql, values = _settings(terms)
        answer = await self._api.execute(sql, values, transaction=self._transaction)
        self._backend = answer["records"][0][0]["longValue"]

    async def _ours(self, query: str, args: Sequence[Any]) -> Answer:
        if query not in self._translated:
            statement = parse(query)
            types = await self._types(statement)
            self._translated[query] = (statement.as_sent(types), types)
        text, types = self._translated[query]
        return await self._run(text, fields_of(args, types))

    async def _types(self, statement: Statement) -> Sequence[ParameterType]:
        if not statement.has_untyped:
            return statement.types
        return await parameter_types(self._ask, statement)

    async def _ask(self, sql: str, parameters: Sequence[Answer], sent: Sent | None) -> str:
        records = (await self._run(sql, parameters, sent)).get("records")
        return records[0][0]["stringValue"] if records else ""

    async def _run(self, sql: str, parameters: Sequence[Answer] = (), sent: Sent | None = None) -> Answer:
        call = self._api.execute(sql, parameters, transaction=self._open_transaction(), sent=sent)
        try:
            return await self._on(call)
        except AnswerTooLarge:  # of the service alone; PostgreSQL has done its part
            raise
        except MoorageError:
            self._has_failed = True
            raise

    def _open_transaction(self) -> str:
        if self._transaction is None:
            raise DatabaseUnavailable("the transaction is at its end", hint="Open another one.")
        return self._transaction

    async def _on(self, call: Coroutine[Any, Any, Given]) -> Given:
        """Wait for a call that goes on when the waiting is cancelled: nothing stops a request, and `end` must know."""
        self._call = asyncio.ensure_future(call)
        return await asyncio.shield(self._call)

    async def _stop(self) -> None:
        if self._call is None:
            return
        while not self._call.done():
            # Again and again, because the statement may not have reached PostgreSQL yet.
            await self._cancel()
            await asyncio.wait([self._call], timeout=_CANCEL_SECONDS)
        self._call.exception()

    async def _cancel(self) -> None:
        if self._backend is None:
            return
        try:
            await self._api.execute(f"SELECT pg_catalog.pg_cancel_backend({self._backend})", transaction=None)
        except MoorageError as error:
            # PostgreSQL's own time limit ends it then.
            log.warning("data_api.cancel_failed", reason=error.message)


def _settings(terms: Terms) -> tuple[str, list[Answer]]:
    """Return one statement that sets all terms, and tells which process works for us."""
    settings = {
        **_FORMS,
        "transaction_read_only": "on" if terms.read_only else "off",
        "statement_timeout": _milliseconds(min(terms.statement_seconds, CALL_SECONDS)),
        "lock_timeout": _milliseconds(terms.lock_seconds),
        "idle_in_transaction_session_timeout": _milliseconds(terms.idle_seconds),
        "work_mem": f"{terms.work_memory_bytes // 1024}kB",
        "application_name": "moorage",
    }
    if terms.search_path:
        settings["search_path"] = ", ".join(map(quote_identifier, terms.search_path))
    if terms.role:
        settings["role"] = terms.role
    calls = [f"pg_catalog.set_config('{name}', :p{place}, true)" for place, name in enumerate(settings, 1)]
    values = [{"name": f"p{place}", "value": {"stringValue": each}} for place, each in enumerate(settings.values(), 1)]
    return f"SELECT pg_catalog.pg_backend_pid(), {', '.join(calls)}", values


def _milliseconds(seconds: float) -> str:
    """Return milliseconds, and never 0, which means no limit."""
    return str(max(round(seconds * 1000), 1))
