"""Running statements from the shell: `moorage db query`, `saved`, `everywhere`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated

import typer

from moorage.core.shell import Json, Shell, harmless, shell_of
from moorage.databases.errors import QueryFailed
from moorage.databases.execution.requests import Confirm, Request
from moorage.databases.service import DatabasesService
from moorage.databases.shell.options import Database, Parameters, Tags, named, print_failures, run, values_of
from moorage.databases.shell.querying.gathering import print_gathered
from moorage.databases.shell.querying.notices import Notices, point_at
from moorage.databases.shell.querying.output import Shape, output_of
from moorage.databases.shell.querying.reading import answers, statement_of
from moorage.databases.shell.querying.saving import arguments_of, places_of, print_saved

commands = typer.Typer()

File = Annotated[str | None, typer.Option("--file", "-f", help="A file with the statement; - is standard input.")]
ShapeOption = Annotated[Shape, typer.Option("--format", help="A table for people, or csv, tsv, json.")]
Expanded = Annotated[bool, typer.Option("--expanded", "-x", help="A line for each value, shown whole.")]
MaxRows = Annotated[int | None, typer.Option(help="Rows at most; default what the database's limits say.", min=1)]
ROWS_OF_EACH = 50


@commands.command(
    "query",
    epilog="Examples: moorage db query 'SELECT count(*) FROM codebase.files' -d project:website;"
    " moorage db query 'SELECT $1::int + 1' --param 41 --format csv -d project:website",
)
def query(
    context: typer.Context,
    sql: Annotated[str | None, typer.Argument(help="One statement; default: what comes on standard input.")] = None,
    database: Database = None,
    file: File = None,
    parameters: Parameters = None,
    shape: ShapeOption = Shape.TABLE,
    expanded: Expanded = False,
    max_rows: MaxRows = None,
    every_row: Annotated[bool, typer.Option("--all", help="Read on to the end, page by page.")] = False,
    timeout: Annotated[float | None, typer.Option(help="Seconds; never above the database's limit.", min=0.001)] = None,
    commit: Annotated[bool, typer.Option("--commit", help="Keep what is written; else it is tried.")] = False,
    json: Json = False,
) -> None:
    """Run one statement of SQL; one that writes is tried and rolled back unless --commit is given."""
    shell = shell_of(context)
    statement = shell.guarded(lambda: statement_of(sql, file))
    shape = Shape.JSON if json else shape
    values = values_of(parameters)
    request = Request(statement, values, max_rows, None, timeout, shape.of_rows, commit, reads_on=every_row)
    output, notices = output_of(shell, shape, is_expanded=expanded), Notices(shell, reads_all=every_row)

    async def use(service: DatabasesService) -> None:
        found = await service.catalog.find(database)
        try:
            async for answer in answers(service.runner, found, request, confirm_on(shell)):
                output.page(answer)
                notices.page(answer)
        except QueryFailed as error:
            point_at(error, statement)
            raise
        output.end()
        notices.end()

    run(context, [database] if database else [], use)


@commands.command("saved", epilog="Example: moorage db saved")
def saved(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Run this one; default: list them.")] = None,
    arguments: Annotated[list[str] | None, typer.Argument(help="NAME=VALUE for its parameters.")] = None,
    database: Database = None,
    shape: ShapeOption = Shape.TABLE,
    expanded: Expanded = False,
    json: Json = False,
) -> None:
    """List the queries that were saved in the configuration, or run one."""
    shell = shell_of(context)
    shape = Shape.JSON if json else shape

    async def use(service: DatabasesService) -> None:
        if name is None:
            print_saved(shell, await service.saved.list(), json=json)
            return
        found = await service.saved.find(name)
        given = arguments_of(found.query, arguments or [])
        answer = await service.saved.run(found, given, database, confirm_on(shell), shape.of_rows)
        output, notices = output_of(shell, shape, is_expanded=expanded), Notices(shell, reads_all=False)
        for each in (output, notices):
            each.page(answer)
            each.end()

    run(context, [database] if database else places_of(shell, name), use)


@commands.command(
    "everywhere", epilog="Example: moorage db everywhere 'SELECT count(*) FROM codebase.files' --database '*'"
)
def everywhere(
    context: typer.Context,
    sql: Annotated[str | None, typer.Argument(help="One statement that reads; default: standard input.")] = None,
    databases: Annotated[list[str] | None, typer.Option("--database", "-d", help="An id, or * for all.")] = None,
    tags: Tags = None,
    file: File = None,
    parameters: Parameters = None,
    shape: ShapeOption = Shape.TABLE,
    expanded: Expanded = False,
    max_rows: Annotated[int, typer.Option(help="Rows of each database.", min=1)] = ROWS_OF_EACH,
    json: Json = False,
) -> None:
    """Run one read on many databases at once; those that fail cost the others nothing, and end it with status 1."""
    shell = shell_of(context)
    statement = shell.guarded(lambda: statement_of(sql, file))
    shape = Shape.JSON if json else shape
    names = named(databases, tags)
    request = Request(statement, values_of(parameters), max_rows, format=shape.of_rows)

    async def use(service: DatabasesService):
        return await service.everywhere.run(names, request)

    gathered = run(context, names, use)
    print_gathered(shell, gathered, shape, is_expanded=expanded)
    print_failures(shell, list(gathered.failures.items()))


def confirm_on(shell: Shell) -> Confirm | None:
    """Return what asks the person at the terminal; None where there is none."""
    if not (sys.stdin.isatty() and shell.errors.is_terminal):
        return None

    async def confirm(question: str) -> bool:
        with _interruptible():
            shell.errors.print(harmless(question), markup=False, highlight=False)
            try:
                return typer.confirm("Write it?", err=True)
            except typer.Abort:
                return False

    return confirm


@contextmanager
def _interruptible() -> Generator[None]:
    """Let Ctrl-C end a question: the event loop would keep it until the question is answered."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
