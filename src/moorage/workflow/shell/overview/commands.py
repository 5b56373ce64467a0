"""Looking at work from the shell: `moorage workflow board`, `show`, `prime`."""

from __future__ import annotations

from typing import Annotated

import typer

from moorage.core.shell import Json, shell_of
from moorage.workflow.briefing.models import Board
from moorage.workflow.service import WorkflowService
from moorage.workflow.shell.options import Item, Project, run
from moorage.workflow.shell.overview.boards import print_board
from moorage.workflow.shell.overview.printing import print_view
from moorage.workflow.work.answers import ShownEntity

commands = typer.Typer()


@commands.command("board", epilog="Example: moorage workflow board --type task")
def board(
    context: typer.Context,
    schema_name: Annotated[str | None, typer.Option("--type", "-t", help="Default: task.")] = None,
    cards: Annotated[int, typer.Option("--cards", "-n", help="At most so many a column.", min=1, max=200)] = 12,
    width: Annotated[int | None, typer.Option(help="Characters; default: the terminal's.", min=20)] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Show the items of a type by state."""
    shell = shell_of(context)

    async def use(workflow: WorkflowService, name: str) -> Board:
        return await workflow.briefing.board(name, schema_name, cards=cards)

    shown = run(context, project, use)
    if json:
        shell.print_json(shown)
    else:
        print_board(shell, shown, width or shell.console.width)


@commands.command("show", epilog="Example: moorage workflow show T-1")
def show(context: typer.Context, item: Item, project: Project = None, json: Json = False) -> None:
    """Show all about an item: its fields, claim, links, comments."""
    shell = shell_of(context)

    async def use(workflow: WorkflowService, name: str) -> ShownEntity:
        return await workflow.work.show(name, item)

    shown = run(context, project, use)
    if json:
        shell.print_json(shown)
    else:
        print_view(shell, shown)


@commands.command("prime", epilog="Example: moorage workflow prime")
def prime(context: typer.Context, project: Project = None) -> None:
    """Print what agents are told: what matters now, in under 1,000 tokens."""
    shell = shell_of(context)

    async def use(workflow: WorkflowService, name: str) -> str:
        return await workflow.briefing.prime(name)

    shell.console.print(run(context, project, use), markup=False, highlight=False, soft_wrap=True)
