"""SQL over many databases from the shell."""

from __future__ import annotations

import typer

commands = typer.Typer(name="db", no_args_is_help=True, help="SQL over many PostgreSQL databases.")
