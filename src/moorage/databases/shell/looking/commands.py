"""Looking into databases from the shell: `moorage db search`, `schema`, `compare`."""

from __future__ import annotations

from typing import Annotated

import typer

from moorage.core.shell import Shell, harmless, shell_of
from moorage.databases.exploring.listing import Detail
from moorage.databases.exploring.patterns import read_kinds, read_pattern
from moorage.databases.exploring.service import Search
from moorage.databases.service import DatabasesService
from moorage.databases.shell.options import Database, Tags, named, run

commands = typer.Typer()

Schema = Annotated[str | None, typer.Option("--schema", "-s", help="Only in this schema.")]


@commands.command("search", epilog="Example: moorage db search 'file*' -d project:website --detail columns")
def search(
    context: typer.Context,
    pattern: Annotated[str, typer.Argument(help="Part of a name, or with * for anything.")] = "*",
    databases: Annotated[list[str] | None, typer.Option("--database", "-d", help="An id, or * for all.")] = None,
    tags: Tags = None,
    kinds: Annotated[list[str] | None, typer.Option("--kind", help="table, view, column, index, ...")] = None,
    schema: Schema = None,
    detail: Annotated[Detail, typer.Option(help="How much of each.")] = Detail.NAMES,
    offset: Annotated[int, typer.Option(help="Skip so many.", min=0)] = 0,
) -> None:
    """Find tables, columns, functions and so on by name."""
    names = named(databases, tags)

    async def use(service: DatabasesService) -> str:
        wanted = Search(read_pattern(pattern), read_kinds(",".join(kinds or ())), schema, detail, offset=offset)
        return await service.exploring.search_objects(names, wanted)

    print_text(shell_of(context), run(context, names, use))


@commands.command("schema", epilog="Example: moorage db schema codebase.files -d project:website")
def schema(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help="Name, or schema.name.")],
    database: Database = None,
    schema_name: Schema = None,
) -> None:
    """Show a table, view or sequence as SQL, with keys, indexes, comments, rows and size."""

    async def use(service: DatabasesService) -> str:
        return await service.exploring.get_table_schema(database, table, schema_name)

    print_text(shell_of(context), run(context, [database] if database else [], use))


@commands.command("compare", epilog="Example: moorage db compare project:website project:website_next")
def compare(
    context: typer.Context,
    left: Annotated[str, typer.Argument(help="The id of one database.")],
    right: Annotated[str, typer.Argument(help="The id of the other.")],
    schema_name: Schema = None,
) -> None:
    """Compare what two databases are made of: - only in the left, + only in the right, ~ not the same."""

    async def use(service: DatabasesService) -> str:
        return await service.comparison.compare(left, right, schema_name)

    print_text(shell_of(context), run(context, [left, right], use))


def print_text(shell: Shell, text: str) -> None:
    """Print text that holds what a database says."""
    shell.console.print(harmless(text.expandtabs()), markup=False, highlight=False, soft_wrap=True)
