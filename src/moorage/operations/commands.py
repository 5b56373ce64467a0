"""Upgrading and moving projects on the command line: `moorage migrate`, `moorage project move`."""

from __future__ import annotations

from typing import Annotated

import typer

from moorage.core.shell import EXIT_FAILED, Services, Shell, shell_of
from moorage.projects.migrating import AT_ONCE, MigrationReport, migrate_all

commands = typer.Typer()

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


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
            return await migrate_all(
                services["projects"], dry_run=dry_run, at_once=jobs, on_project=lambda _project, total: count(total)
            )

    report = shell.run(("projects",), use)
    if json:
        shell.print_json(report)
    else:
        _print_migrations(shell, report)
    if report.failed:
        raise typer.Exit(EXIT_FAILED)


def _print_migrations(shell: Shell, report: MigrationReport) -> None:
    """Print the projects that are not simply current, and how many of each kind there are."""
    rows = [(each.project_name, each.outcome, each.detail) for each in report.projects if each.outcome != "current"]
    if rows:
        shell.print_table("Migrations", ("project", "outcome", "detail"), rows)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in report.counts.items())
    shell.console.print(counts or "no projects", highlight=False)
