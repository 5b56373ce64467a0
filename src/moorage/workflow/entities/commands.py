"""Keeping the tables of work items small: `moorage workflow purge`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from moorage.core.shell import Json, shell_of
from moorage.workflow.entities.models import PurgeReport
from moorage.workflow.shell.options import Project, run

commands = typer.Typer()


@commands.command("purge", epilog="Example: moorage workflow purge --dry-run")
def purge(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """End for good what the settings workflow.keep_... no longer keep: deleted items, old changes, answered calls."""
    shell = shell_of(context)

    async def use(workflow: Any, name: str) -> PurgeReport:
        return await workflow.purging.purge(name, dry_run=dry_run)

    report = run(context, project, use)
    if json:
        shell.print_json(report)
        return
    done = "to purge in" if dry_run else "purged from"
    rows = [("deleted items", report.entities), ("changes", report.changes), ("answered calls", report.requests)]
    shell.print_table(f"{done} {report.project_name}", ["what", "number"], rows)
