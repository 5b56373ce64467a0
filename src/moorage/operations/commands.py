"""Upgrading and moving projects on the command line: `moorage migrate`, `moorage project move`."""

from __future__ import annotations

from typing import Annotated

import typer

from moorage.core.shell import EXIT_FAILED, Json, Services, Shell, shell_of
from moorage.operations.moving import MovedProject, move_project
from moorage.projects.commands import commands as project_commands
from moorage.projects.migrating import AT_ONCE, MigrationReport, migrate_all

commands = typer.Typer()
commands.add_typer(project_commands)


@commands.command("migrate", epilog="Examples: moorage migrate --dry-run; moorage migrate --jobs 16 --json")
def migrate(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell which projects would move.")] = False,
    jobs: Annotated[int, typer.Option(min=1, max=100, help="How many databases at once.")] = AT_ONCE,
    json: Json = False,
) -> None:
    """Upgrade the tables of every project, several at a time; safe to repeat and to interrupt."""
    shell = shell_of(context)

    async def use(services: Services) -> MigrationReport:
        with shell.progress("migrating") as count:
            return await migrate_all(services["projects"], dry_run=dry_run, at_once=jobs, on_project=count)

    report = shell.run(("projects",), use)
    if json:
        shell.print_json(report)
    else:
        _print_migrations(shell, report)
    if report.failed:
        raise typer.Exit(EXIT_FAILED)


@project_commands.command("move", epilog="Example: moorage project move website --to archive")
def move(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The project.")],
    to: Annotated[str, typer.Option(help="The server's name under postgres.servers, or main.")],
    force: Annotated[bool, typer.Option("--force", help="Also while somebody works in it.")] = False,
    jobs: Annotated[int, typer.Option(min=1, max=32, help="How many tables are restored at once.")] = 1,
    json: Json = False,
) -> None:
    """Move a project to another PostgreSQL server; it is read-only meanwhile, and compared before it is switched."""
    shell = shell_of(context)

    programs = shell.guarded(shell.settings).backup.programs

    async def use(services: Services) -> MovedProject:
        with shell.errors.status(f"moving {name} to {to}"):
            return await move_project(
                services["projects"].connections, name, to=to, force=force, jobs=jobs, programs_folder=programs
            )

    moved = shell.run(("projects",), use)
    if json:
        shell.print_json(moved)
    else:
        shell.console.print(_told(moved), highlight=False)


def _told(moved: MovedProject) -> str:
    if not moved.moved:
        return f"{moved.project_name} is on {moved.to_server} already"
    old = "" if moved.old_database == "dropped" else f"; its old database is still on {moved.from_server}"
    return f"{moved.project_name} is on {moved.to_server} now: {moved.rows} rows compared{old}"


def _print_migrations(shell: Shell, report: MigrationReport) -> None:
    """Print the projects that are not simply current, and how many of each kind there are."""
    rows = [(each.project_name, each.outcome, each.detail) for each in report.projects if each.outcome != "current"]
    if rows:
        shell.print_table("Migrations", ("project", "outcome", "detail"), rows)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in report.counts.items())
    shell.console.print(counts or "no projects", highlight=False)
