"""Making a role that only reads, from the shell: `moorage db grant-readonly`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moorage.core.errors import InvalidInput
from moorage.core.shell import shell_of
from moorage.databases.roles.granting import ReadingRole, grant_readonly_script, reading_role, run_readonly_script
from moorage.databases.service import DatabasesService
from moorage.databases.shell.options import DatabaseId, run
from moorage.databases.sources.urls import InvalidUrl, known_fields_of

commands = typer.Typer()


@commands.command("grant-readonly", epilog="Example: moorage db grant-readonly project:website --role website_reader")
def grant_readonly(
    context: typer.Context,
    database: DatabaseId,
    role: Annotated[str | None, typer.Option(help="Its name; default: the database's with _reader behind it.")] = None,
    schemas: Annotated[list[str] | None, typer.Option("--schema", help="What it reads; default: all.")] = None,
    statistics: Annotated[bool, typer.Option("--statistics", help="It sees what other roles run.")] = False,
    close_public: Annotated[
        bool, typer.Option("--close-public", help="Take from every role what no reader needs.")
    ] = False,
    password_file: Annotated[Path | None, typer.Option(help="A file with the role's password.")] = None,
    run_as: Annotated[
        str | None, typer.Option(help="Run it: URL of an administrator; password by PGPASSWORD or ~/.pgpass.")
    ] = None,
) -> None:
    """Print a script for psql that makes a role which reads a database and nothing else; safe to repeat."""
    shell = shell_of(context)
    password = shell.guarded(lambda: _password_in(password_file))
    shell.guarded(lambda: _refuse_unreadable(run_as))

    async def use(service: DatabasesService) -> ReadingRole:
        wanted = reading_role(await service.catalog.find(database), role)
        changes = {"sees_statistics": statistics, "closes_public": close_public}
        wanted = wanted.model_copy(update=changes | ({"schemas": tuple(schemas)} if schemas else {}))
        if run_as is not None:
            await run_readonly_script(run_as, wanted, password=password)
        return wanted

    wanted = run(context, [database], use)
    if run_as is None:
        typer.echo(shell.guarded(lambda: grant_readonly_script(wanted, password=password)))
    else:
        shell.console.print(f"{wanted.role} reads {wanted.database} and does nothing else", highlight=False)


def _refuse_unreadable(url: str | None) -> None:
    try:
        known_fields_of(url or "postgresql://")
    except InvalidUrl as error:
        raise InvalidInput(f"--run-as: {error}", hint="Write postgresql://administrator@host:port.") from None


def _password_in(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n") or None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"--password-file {file} cannot be read: {error}", hint="Name a file of text.") from None
