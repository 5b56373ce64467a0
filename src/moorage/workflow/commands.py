"""Work items on the command line: `moorage workflow`."""

from __future__ import annotations

import typer

from moorage.workflow.deployments.commands import deploy

from moorage.workflow.shell.overview.commands import commands as overview

commands = typer.Typer(name="workflow", help="Work items of a project.", no_args_is_help=True)
commands.add_typer(overview)
commands.add_typer(deploy)
