"""The answers of many databases as one text: one table where their columns agree, else one for each kind of answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from moorage.core.errors import MoorageError
from moorage.databases.execution.answers import Answer, marked
from moorage.databases.execution.writing import Format
from moorage.databases.models import Column
from moorage.databases.spreading import Asked

CUT_NOTICE = "There is more in those that are cut: aggregate, lower max_rows, or ask them alone."
DATABASE_COLUMN = Column(name="database_id", type="text")


@dataclass(frozen=True)
class Table:
    """Answers with the same columns, as one table; the first column is the id of the database."""

    columns: tuple[Column, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Gathered:
    """What became of one statement on many databases.

    Attributes:
        failures: by database, in the order they were named.
    """

    tables: tuple[Table, ...]
    failures: Mapping[str, MoorageError]
    format: Format

    def as_text(self, *, is_marked: bool = False) -> str:
        """Return all of it as text: JSON, or tables below each other and then what is to be said of them.

        Args:
            is_marked: show where data begins and ends, as `written` does for one answer.
        """
        body = self._body()
        if is_marked:
            return f"{_json(self._told())}\n{marked(body)}"
        if self.format is Format.JSON:
            return f'{_json(self._told())[:-1]},"tables":{body}}}'
        return f"{body}\n\n{_json(self._told())}"

    def _body(self) -> str:
        if self.format is Format.JSON:
            return f"[{','.join(map(_json_table, self.tables))}]"
        return "\n\n".join(
            "\n".join([self.format.head_of(each.columns), *_lines(each, self.format)]) for each in self.tables
        )

    def _told(self) -> dict[str, Any]:
        """Return what there is to say beside the rows: only what there is."""
        answers = [answer for table in self.tables for answer in table.answers]
        said = {
            "answered": len(answers),
            "row_count": sum(len(each.rows) for each in answers),
            "without_rows": [each.database for each in answers if not each.rows],
            "cut": [each.database for each in answers if each.cut_by],
            "notice": CUT_NOTICE if any(each.cut_by for each in answers) else None,
            "failed": {name: f"{error.code}: {error.message}" for name, error in self.failures.items()},
        }
        return {name: each for name, each in said.items() if each not in (None, [], {})}


def gather(asked: Iterable[Asked[Answer]], written: Format) -> Gathered:
    """Put answers together by their columns, in the order in which the databases were named."""
    by_columns: dict[tuple[tuple[str, str], ...], list[Answer]] = {}
    failures = {}
    for each in asked:
        if each.error is not None:
            failures[each.database.id] = each.error
        elif each.result is not None:
            shape = tuple((column.name, column.type) for column in each.result.columns)
            by_columns.setdefault(shape, []).append(each.result)
    tables = [Table((DATABASE_COLUMN, *answers[0].columns), tuple(answers)) for answers in by_columns.values()]
    return Gathered(tuple(tables), failures, written)


def _lines(table: Table, written: Format) -> list[str]:
    return written.lines_of([(each.database, *row) for each in table.answers for row in each.rows])


def _json_table(table: Table) -> str:
    return f"{Format.JSON.head_of(table.columns)}{','.join(_lines(table, Format.JSON))}]}}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
