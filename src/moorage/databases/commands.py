"""SQL over many databases from the shell: `moorage db`."""

from __future__ import annotations

import typer

from moorage.databases.shell.auditing.commands import commands as auditing
from moorage.databases.shell.defining.commands import commands as defining
from moorage.databases.shell.granting.commands import commands as granting
from moorage.databases.shell.looking.commands import commands as looking
from moorage.databases.shell.prompting.commands import commands as prompting
from moorage.databases.shell.querying.commands import commands as querying
from moorage.databases.shell.tuning.commands import commands as tuning

commands = typer.Typer(name="db", no_args_is_help=True, help="SQL over many PostgreSQL databases.")
commands.add_typer(defining)
commands.add_typer(querying)
commands.add_typer(prompting)
commands.add_typer(looking)
commands.add_typer(tuning)
commands.add_typer(auditing)
commands.add_typer(granting)
