"""The command line: settings are read here, once, and handed down; each system brings its own commands."""

from __future__ import annotations

import asyncio
import os
from collections import UserDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.text import Text
from typer.core import TyperGroup
from typer.main import get_group

import moorage
from moorage.core.postgres.embedded import EmbeddedServer
from moorage.core.shape import Opened
from moorage.core.shell import Json, Shell, shell_of
from moorage.core.telemetry.logs import configure_logging
from moorage.core.telemetry.statements import log_statements_slower_than
from moorage.core.telemetry.traces import configure_tracing
from moorage.settings import Settings, load_settings, setting_rows
from moorage.systems import open_databases_alone, open_house

COMMANDS: Mapping[str, str] = {
    **dict.fromkeys(("project", "migrate"), "moorage.operations.commands"),
    **dict.fromkeys(("index", "search", "chunks", "outline", "repo"), "moorage.codebase.commands"),
    "workflow": "moorage.workflow.commands",
    "db": "moorage.databases.commands",
    **dict.fromkeys(("backup", "verify", "backups"), "moorage.operations.backup.commands"),
    "restore": "moorage.operations.restore.commands",
    "doctor": "moorage.operations.doctor.commands",
    "token": "moorage.access.commands",
}
"""Where the commands of systems are: each is imported when it is called, so that no command waits for the others."""


class _Commands(UserDict[str, Any]):
    """Commands by name; those of systems, given by their modules, are imported when they are asked for."""

    def __getitem__(self, key: str) -> Any:
        found = super().__getitem__(key)
        if isinstance(found, str):
            group = get_group(import_module(found).commands)
            self[key] = found = group if group.name == key else group.commands[key]
        return found


class _Program(TyperGroup):
    """The commands of this module, and those in the table."""

    def __init__(self, *, commands: Mapping[str, Any], **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Commands({**commands, **COMMANDS})


app = typer.Typer(
    cls=_Program,
    name="moorage",
    help="One PostgreSQL under an AI coding agent: code search, work items and SQL over MCP.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Project = Annotated[str | None, typer.Option("--project", "-p", help="The project that is served.")]
Host = Annotated[str | None, typer.Option(help="Address to listen at; others than loopback only with tokens.")]
Port = Annotated[int | None, typer.Option(help="Port; 0 takes any free one.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"moorage {moorage.__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    home: Annotated[Path | None, typer.Option(help="Folder of Moorage's data.", show_default=False)] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Read what is set before any command runs."""
    flags: dict[str, Any] = {"home": home} if home else {}
    if log_level:
        flags["logging"] = {"level": log_level}
    context.obj = Shell(
        lambda systems: _open_systems(flags, systems), settings=lambda: _settings(context, {}, quiet=True)
    )
    context.meta["flags"] = flags


@app.command(epilog="Example: moorage up ~/src/website --search 'where are sessions stored'")
def up(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="The folder to index and serve.")] = Path(),
    project: Project = None,
    host: Host = None,
    port: Port = None,
    search: Annotated[str | None, typer.Option(help="Ask this once the folder is indexed.")] = None,
    watch: Annotated[bool, typer.Option(help="Index files again as they change.")] = True,
) -> None:
    """Start everything: PostgreSQL, a project for the folder, its index, and the server; until stopped."""
    from moorage.starting import serve_folder

    shell = shell_of(context)
    server = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    flags = {"project": project, "server": server, "codebase": {"watch": watch}}
    settings = shell.guarded(lambda: _settings(context, flags, quiet=True))
    folder = path.expanduser().resolve()
    shell.guarded(lambda: asyncio.run(serve_folder(settings, folder, shell, question=search, any_port=port is None)))


@app.command("serve", epilog="Examples: moorage serve --transport stdio; moorage serve codebase --port 8001")
def serve_command(
    context: typer.Context,
    systems: Annotated[list[str] | None, typer.Argument(help="Which systems; default all.")] = None,
    transport: Annotated[Literal["http", "stdio", "sse"], typer.Option(help="How clients connect.")] = "http",
    project: Project = None,
    host: Host = None,
    port: Port = None,
    watch: Annotated[bool, typer.Option(help="Index the project's files again as they change.")] = False,
) -> None:
    """Serve MCP: streamable HTTP, beyond loopback only with tokens, or one client on standard input and output."""
    from moorage import serving

    shell = shell_of(context)
    server = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    if transport == "sse":
        server["sse"] = True
    flags = {"project": project, "server": server, "codebase": {"watch": True} if watch else {}}
    settings = shell.guarded(lambda: _settings(context, flags))
    serve = serving.serve_over_stdio if transport == "stdio" else serving.serve_over_http
    shell.guarded(lambda: asyncio.run(serve(settings, systems or ())))


@app.command(epilog="Example: moorage down")
def down(
    context: typer.Context,
    force: Annotated[bool, typer.Option("--force", help="Also while processes use it.")] = False,
) -> None:
    """Stop the embedded PostgreSQL, which otherwise ends with the last process that uses it."""
    shell = shell_of(context)
    settings = shell.guarded(lambda: _settings(context, {}))
    server = EmbeddedServer(settings.home)
    pid = server.pid()
    if pid is None:
        shell.console.print("the embedded PostgreSQL is not running")
    elif force:
        shell.guarded(server.stop)
        shell.console.print("stopped")
    elif shell.guarded(server.stop_unless_used):
        shell.console.print("stopped")
    else:
        shell.errors.print("other processes use it; end them first, or use --force", style="yellow")
        raise typer.Exit(1)


@app.command(epilog="Example: moorage install claude-code --write")
def install(
    context: typer.Context,
    client: Annotated[Literal["claude-code", "codex", "cursor", "vscode"], typer.Argument(help="Which client.")],
    project: Project = None,
    url: Annotated[str | None, typer.Option(help="Of a running server; default stdio.")] = None,
    token_variable: Annotated[
        str | None,
        typer.Option(help="Environment variable with the token; default MOORAGE_TOKEN for a server elsewhere."),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the entry instead of printing it.")] = False,
) -> None:
    """Print, or write, the entry that connects a client to Moorage."""
    from moorage.installing import entry_for, token_variable_for

    shell = shell_of(context)
    settings = shell.guarded(lambda: _settings(context, {}))
    home = settings.home.absolute() if "home" in settings.model_fields_set else None
    variable = token_variable_for(url) if token_variable is None else token_variable
    entry = entry_for(client, project=project, url=url, home=home, token_variable=variable)
    if write:
        shell.guarded(entry.write)
        shell.console.print(f"written to {entry.file}", highlight=False)
    else:
        shell.console.print(Text(entry.text), soft_wrap=True)


@app.command("settings", epilog="Example: moorage settings --json")
def settings_command(context: typer.Context, json: Json = False) -> None:
    """Show every setting with its value and meaning; secrets are never printed."""
    shell = shell_of(context)
    settings = shell.guarded(lambda: _settings(context, {}))
    if json:
        shell.print_json(settings)
        return
    rows = [(row.name, row.value, ", ".join(row.variables), row.description) for row in setting_rows(settings)]
    shell.print_table("Settings", ("setting", "value", "environment variable", "meaning"), rows)


@asynccontextmanager
async def _open_systems(flags: dict[str, Any], systems: Sequence[str]) -> AsyncGenerator[dict[str, Opened]]:
    """Open systems for one command: quiet, and without watching files.

    Databases that are named without the ground floor are opened without it, which spares starting PostgreSQL.
    """
    settings = load_settings(flags)
    _configure(settings, quiet=True)
    if tuple(systems) == ("databases",):
        async with open_databases_alone(settings) as opened:
            yield {"databases": opened}
        return
    async with open_house(settings, systems, folder=Path.cwd()) as house:
        yield dict(house.opened)


def _settings(context: typer.Context, flags: dict[str, Any], *, quiet: bool = False) -> Settings:
    """Read the settings under a command's own flags."""
    given = {name: value for name, value in flags.items() if value not in (None, {})}
    settings = load_settings({**context.meta["flags"], **given})
    _configure(settings, quiet=quiet)
    return settings


def _configure(settings: Settings, *, quiet: bool = False) -> None:
    """Set up logging and tracing; a command for people logs warnings only, unless told otherwise."""
    is_default = "level" not in settings.logging.model_fields_set
    level = "warning" if quiet and is_default else settings.logging.level
    configure_logging(level=level.upper(), log_format=settings.logging.format)
    log_statements_slower_than(settings.logging.slow_statement_ms / 1000)
    configure_tracing(os.environ, version=moorage.__version__)
