"""What commands about databases share: options, and opening as little as they need."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer

from moorage.core.errors import MoorageError
from moorage.core.shell import EXIT_FAILED, Services, Shell, shell_of
from moorage.databases.definitions import ALL, PROJECT_PREFIX, TAG_PREFIX
from moorage.databases.service import DatabasesService

Result = TypeVar("Result")

DatabaseId = Annotated[str, typer.Argument(help="Its id, as `moorage db list` has it.", metavar="ID")]
Database = Annotated[
    str | None, typer.Option("--database", "-d", help="Its id; default: the default database.", metavar="ID")
]
Databases = Annotated[list[str] | None, typer.Argument(help="Their ids; default: the default database.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Those with this tag.", metavar="TAG")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--param", "-v", help="The value of $1, then of $2 and so on; \\N is NULL.", metavar="VALUE"),
]

HOUSE, ALONE = ("projects", "databases"), ("databases",)
NULL_PARAMETER = "\\N"
"""As COPY reads it: https://www.postgresql.org/docs/current/sql-copy.html"""


def run(context: typer.Context, names: Sequence[str], use: Callable[[DatabasesService], Awaitable[Result]]) -> Result:
    """Open what asking these databases needs, hand the service to `use`, and return what it returns.

    Args:
        names: ids, `tag:NAME` or `*`; none is the default database.
    """
    shell = shell_of(context)

    async def opened(services: Services) -> Result:
        return await use(services["databases"])

    return shell.run(systems_for(shell, names), opened)


def systems_for(shell: Shell, names: Sequence[str]) -> Sequence[str]:
    """Return what is to be opened: the whole house, with its PostgreSQL, only where a project may be meant."""
    settings = shell.guarded(shell.settings)
    if settings.sql.audit.to == "postgres":
        return HOUSE
    if not settings.sql.include_projects:
        return ALONE
    several = {ALL, *(f"{TAG_PREFIX}{tag}" for tag in settings.sql.project_policy.tags)}
    wanted = names or [settings.default_database or ""]
    return HOUSE if any(name in several or name.startswith(PROJECT_PREFIX) for name in wanted) else ALONE


def named(ids: Sequence[str] | None, tags: Sequence[str] | None, *, all_of_them: bool = False) -> list[str]:
    """Return arguments and options as the services take names of databases."""
    everything = [ALL] if all_of_them else []
    return [*(ids or ()), *(f"{TAG_PREFIX}{tag}" for tag in tags or ()), *everything]


def values_of(parameters: Sequence[str] | None) -> list[Any]:
    """Return the values of parameters; PostgreSQL reads the text of each as what the statement needs."""
    return [None if each == NULL_PARAMETER else each for each in parameters or ()]


def print_failures(shell: Shell, failures: Sequence[tuple[str, MoorageError | None]]) -> None:
    """Print on stderr which databases failed, and end the program as failed if any did."""
    for name, error in failures:
        if error is not None:
            shell.errors.print(f"{name}: ", end="", style="bold", markup=False, highlight=False)
            shell.print_error(error)
    if failures:
        raise typer.Exit(EXIT_FAILED)
