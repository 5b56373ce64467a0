"""Queries on the command line: `moorage workflow list`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from moorage.core.shell import EXIT_FAILED, Json, Shell, shell_of
from moorage.workflow.errors import InvalidFilter
from moorage.workflow.parsing import parse_json
from moorage.workflow.querying.indexes import IndexReport
from moorage.workflow.querying.models import DEFAULT_LIMIT, MAX_LIMIT, Query, QueryResult
from moorage.workflow.querying.where import parse_where
from moorage.workflow.shell.options import Project, run

commands = typer.Typer()
indexes = typer.Typer()

_SUMMARY = ("key", "state", "title", "updated_at")


@commands.command("list", epilog="Example: moorage workflow list --where status=pending --sort priority")
def list_entities(
    context: typer.Context,
    schema_name: Annotated[str | None, typer.Option("--type", "-t", help="Only items of this type.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", "-w", help="status=pending, 'priority in high,critical', 'due_date<2026-12-01'."),
    ] = None,
    filter_text: Annotated[
        str | None, typer.Option("--filter", help="A filter as JSON, as query_entities has it.")
    ] = None,
    search: Annotated[str | None, typer.Option("--search", "-s", help='Words, "a phrase", -without.')] = None,
    meaning: Annotated[str | None, typer.Option(help="Nearest in meaning to this text first.")] = None,
    sort: Annotated[list[str] | None, typer.Option(help="A field; -field: largest first. May be repeated.")] = None,
    fields: Annotated[str | None, typer.Option(help="Only these fields: status,owner.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="At most so many.", min=1, max=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, typer.Option(help="Go on where the last page ended.")] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """List items by fields, words or meaning; the newest change first."""
    shell = shell_of(context)
    named = tuple(each.strip() for each in fields.split(",")) if fields else None

    async def use(workflow: Any, name: str) -> QueryResult:
        query = Query(
            schema_name=schema_name,
            filters=_filters(where or [], filter_text),
            search=search,
            meaning=meaning,
            sort=tuple(sort) if sort else None,
            fields=named,
            limit=limit,
            cursor=cursor,
            count=True,
        )
        return await workflow.queries.query(name, query)

    result = run(context, project, use)
    if json:
        shell.print_json(result)
    else:
        _print(shell, result, ("key", *named) if named else _SUMMARY)


@indexes.command("index", epilog="Example: moorage workflow types index")
def build_indexes(context: typer.Context, project: Project = None, json: Json = False) -> None:
    """Build the indexes that types declare, and drop those that none does; writers go on meanwhile."""
    shell = shell_of(context)

    async def use(workflow: Any, name: str) -> IndexReport:
        return await workflow.indexes.build(name)

    report = run(context, project, use)
    if json:
        shell.print_json(report)
    else:
        _print_report(shell, report)
    if report.failed:
        raise typer.Exit(EXIT_FAILED)


def _print_report(shell: Shell, report: IndexReport) -> None:
    rows = [(label, "built") for label in report.built] + [(name, "dropped") for name in report.dropped]
    rows += [(label, error) for label, error in report.failed.items()]
    shell.print_table(f"Indexes of {report.project_name}", ("index", "outcome"), rows or [("all", "as declared")])


def _filters(where: Sequence[str], filter_text: str | None) -> dict[str, Any]:
    given = parse_where(where)
    if filter_text is None:
        return given
    filters = parse_json(filter_text, what="--filter")
    if not isinstance(filters, dict):
        raise InvalidFilter("--filter: not an object", hint='Write \'{"status": "pending"}\'.')
    return {"and": [filters, given]} if given else filters


def _print(shell: Shell, result: QueryResult, columns: Sequence[str]) -> None:
    rows = [[_shown(each.get(name)) for name in columns] for each in result.entities]
    shell.print_table(_title(result), columns, rows)
    for note in result.notes:
        shell.errors.print(note, markup=False, highlight=False)
    if result.next_cursor:
        shell.errors.print(f"More: --cursor {result.next_cursor}", markup=False, highlight=False, soft_wrap=True)


def _title(result: QueryResult) -> str:
    total = f"{'at least ' if result.total_is_at_least else ''}{result.total}"
    return f"{len(result.entities)} of {total} in {result.project_name}"


def _shown(value: Any) -> str:
    """Return a value on one line, without what a terminal would obey."""
    text = "" if value is None else value if isinstance(value, str) else str(value)
    return "".join(letter if letter.isprintable() else " " for letter in text)
