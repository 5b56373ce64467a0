"""Work items on the command line: `moorage workflow`."""

from __future__ import annotations

import typer

from moorage.workflow.deployments.commands import deploy
from moorage.workflow.shell.items.commands import commands as items
from moorage.workflow.shell.overview.commands import commands as overview
from moorage.workflow.shell.past.commands import commands as past
from moorage.workflow.shell.planning.commands import commands as planning

commands = typer.Typer(name="workflow", help="Work items of a project.", no_args_is_help=True)
commands.add_typer(overview)
commands.add_typer(items)
commands.add_typer(planning)
commands.add_typer(past)
commands.add_typer(deploy)
