"""Work items on the command line: `moorage workflow`."""

from __future__ import annotations

import typer

from moorage.workflow.deployments.commands import deploy
from moorage.workflow.entities.commands import commands as entities
from moorage.workflow.evolution.commands import evolution
from moorage.workflow.exchange.commands import commands as exchange
from moorage.workflow.querying.commands import commands as queries
from moorage.workflow.querying.commands import indexes
from moorage.workflow.shell.items.commands import commands as items
from moorage.workflow.shell.overview.commands import commands as overview
from moorage.workflow.shell.past.commands import commands as past
from moorage.workflow.shell.planning.commands import commands as planning
from moorage.workflow.types.commands import types

commands = typer.Typer(name="workflow", help="Work items of a project.", no_args_is_help=True)
commands.add_typer(overview)
commands.add_typer(items)
commands.add_typer(queries)
commands.add_typer(planning)
commands.add_typer(past)
commands.add_typer(deploy)
types.add_typer(evolution)
types.add_typer(indexes)
commands.add_typer(types)
commands.add_typer(exchange)
commands.add_typer(entities)
