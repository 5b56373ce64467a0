"""One read on many databases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from moorage.databases.definitions import StatementKind
from moorage.databases.errors import WriteNotAllowed
from moorage.databases.everywhere.gathering import Gathered, gather
from moorage.databases.execution.running import Request, Runner
from moorage.databases.policy.parsing import parse
from moorage.databases.policy.statements import kind_of, only_one
from moorage.databases.policy.texts import check_text
from moorage.databases.policy.trees import collect
from moorage.databases.settings import SqlSettings
from moorage.databases.sources.catalog import Catalog
from moorage.databases.sources.choosing import choose
from moorage.databases.spreading import spread

BYTES = 50_000
"""Of all answers together, when the call does not say."""

FEWEST_BYTES = 1_000
"""Of one answer, however many databases share what there is for all."""


class Everywhere:
    """Runs one statement that reads on many databases at once."""

    def __init__(self, catalog: Catalog, runner: Runner, settings: SqlSettings) -> None:
        self._catalog = catalog
        self._runner = runner
        self._settings = settings

    async def run(self, names: Sequence[str], request: Request) -> Gathered:
        """Run the statement and return what came from each database; who fails or is late costs the others nothing.

        Args:
            names: of databases, as `choose` takes them.
            request: its limit of rows holds for each database, and that of bytes for all together.

        Raises:
            WriteNotAllowed: the statement writes; it ran nowhere.
            InvalidStatement, StatementTooLarge: it is none that runs anywhere.
            DatabaseNotFound, DatabaseNotNamed, TooManyDatabases: of the names.
        """
        self._refuse_writes(request.sql)
        databases = await choose(self._catalog, names, most=self._settings.max_databases)
        share = max((request.max_bytes or BYTES) // max(len(databases), 1), FEWEST_BYTES)
        own = replace(request, max_bytes=share, commit=False, next=None, reads_on=False)
        asked = await spread(
            databases,
            lambda each: self._runner.run(each, own),
            at_once=self._settings.databases_at_once,
            each_seconds=self._settings.everywhere_seconds,
            all_seconds=self._settings.everywhere_seconds,
        )
        return gather(asked, request.format)

    def _refuse_writes(self, sql: str) -> None:
        """Refuse what does more than read before any database is asked."""
        check_text(sql, max_bytes=int(self._settings.max_sql_bytes))
        tree = only_one(parse(sql))
        kind = kind_of(tree, collect(tree))
        if kind is not StatementKind.READ:
            raise WriteNotAllowed(
                f"run_everywhere only reads, and this statement is of the kind {kind.value}; it ran nowhere",
                hint="Write with run_query, one database after the other.",
                kind=kind.value,
            )
