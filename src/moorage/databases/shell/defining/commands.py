"""Which databases there are, and changing that, from the shell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from moorage.core.shell import EXIT_FAILED, Json, Shell, shell_of
from moorage.databases.definitions import ALL, TAG_PREFIX, Database, StatementKind
from moorage.databases.managing.listing import matching
from moorage.databases.managing.trying import FailedTrial, Trial
from moorage.databases.service import DatabasesService
from moorage.databases.shell.defining.checking import try_all
from moorage.databases.shell.defining.fields import assigned_fields, given_fields, password_fields
from moorage.databases.shell.defining.printing import (
    listed,
    print_list,
    print_shown,
    print_trial,
    shown,
    state_of,
)
from moorage.databases.shell.options import DatabaseId, Tags, run

commands = typer.Typer()

Url = Annotated[str | None, typer.Option(help="postgresql://user@host:port/database, without a password.")]
PasswordVariable = Annotated[str | None, typer.Option(help="Environment variable with the password.", metavar="NAME")]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", help="Any other field: limits.rows=500.", metavar="FIELD=VALUE")
]


@commands.command("list", epilog="Example: moorage db list --check")
def list_databases(
    context: typer.Context,
    search: Annotated[str, typer.Option(help="Words in id, tags and description.")] = "",
    tags: Tags = None,
    check: Annotated[bool, typer.Option("--check", help="Connect to each; ends with 1 if one is down.")] = False,
    json: Json = False,
) -> None:
    """List databases: what may be done in each, and what it is for; the default one has a star."""
    shell = shell_of(context)
    words = " ".join([search, *(f"{TAG_PREFIX}{each}" for each in tags or ())])

    async def use(service: DatabasesService) -> tuple[Sequence[Database], str | None, dict[str, Trial | FailedTrial]]:
        found = matching(await service.catalog.all(), words)
        return found, service.catalog.default, await try_all(shell, service, found) if check else {}

    found, default, trials = run(context, [ALL], use)
    rows = listed(found, default, {name: state_of(each) for name, each in trials.items()})
    if json:
        shell.print_json(rows)
    else:
        print_list(shell, rows)
    _fail_if(isinstance(each, FailedTrial) for each in trials.values())


@commands.command("show", epilog="Example: moorage db show project:website")
def show(context: typer.Context, database: DatabaseId, json: Json = False) -> None:
    """Show how a database is described, without secrets, what its server is, and what our role could do there."""
    shell = shell_of(context)

    async def use(service: DatabasesService):
        return shown(await service.catalog.find(database), await service.managing.test(database))

    found = run(context, [database], use)
    if json:
        shell.print_json(found)
    else:
        print_shown(shell, found)


@commands.command("test", epilog="Example: moorage db test project:website")
def try_database(
    context: typer.Context,
    database: Annotated[str | None, typer.Argument(help="Its id; default: the default database.", metavar="ID")] = None,
    url: Url = None,
    password_file: Annotated[Path | None, typer.Option(help="With --url: a file with the password.")] = None,
    json: Json = False,
) -> None:
    """Connect to a database, configured or not: version, times, TLS, extensions, what our role could do; or why not."""
    shell = shell_of(context)
    fields = shell.guarded(lambda: given_fields({"url": url, "password_file": password_file}))

    async def use(service: DatabasesService) -> Trial | FailedTrial:
        return await service.managing.test(database, fields or None)

    named = database or ("candidate" if url else None)
    trial = run(context, [named] if named else [], use)
    if json:
        shell.print_json(trial)
    else:
        print_trial(shell, trial)
    _fail_if([isinstance(trial, FailedTrial)])


@commands.command(
    "add",
    epilog="Example: moorage db add shop --url postgresql://reader@db.example.com/shop --password-file shop.secret",
)
def add(
    context: typer.Context,
    database: DatabaseId,
    url: Url = None,
    hostname: Annotated[str | None, typer.Option("--host", help="Of its server.")] = None,
    port: Annotated[int | None, typer.Option(help="Of its server.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="The database's name on the server.")] = None,
    username: Annotated[str | None, typer.Option("--user", help="Who logs in.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="A file with nothing but the password.")] = None,
    password_variable: PasswordVariable = None,
    ask_password: Annotated[bool, typer.Option("--ask-password", help="Type it; it is kept in the file.")] = False,
    sslmode: Annotated[str | None, typer.Option(help="disable, prefer, require, verify-full, ...")] = None,
    sslrootcert: Annotated[Path | None, typer.Option(help="File of the authorities to trust.")] = None,
    resource_arn: Annotated[str | None, typer.Option(help="An Aurora cluster, by the RDS Data API.")] = None,
    secret_arn: Annotated[str | None, typer.Option(help="Login in AWS Secrets Manager.")] = None,
    region: Annotated[str | None, typer.Option(help="Of AWS.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is for; agents choose by it.")] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", help="May be repeated.")] = None,
    role: Annotated[str | None, typer.Option(help="The role that statements run as.")] = None,
    writes: Annotated[list[StatementKind] | None, typer.Option("--write", help="A kind that may write.")] = None,
    others: Assignments = None,
) -> None:
    """Describe a further database in the configuration; it can be used at once."""
    given = {
        "type": "rds_data_api" if resource_arn else None, "url": url, "hostname": hostname, "port": port,
        "database": name, "username": username, "password_file": password_file, "sslmode": sslmode,
        "sslrootcert": sslrootcert, "resource_arn": resource_arn, "secret_arn": secret_arn, "region": region,
        "description": description, "tags": tags, "role": role,
        "readonly": False if writes else None, "writes": [each.value for each in writes or ()],
    }  # fmt: skip
    shell = shell_of(context)
    password = shell.guarded(lambda: password_fields(variable=password_variable, ask=ask_password))
    fields = shell.guarded(lambda: {**given_fields(given), **password, **assigned_fields(others or [])})

    async def use(service: DatabasesService) -> None:
        await service.managing.add(database, fields)

    run(context, [database], use)
    _say_where(shell, database, "added to")
    shell.console.print(f"Try it: moorage db test {database}", highlight=False)


@commands.command("change", epilog="Example: moorage db change shop --set limits.rows=500 --unset role")
def change(
    context: typer.Context,
    database: DatabaseId,
    assignments: Assignments = None,
    unset: Annotated[list[str] | None, typer.Option("--unset", help="A field to take away.", metavar="FIELD")] = None,
    password_file: Annotated[Path | None, typer.Option(help="A file with nothing but the password.")] = None,
    password_variable: PasswordVariable = None,
    ask_password: Annotated[bool, typer.Option("--ask-password", help="Type it; it is kept in the file.")] = False,
) -> None:
    """Set fields of a database, or take them away; the others stay."""
    shell = shell_of(context)
    password = shell.guarded(lambda: password_fields(variable=password_variable, ask=ask_password))
    changes = shell.guarded(
        lambda: {**given_fields({"password_file": password_file}), **assigned_fields(assignments or [], unset or [])}
    )

    async def use(service: DatabasesService) -> None:
        await service.managing.change(database, {**changes, **password})

    run(context, [database], use)
    _say_where(shell, database, "changed in")


@commands.command("remove", epilog="Example: moorage db remove shop --yes")
def remove(
    context: typer.Context,
    database: DatabaseId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a database out of the configuration; in the database itself nothing is touched."""
    if not yes:
        typer.confirm(f"Forget {database}? In the database itself nothing is touched", abort=True, err=True)

    async def use(service: DatabasesService) -> None:
        await service.managing.remove(database)

    run(context, [database], use)
    _say_where(shell_of(context), database, "removed from")


def _say_where(shell: Shell, database: str, done: Literal["added to", "changed in", "removed from"]) -> None:
    settings: Any = shell.guarded(shell.settings)
    file = settings.of_system("databases").file
    shell.console.print(f"{database} {done} {file}", highlight=False, markup=False, soft_wrap=True)


def _fail_if(failed: Any) -> None:
    if any(failed):
        raise typer.Exit(EXIT_FAILED)
