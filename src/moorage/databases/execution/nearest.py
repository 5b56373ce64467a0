"""What may be meant by a name that a statement uses and the database does not have; looked up only then."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches

from moorage.core.errors import MoorageError
from moorage.core.postgres.queries import Row, load_statements
from moorage.databases.connectors.session import Session
from moorage.databases.errors import QueryFailed
from moorage.databases.execution.requests import Run
from moorage.databases.policy.tables import is_open

# https://www.postgresql.org/docs/current/errcodes-appendix.html
UNDEFINED_COLUMN, UNDEFINED_TABLE = "42703", "42P01"
NEAREST, SHOWN_COLUMNS = 3, 40
_NAME = re.compile(r'(?:column|relation) "?([^"\s]+)"? ')

statements = load_statements("moorage.databases.execution")


async def advise(error: QueryFailed, run: Run) -> None:
    """Say in the hint of an error what may be meant, where PostgreSQL does not say it and something is near."""
    state, named = error.details.get("sqlstate"), _NAME.search(error.message)
    if error.hint or named is None or state not in (UNDEFINED_COLUMN, UNDEFINED_TABLE):
        return
    with suppress(MoorageError):  # what failed is told in any case
        async with run.connector.session(run.terms()) as session:
            look_up = _column_meant if state == UNDEFINED_COLUMN else _table_meant
            error.hint = await look_up(session, run, named[1])


async def _column_meant(session: Session, run: Run, name: str) -> str:
    rows = _open_ones(await statements.column_names(session, tables=json.dumps(run.record.tables)), run)
    columns = {each["column_name"]: f"{each['table_name']}.{each['column_name']}" for each in rows}
    nearest = get_close_matches(name.rpartition(".")[2], list(columns), n=NEAREST)
    if nearest:
        return _did_you_mean([columns[each] for each in nearest])
    return f"There are {', '.join(list(columns.values())[:SHOWN_COLUMNS])}." if columns else ""


async def _table_meant(session: Session, run: Run, name: str) -> str:
    schema, _, table = name.rpartition(".")
    rows = _open_ones(await statements.table_names(session, name=table), run)
    names = {
        each["quoted"]: f"{each['schema_name']}.{each['table_name']}" if schema else each["table_name"] for each in rows
    }
    nearest = get_close_matches(name, list(dict.fromkeys(names.values())), n=NEAREST)
    meant = [quoted for near in nearest for quoted, each in names.items() if each == near]
    return _did_you_mean(meant[:NEAREST]) if meant else ""


def _open_ones(rows: Sequence[Row], run: Run) -> list[Row]:
    """Leave out what the definition does not let callers name."""
    return [each for each in rows if is_open(each["schema_name"], each["table_name"], run.database.definition)]


def _did_you_mean(names: Sequence[str]) -> str:
    return f"Did you mean {' or '.join(names)}?"
