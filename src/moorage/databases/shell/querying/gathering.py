"""The answers of many databases, printed as one table where their columns agree."""

from __future__ import annotations

import sys

from rich.text import Text

from moorage.core.shell import Shell, harmless_json
from moorage.databases.everywhere.gathering import CUT_NOTICE, Gathered, Table
from moorage.databases.execution.writing import Row
from moorage.databases.shell.querying.output import Shape, counted, print_rows, write_lines


def print_gathered(shell: Shell, gathered: Gathered, shape: Shape, *, is_expanded: bool) -> None:
    """Print every table, and say on standard error what was left out."""
    if shape is Shape.JSON:
        sys.stdout.write(f"{harmless_json(gathered.as_text())}\n")
        return
    for table in gathered.tables:
        rows = _rows_of(table)
        if shape is Shape.TABLE:
            print_rows(shell, table.columns, rows, is_expanded=is_expanded)
            told = f"{counted(len(rows), 'row')} from {counted(len(table.answers), 'database')}"
            shell.console.print(Text(told, style="dim"))
        else:
            write_lines([gathered.format.head_of(table.columns), *gathered.format.lines_of(rows)])
    if any(answer.cut_by for table in gathered.tables for answer in table.answers):
        shell.errors.print(CUT_NOTICE, style="dim", highlight=False)


def _rows_of(table: Table) -> list[Row]:
    return [(answer.database, *row) for answer in table.answers for row in answer.rows]
