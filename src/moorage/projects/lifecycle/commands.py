"""The life of projects on the command line: archived and back, copied, limited, and what they are called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from moorage.core.shell import Services, shell_of
from moorage.projects.models import MAX_NAME_LENGTH, Project
from moorage.projects.service import ProjectService

commands = typer.Typer()

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Name = Annotated[str, typer.Argument(help=f"1 to {MAX_NAME_LENGTH} of a-z, 0-9 and underscore.")]
Force = Annotated[bool, typer.Option("--force", help="Also while somebody works in it; their transactions roll back.")]


@commands.command("archive", epilog="Example: moorage project archive website")
def archive(context: typer.Context, name: Name, force: Force = False, json: Json = False) -> None:
    """Make a project read-only; it stays searchable."""
    _do(context, lambda projects: projects.lifecycle.archive(name, force=force), "is archived", json=json)


@commands.command("unarchive", epilog="Example: moorage project unarchive website")
def unarchive(context: typer.Context, name: Name, json: Json = False) -> None:
    """Let an archived project be written to again."""
    _do(context, lambda projects: projects.lifecycle.unarchive(name), "is ready", json=json)


def _do(
    context: typer.Context, change: Callable[[ProjectService], Awaitable[Project]], outcome: str, *, json: bool
) -> None:
    """Change a project and say what became of it."""
    shell = shell_of(context)

    async def use(services: Services) -> Project:
        return await change(services["projects"])

    project = shell.run(("projects",), use)
    if json:
        shell.print_json(project)
    else:
        shell.console.print(f"{project.name} {outcome}", highlight=False)
