"""How databases run, from the shell: `moorage db explain`, `health`, `top`, `advise`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Literal

import typer

from moorage.core.shape import Severity
from moorage.core.shell import EXIT_FAILED, Json, harmless_json, shell_of
from moorage.core.values import Value
from moorage.databases.errors import QueryFailed
from moorage.databases.service import DatabasesService
from moorage.databases.shell.looking.commands import print_text
from moorage.databases.shell.options import Database, Databases, Parameters, Tags, named, run, values_of
from moorage.databases.shell.querying.notices import point_at
from moorage.databases.shell.querying.reading import statement_of
from moorage.databases.spreading import Asked
from moorage.databases.tuning.health.examining import Examination
from moorage.databases.tuning.health.report import report
from moorage.databases.tuning.indexes.advice import Advice
from moorage.databases.tuning.workload.top import BusyStatement, Measure

commands = typer.Typer()

Statement = Annotated[str | None, typer.Argument(help="One statement; default: what comes on standard input.")]
File = Annotated[str | None, typer.Option("--file", "-f", help="A file with the statement; - is standard input.")]


class ExaminedDatabase(Value):
    """A database as `health` tells programs of it: what was found, or why there is nothing."""

    database: str
    examination: Examination | None
    error_code: str | None = None
    error: str | None = None


class TopStatements(Value):
    """What a database is busy with; `running` and `notice` where no statistics are kept."""

    database: str
    by: str
    statements: tuple[BusyStatement, ...]
    running: tuple[str, ...]
    notice: str | None


class AdvisedIndexes(Value):
    """Indexes that would help; none was built."""

    database: str
    advices: tuple[Advice, ...]
    notices: tuple[str, ...]


@commands.command(
    "explain", epilog="Example: moorage db explain 'SELECT * FROM codebase.files' -d project:website --analyze"
)
def explain(
    context: typer.Context,
    sql: Statement = None,
    database: Database = None,
    file: File = None,
    parameters: Parameters = None,
    analyze: Annotated[bool, typer.Option("--analyze", help="Run it, if it reads.")] = False,
    shape: Annotated[Literal["text", "json"], typer.Option("--format", help="Of the plan.")] = "text",
    json: Json = False,
) -> None:
    """Show how a statement would run: steps, costs, warnings; a write is planned and never run."""
    shell = shell_of(context)
    statement = shell.guarded(lambda: statement_of(sql, file))
    values = None if parameters is None else values_of(parameters)

    async def use(service: DatabasesService):
        try:
            return await service.tuning.explain_query(database, statement, values, analyze=analyze)
        except QueryFailed as error:
            point_at(error, statement)
            raise

    explained = run(context, [database] if database else [], use)
    if json or shape == "json":
        sys.stdout.write(f"{harmless_json(explained.as_json())}\n")
    else:
        print_text(shell, explained.as_text())


@commands.command("health", epilog="Example: moorage db health project:website --json")
def health(
    context: typer.Context,
    databases: Databases = None,
    tags: Tags = None,
    every_one: Annotated[bool, typer.Option("--all", help="All there are.")] = False,
    json: Json = False,
) -> None:
    """Examine databases, the worst first; ends with status 1 where one does not answer or has an error."""
    shell = shell_of(context)
    names = named(databases, tags, all_of_them=every_one)

    async def use(service: DatabasesService) -> Sequence[Asked[Examination]]:
        return await service.tuning.database_health(names)

    asked = run(context, names, use)
    if json:
        shell.print_json([_examined(each) for each in asked])
    else:
        print_text(shell, report(asked))
    if any(map(_is_broken, asked)):
        raise typer.Exit(EXIT_FAILED)


@commands.command("top", epilog="Example: moorage db top project:website")
def top(
    context: typer.Context,
    database: Annotated[str | None, typer.Argument(help="Its id; default: the default database.", metavar="ID")] = None,
    by: Annotated[Measure, typer.Option(help="What is most.")] = "total_time",
    limit: Annotated[int, typer.Option("--limit", "-n", help="So many.", min=1, max=50)] = 10,
    json: Json = False,
) -> None:
    """List the statements that take the most of a database; what runs now, where no statistics are kept."""
    shell = shell_of(context)

    async def use(service: DatabasesService):
        return await service.tuning.top_queries(database, by=by, limit=limit)

    load = run(context, [database] if database else [], use)
    if json:
        told = {"database": load.database, "by": load.by, "running": tuple(load.running), "notice": load.notice}
        shell.print_json(TopStatements(statements=tuple(load.statements), **told))
    else:
        print_text(shell, load.as_text())


@commands.command("advise", epilog="Example: moorage db advise 'SELECT * FROM codebase.files' -d project:website")
def advise(
    context: typer.Context,
    sql: Annotated[
        str | None, typer.Argument(help="One statement; left out, those that take most of the time.")
    ] = None,
    database: Database = None,
    parameters: Parameters = None,
    json: Json = False,
) -> None:
    """Find indexes that would help, as statements for a person to run; none is built."""
    shell = shell_of(context)
    values = None if parameters is None else values_of(parameters)

    async def use(service: DatabasesService):
        return await service.tuning.advise_indexes(database, sql, values)

    found = run(context, [database] if database else [], use)
    if json:
        told = {"database": found.database, "advices": tuple(found.advices), "notices": tuple(found.notices)}
        shell.print_json(AdvisedIndexes(**told))
    else:
        print_text(shell, found.as_text())


def _examined(asked: Asked[Examination]) -> ExaminedDatabase:
    told = {} if asked.error is None else {"error_code": asked.error.code, "error": asked.error.message}
    return ExaminedDatabase(database=asked.database.id, examination=asked.result, **told)


def _is_broken(asked: Asked[Examination]) -> bool:
    """Return whether a database does not answer, or something in it does not work."""
    return asked.result is None or any(each.severity is Severity.ERROR for each in asked.result.findings)
