"""The tokens on the command line: `moorage token ...`."""

from __future__ import annotations

from typing import Annotated

import typer

from moorage.access.models import Token
from moorage.access.service import TokenService
from moorage.core.access import Scope
from moorage.core.shell import Services, shell_of

commands = typer.Typer(name="token", help="Create, list and revoke tokens for HTTP.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Name = Annotated[str, typer.Argument(help="Who or what uses it; stands in rows and logs.")]
_SYSTEMS = ("projects",)


@commands.command("create", epilog="Example: moorage token create ada --scope write --expires 30d")
def create(
    context: typer.Context,
    name: Name,
    scope: Annotated[Scope, typer.Option(help="What it may do; each includes those before it.")],
    project: Annotated[
        list[str] | None, typer.Option("--project", "-p", help="Good for this project only; may be repeated.")
    ] = None,
    database: Annotated[
        list[str] | None,
        typer.Option("--database", "-d", help="Good for this database, or tag:NAME, with =write; may be repeated."),
    ] = None,
    expires: Annotated[str | None, typer.Option(help="Good for this long: 12h, 30d, 4w; default for ever.")] = None,
    calls_per_minute: Annotated[int | None, typer.Option(help="Most calls in a minute.")] = None,
    json: Json = False,
) -> None:
    """Make a token and print it, once: only its hash is kept."""
    shell = shell_of(context)

    async def use(services: Services):
        return await _tokens(services).create(
            name,
            scope=scope,
            projects=project or None,
            databases=database or None,
            expires=expires,
            calls_per_minute=calls_per_minute,
        )

    token = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(token)
        return
    typer.echo(token.secret)
    shell.errors.print(f"Keep it now: it is not shown again. Good for: {_summary(token)}.", highlight=False)


@commands.command("list", epilog="Example: moorage token list --json")
def list_tokens(context: typer.Context, json: Json = False) -> None:
    """List the tokens, without their secrets."""
    shell = shell_of(context)

    async def use(services: Services):
        return await _tokens(services).list()

    tokens = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(tokens)
        return
    columns = ("name", "state", "scope", "projects", "databases", "calls/min", "expires", "last used", "created by")
    shell.print_table("Tokens", columns, [_row(each) for each in tokens])


@commands.command("revoke", epilog="Example: moorage token revoke ada")
def revoke(context: typer.Context, name: Name, json: Json = False) -> None:
    """Make a token good for nothing, for ever; servers that run notice within seconds."""
    shell = shell_of(context)

    async def use(services: Services):
        return await _tokens(services).revoke(name)

    token = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(token)
    else:
        shell.console.print(f"{token.name} is revoked", highlight=False)


def _tokens(services: Services) -> TokenService:
    return TokenService(services["projects"].connections)


def _summary(token: Token) -> str:
    projects = "all projects" if token.projects is None else ", ".join(token.projects)
    databases = f"databases: {_databases(token)}"
    until = "for ever" if token.expires_at is None else f"until {token.expires_at:%Y-%m-%d %H:%M} UTC"
    return f"{token.scope.value}, {projects}, {databases}, {until}"


def _databases(token: Token) -> str:
    if token.databases is not None:
        return ", ".join(token.databases)
    return "all" if token.projects is None else "those of the projects"


def _row(token: Token) -> tuple[object, ...]:
    projects = "all" if token.projects is None else ", ".join(token.projects)
    expires = token.expires_at and f"{token.expires_at:%Y-%m-%d %H:%M}"
    used = token.last_used_at and f"{token.last_used_at:%Y-%m-%d %H:%M}"
    rate = token.calls_per_minute
    databases = _databases(token)
    return token.name, token.state, token.scope.value, projects, databases, rate, expires, used, token.created_by
