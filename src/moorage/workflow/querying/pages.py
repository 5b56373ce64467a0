"""One page of a query: the statement it takes, where it begins, and what is said beside its rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from moorage.core.embedding.embedder import FloatArray
from moorage.core.postgres.pools import Connection
from moorage.core.postgres.queries import Row
from moorage.core.postgres.vectors import vector_text
from moorage.projects.models import Project
from moorage.workflow.cursors import cursor_key_get, seal, unseal
from moorage.workflow.querying import store
from moorage.workflow.querying.answers import Answer, fields_of, is_too_large, shortened, summary_of, whole_of
from moorage.workflow.querying.meaning import COMPARED_HERE, nearest
from moorage.workflow.querying.models import QueryResult
from moorage.workflow.querying.parsed import ParsedQuery
from moorage.workflow.querying.sorting import BY_ID, SortKey, keys_of, order_by
from moorage.workflow.querying.statements import (
    FULL_COLUMNS,
    NEAR,
    SUMMARY_COLUMNS,
    Composition,
    column_of,
    columns_named,
)

MAX_COUNTED = 10_000
LEFT_OUT = "left_out"
Begin = Sequence[str | None] | None


@dataclass(frozen=True)
class Question:
    """A text whose meaning is looked for.

    Attributes:
        vector: shape (dimensions,), unit length.
        is_complete: everything that is asked for has its vector.
    """

    vector: FloatArray
    model: str
    is_complete: bool


@dataclass(frozen=True)
class Page:
    """One page, read on one connection."""

    project: Project
    connection: Connection
    parsed: ParsedQuery
    question: Question | None = None

    async def read(self) -> QueryResult:
        """Return the page.

        Raises:
            InvalidCursor: the query's cursor is of another query, or of none.
        """
        total = await self._total()
        keys, rows = await self._rows()
        asked = rows[: self.parsed.query.limit]
        answers = [self._answer(row) for row in asked]
        shown = shortened(answers)
        more = len(rows) > len(shown)
        return QueryResult(
            project_name=self.project.name,
            entities=shown,
            total=None if total is None else min(total, MAX_COUNTED),
            total_is_at_least=total is not None and total > MAX_COUNTED,
            next_cursor=await self._cursor_after(asked[len(shown) - 1], keys) if more else None,
            truncated=len(shown) < len(answers),
            notes=tuple(self._notes(answers, shown)),
        )

    async def _total(self) -> int | None:
        if not self.parsed.query.count:
            return None
        rows = await store.run(self.connection, self._composed().counted(at_most=MAX_COUNTED + 1))
        return rows[0]["count"]

    async def _rows(self) -> tuple[Sequence[SortKey], Sequence[Row]]:
        """Return what the rows are ordered by, and them: one more than asked for, where there is one."""
        if self.question is None:
            return await self._rows_in_order()
        if not await store.vectors_comparable(self.connection):
            return await self._rows_compared_here(self.question)
        composition = self._composed()
        keys = (composition.near_vector(self.question.model, vector_text(self.question.vector)), BY_ID)
        return keys, await self._run(composition, keys, await self._begin(keys))

    async def _rows_in_order(self) -> tuple[Sequence[SortKey], Sequence[Row]]:
        composition = self._composed()
        keys = self._keys(composition)
        begin = await self._begin(keys)
        if not keys[0].is_indexed:
            return keys, await self._run(composition, keys, begin)
        # Asked for apart from those without a value, the rows come out of the index in order, from any place of it.
        rows: list[Row] = []
        if begin is None or begin[0] is not None:
            rows += await self._run(composition, (composition.with_value(keys[0]), *keys[1:]), begin)
            begin = None
        wanted = self._wanted - len(rows)
        if wanted:
            rest = self._composed()
            rest.without_value(keys[0])
            rows += await self._run(rest, self._keys(rest), begin, limit=wanted)
        return keys, rows

    async def _rows_compared_here(self, question: Question) -> tuple[Sequence[SortKey], Sequence[Row]]:
        """Do what pgvector does where it is: read the vectors, compare them, and get the nearest."""
        keys = (NEAR, BY_ID)
        begin = await self._begin(keys)
        after = None if begin is None else (float(begin[0] or 0), UUID(begin[1]))
        candidates = self._composed()
        candidates.with_vector(question.model)
        ids, vectors = await store.embedding_read(self.connection, candidates.vectors(at_most=COMPARED_HERE))
        composition = self._composed()
        composition.near(nearest(ids, vectors, question.vector, after=after, limit=self._wanted))
        return keys, await self._run(composition, keys, None)

    async def _run(
        self, composition: Composition, keys: Sequence[SortKey], begin: Begin, *, limit: int | None = None
    ) -> Sequence[Row]:
        columns = self._columns(composition)
        page = composition.page(columns, keys, begin=begin, limit=self._wanted if limit is None else limit)
        return await store.run(self.connection, page)

    @property
    def _wanted(self) -> int:
        """How many rows to read: one more than asked for tells whether there is a next page."""
        return self.parsed.query.limit + 1

    def _composed(self) -> Composition:
        query = self.parsed.query
        composition = Composition()
        if self.parsed.schema_name is not None:
            composition.of_type(self.parsed.schema_name)
        composition.where(self.parsed.filter)
        if query.search is not None:
            composition.matching(query.search)
        return composition

    def _keys(self, composition: Composition) -> Sequence[SortKey]:
        if self.parsed.sort is None and composition.rank is not None:
            return (composition.rank, BY_ID)
        return keys_of(self.parsed.sort or (), composition.parameters)

    def _columns(self, composition: Composition) -> list[str]:
        fields = self.parsed.fields
        if fields is None and self.parsed.query.view == "full":
            return columns_named(FULL_COLUMNS)
        projected = [column_of(each, place, composition.parameters) for place, each in enumerate(fields or ())]
        return [*columns_named(SUMMARY_COLUMNS), *projected]

    def _answer(self, row: Row) -> Answer:
        query = self.parsed.query
        if query.fields is None and query.view == "summary":
            return summary_of(row)
        answer = whole_of(row) if query.fields is None else fields_of(row, query.fields)
        return {**summary_of(row), LEFT_OUT: "too large"} if is_too_large(answer) else answer

    def _notes(self, answers: Sequence[Answer], shown: Sequence[Answer]) -> Iterator[str]:
        if self.parsed.note:
            yield self.parsed.note
        if len(shown) < len(answers):
            yield "The answer would be too large: go on with next_cursor, or ask for fewer fields."
        if any(LEFT_OUT in each for each in shown):
            yield f"Where {LEFT_OUT} stands, the data is too large for a list: get_entity shows it."
        if self.question is not None and not self.question.is_complete:
            yield "Not everything is embedded yet, the newest changes are; asking again goes on with it."

    async def _begin(self, keys: Sequence[SortKey]) -> Begin:
        """Return the values of the keys that the cursor holds; None where the first page is asked for."""
        cursor = self.parsed.query.cursor
        if cursor is None:
            return None
        return unseal(await cursor_key_get(self.connection), self._purpose(keys), cursor)

    async def _cursor_after(self, row: Row, keys: Sequence[SortKey]) -> str:
        values = [row[f"sort_{place}"] for place in range(len(keys))]
        return seal(await cursor_key_get(self.connection), self._purpose(keys), values)

    def _purpose(self, keys: Sequence[SortKey]) -> str:
        """Return what makes a page follow another: the same project, question and order."""
        query = self.parsed.query
        asked = [query.schema_name, query.filters, query.search, query.meaning]
        return json.dumps(["query", str(self.project.id), *asked, order_by(keys)], sort_keys=True)
