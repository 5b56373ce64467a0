"""The statements of a query, composed of conditions, order and columns; `conditions` says why not in `queries.sql`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from moorage.workflow.entities.models import Entity
from moorage.workflow.querying.columns import DELETED
from moorage.workflow.querying.conditions import condition_of, joined
from moorage.workflow.querying.expressions import literal_name, path_of, value_at
from moorage.workflow.querying.filters import Filter, comparisons_in
from moorage.workflow.querying.models import Column, Distance, Field
from moorage.workflow.querying.parameters import Parameters
from moorage.workflow.querying.sorting import SortKey, after, order_by

SUMMARY_COLUMNS = ("id", "key", "schema_name", "title", "state", "version", "updated_at", "deleted_at")
FULL_COLUMNS = tuple(Entity.model_fields)
# Reads from `Composition.near`.
NEAR = SortKey("near.distance", "double precision")
_QUERY = "websearch_to_tsquery('english', {place})"
# It fails at 33 of them in a row: https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/tsquery.c
_MANY_SIGNS = re.compile(r'(?:-[^\w"-]*){10,}')
_BY_VECTOR = (
    " JOIN workflow.entity_embeddings AS embedding ON embedding.entity_id = entities.id AND embedding.model = {model}"
)
_BY_DISTANCE = " JOIN unnest({ids}, {distances}) AS near (id, distance) ON near.id = entities.id"


@dataclass(frozen=True)
class ComposedStatement:
    """A statement with the values of its parameters; its name is found in logs and metrics."""

    name: str
    sql: str
    values: Sequence[object]


@dataclass
class Composition:
    """What a query selects from, while it is put together.

    Attributes:
        source: the entities, and what is joined to them.
        conditions: that all hold.
        rank: how well words match, once they are asked for.
    """

    parameters: Parameters = field(default_factory=Parameters)
    source: str = "workflow.entities"
    conditions: list[str] = field(default_factory=list)
    rank: SortKey | None = None

    def of_type(self, schema_name: str) -> None:
        """Keep entities of a type; its name is text of the SQL, because indexes of a type are told by it."""
        self.conditions.append(f"entities.schema_name = {literal_name(schema_name)}")

    def where(self, filter_: Filter) -> None:
        """Keep what a filter lets pass; deleted entities only where it speaks of them."""
        if all(each.field != DELETED for each in comparisons_in(filter_)):
            self.conditions.append("entities.deleted_at IS NULL")
        self.conditions.append(condition_of(filter_, self.parameters))

    def matching(self, words: str) -> None:
        """Keep what has these words."""
        query = _QUERY.format(place=self.parameters.text(_MANY_SIGNS.sub("-", words)))
        self.conditions.append(f"entities.search @@ {query}")
        self.rank = SortKey(f"ts_rank(entities.search, {query})", "real", is_descending=True)

    def with_value(self, key: SortKey) -> SortKey:
        """Keep what has a value to sort by, and return that order, as an index has it in both directions."""
        self.conditions.append(f"{key.expression} IS NOT NULL")
        return replace(key, is_nullable=False)

    def without_value(self, key: SortKey) -> None:
        """Keep what has no value to sort by."""
        self.conditions.append(f"{key.expression} IS NULL")

    def near_vector(self, model: str, vector: str) -> SortKey:
        """Keep what has a vector of this model, and return how far it is; pgvector compares."""
        self.with_vector(model)
        # Of vectors of unit length the negative inner product orders as the cosine distance does.
        distance = f"(embedding.embedding::vector <#> {self.parameters.text(vector)}::vector)"
        return SortKey(distance, "double precision")

    def with_vector(self, model: str) -> None:
        """Keep what has a vector of this model."""
        self.source += _BY_VECTOR.format(model=self.parameters.text(model))

    def near(self, distances: Sequence[Distance]) -> None:
        """Keep these ids, to be ordered by how far each is."""
        ids = self.parameters.texts([str(each) for _, each in distances], "uuid")
        values = self.parameters.texts([repr(each) for each, _ in distances], "double precision")
        self.source += _BY_DISTANCE.format(ids=ids, distances=values)

    def page(
        self, columns: Sequence[str], keys: Sequence[SortKey], *, begin: Sequence[str | None] | None, limit: int
    ) -> ComposedStatement:
        """Return the statement of one page, which begins after the values of the last one."""
        conditions = [*self.conditions, *([after(keys, begin, self.parameters)] if begin else [])]
        sorted_by = [f"({key.expression})::text AS sort_{place}" for place, key in enumerate(keys)]
        sql = self._select([*columns, *sorted_by], conditions, order=order_by(keys), limit=limit)
        return self._statement("entity_page", sql)

    def counted(self, *, at_most: int) -> ComposedStatement:
        """Return the statement that counts, and stops at a number."""
        where, limit = joined(" AND ", self.conditions), self.parameters.number(at_most)
        counted = f"SELECT FROM {self.source} WHERE {where} LIMIT {limit}"
        sql = f"SELECT count(*) AS count FROM ({counted}) AS counted"  # noqa: S608 - as in `_select`
        return self._statement("entity_count", sql)

    def vectors(self, *, at_most: int) -> ComposedStatement:
        """Return the statement that gets ids with vectors, in the binary form of an array."""
        columns = ["entities.id", "array_send(embedding.embedding) AS embedding"]
        sql = self._select(columns, self.conditions, order="entities.updated_at DESC, entities.id", limit=at_most)
        return self._statement("embedding_read", sql)

    def _select(self, columns: Sequence[str], conditions: list[str], *, order: str, limit: int) -> str:
        where, place = joined(" AND ", conditions), self.parameters.number(limit)
        # Constant text only; what callers gave stands behind the numbers of parameters.
        return f"SELECT {', '.join(columns)} FROM {self.source} WHERE {where} ORDER BY {order} LIMIT {place}"  # noqa: S608

    def _statement(self, name: str, sql: str) -> ComposedStatement:
        name = f"querying.{name}"
        return ComposedStatement(name, f"/* {name} */ {sql}", tuple(self.parameters.values))


def columns_named(names: Sequence[str]) -> list[str]:
    """Return columns of entities, as SQL."""
    return [f"entities.{name}" for name in names]


def column_of(field_: Field, place: int, parameters: Parameters) -> str:
    """Return a field as a column of JSON text, which tells null from absent."""
    if isinstance(field_, Column):
        return f"to_jsonb({field_.expression})::text AS field_{place}"
    return f"{value_at(path_of(field_, parameters))}::text AS field_{place}"
