"""Answers on standard output, page by page: tables for people, CSV, TSV and JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from rich.text import Text

from moorage.core.shell import Shell, harmless_json
from moorage.databases.execution.answers import Answer
from moorage.databases.execution.writing import Format, Row
from moorage.databases.models import Column
from moorage.databases.shell.cells import printable_lines
from moorage.databases.shell.tables import is_any_cut, records_of, table_of, width_of_table

CUT_VALUES = "Values that end with … are longer: --expanded and --format csv show more of them."


class Shape(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"

    @property
    def of_rows(self) -> Format:
        """How the rows are written on their way here."""
        return Format.JSON if self is Shape.TABLE else Format(self.value)


class Output(Protocol):
    """Takes the pages of one answer, and then its end."""

    def page(self, answer: Answer) -> None: ...

    def end(self) -> None: ...


def output_of(shell: Shell, shape: Shape, *, is_expanded: bool) -> Output:
    """Return what prints an answer in this shape."""
    if shape is Shape.TABLE:
        return TableOutput(shell, is_expanded=is_expanded)
    return JsonOutput() if shape is Shape.JSON else LineOutput(shell)


class TableOutput:
    """Tables for people, each page with columns of its own width."""

    def __init__(self, shell: Shell, *, is_expanded: bool) -> None:
        self._shell = shell
        self._is_expanded = is_expanded
        self._count = 0
        self._has_rows = False
        self._fate: Text | None = None

    def page(self, answer: Answer) -> None:
        if answer.columns and (answer.rows or not self._has_rows):
            self._has_rows = True
            print_rows(self._shell, answer.columns, answer.rows, is_expanded=self._is_expanded, first=self._count + 1)
        self._count += len(answer.rows)
        self._fate = fate_of(answer)

    def end(self) -> None:
        if self._has_rows:
            self._shell.console.print(Text(counted(self._count, "row"), style="dim"))
        if self._fate is not None:
            self._shell.console.print(self._fate)


class LineOutput:
    """CSV or TSV: the names of the columns once, and then rows; to a terminal without what it would obey."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._has_head = False
        self._fate: Text | None = None

    def page(self, answer: Answer) -> None:
        head = [] if self._has_head or not answer.columns else [answer.format.head_of(answer.columns)]
        self._has_head = True
        self._fate = fate_of(answer)
        write_lines([*head, *answer.lines])

    def end(self) -> None:
        if self._fate is not None:
            self._shell.errors.print(self._fate)


class JsonOutput:
    """One document: columns, types, rows, and at its end how many they are and what was left out."""

    def __init__(self) -> None:
        self._count = 0
        self._answer: Answer | None = None

    def page(self, answer: Answer) -> None:
        if answer.columns:
            before = Format.JSON.head_of(answer.columns) if self._answer is None else ","
            lines = ",\n".join(answer.lines)
            if lines or self._answer is None:
                sys.stdout.write(harmless_json(f"{before}\n{lines}"))
        self._answer = answer
        self._count += len(answer.rows)

    def end(self) -> None:
        answer = self._answer
        if answer is None:
            return
        said = {
            "database": answer.database,
            "row_count": self._count if answer.columns else None,
            "rows_affected": answer.rows_affected,
            "committed": answer.is_committed,
            "cut_by": answer.cut_by,
        }
        told = json.dumps({name: each for name, each in said.items() if each is not None}, ensure_ascii=False)
        sys.stdout.write(f"\n],{harmless_json(told[1:])}\n" if answer.columns else f"{harmless_json(told)}\n")


def print_rows(
    shell: Shell, columns: Sequence[Column], rows: Sequence[Row], *, is_expanded: bool = False, first: int = 1
) -> None:
    """Print a table; on a terminal as records where it would not fit."""
    lines = [] if is_expanded else table_of(columns, rows)
    if is_expanded or (rows and shell.console.is_terminal and width_of_table(lines) > shell.console.width):
        lines = list(records_of(columns, rows, first=first))
    elif is_any_cut(rows):
        shell.errors.print(CUT_VALUES, style="dim", highlight=False)
    shell.console.print(Text("\n").join(lines), soft_wrap=True)


def write_lines(lines: Sequence[str]) -> None:
    """Write lines as they are; to a terminal without what it would obey."""
    if not lines:
        return
    text = "\n".join(lines)
    sys.stdout.write(printable_lines(text) if sys.stdout.isatty() else text)
    sys.stdout.write("\n")


def fate_of(answer: Answer) -> Text | None:
    """Return what became of a statement that writes; None for one that only reads."""
    if answer.is_committed is None:
        return None
    rows = "" if answer.rows_affected is None else f"{counted(answer.rows_affected, 'row')} "
    if answer.is_committed:
        return Text(f"{rows}written".strip(), style="green")
    return Text(f"{rows}tried and rolled back: nothing was written; --commit writes", style="yellow")


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
