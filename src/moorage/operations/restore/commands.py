"""Restoring on the command line: `moorage restore`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.filesize import decimal
from rich.text import Text

from moorage.core.shell import EXIT_FAILED, Json, Services, Shell, shell_of
from moorage.operations.backup.listing import find_backup
from moorage.operations.restore.models import Request, RestoredProject, RestoreReport
from moorage.operations.restore.restoring import plan_of_restore, restore_backup

commands = typer.Typer()


@commands.command(
    "restore",
    epilog="Examples: moorage restore --project website --as website_then;"
    " moorage restore --project website --replace --dry-run",
)
def restore(
    context: typer.Context,
    backup: Annotated[str | None, typer.Argument(help="A backup; default the newest whole one.")] = None,
    project: Annotated[list[str] | None, typer.Option("--project", "-p", help="Only this one; repeatable.")] = None,
    new_name: Annotated[str | None, typer.Option("--as", help="Under this name, beside the one it was.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="In the place of the project there is.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace it also while somebody works in it.")] = False,
    server: Annotated[str | None, typer.Option(help="Server to place them on; default where they were.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, max=32, help="Databases at once; default as set.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before replacing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check and tell what would be done.")] = False,
    json: Json = False,
) -> None:
    """Restore a backup, or projects of it: each built beside what is there, checked, and put in its place whole."""
    shell = shell_of(context)
    settings = shell.guarded(shell.settings)
    folder = shell.guarded(lambda: find_backup(backup, settings.backup.folder_in(settings.home)))
    request = Request(tuple(project or ()), new_name, replace=replace, force=force, server=server)

    async def plan(services: Services) -> RestoreReport:
        return await plan_of_restore(services["projects"].connections, folder, request, settings=settings.backup)

    async def act(services: Services) -> RestoreReport:
        with shell.progress("restoring") as count:
            return await restore_backup(
                services["projects"].connections,
                folder,
                request,
                settings=settings.backup,
                jobs=jobs or settings.backup.jobs,
                on_project=count,
            )

    if replace and not yes and not dry_run:
        _ask(shell.run(("projects",), plan))
    report = shell.run(("projects",), plan if dry_run else act)
    if json:
        shell.print_json(report)
    else:
        _print_report(shell, report)
    if report.failed:
        raise typer.Exit(EXIT_FAILED)


def _ask(plan: RestoreReport) -> None:
    """Ask whether the projects that are there shall go; what they hold now is lost then."""
    doomed = [each.name for each in plan.projects if each.outcome == "to replace"]
    if doomed:
        typer.confirm(f"Replace {', '.join(doomed)}? What is in them now will be gone", abort=True, err=True)


def _print_report(shell: Shell, report: RestoreReport) -> None:
    columns = ("project", "outcome", "state", "server", "dump", "rows", "seconds")
    shell.print_table(f"From {report.backup}", columns, [_row(each) for each in report.projects])
    if report.tokens is not None:
        text = f"and {report.tokens} tokens, {report.tombstones} tombstones of deleted projects"
        shell.console.print(text, highlight=False)
    for line in _remarks(report):
        shell.errors.print(Text(line, style="yellow"), soft_wrap=True)
    for each in report.projects:
        if each.error is not None:
            text = f"{each.name}: {each.error['code']}: {each.error['message']}\n{each.error['hint']}"
            shell.errors.print(Text(text, style="red"), soft_wrap=True)


def _remarks(report: RestoreReport) -> Iterator[str]:
    for each in report.projects:
        yield from (f"{each.name}: {note}" for note in each.notes)
    if report.kept:
        yield f"restored already, before an interruption: {', '.join(report.kept)}"
    for absent in report.absent:
        yield f"not in the backup: {absent.name} ({absent.reason})"


def _row(project: RestoredProject) -> tuple[str, ...]:
    name = project.name if project.name == project.source else f"{project.name} (was {project.source})"
    state = project.state.value if project.error is None else ""
    return (
        name,
        project.outcome,
        state,
        project.server,
        decimal(project.bytes),
        str(project.rows),
        f"{project.seconds:.1f}",
    )
