"""A prompt for SQL, from the shell: `moorage db shell`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import NoReturn

import typer

from moorage.core.shell import shell_of
from moorage.databases.definitions import ALL
from moorage.databases.shell.options import Database, systems_for
from moorage.databases.shell.prompting.beside import opened_beside
from moorage.databases.shell.prompting.lines import history_in
from moorage.databases.shell.prompting.prompt import Prompt

commands = typer.Typer()

_KILLED = 128  # what a shell adds to the number of a signal that ended a program


@commands.command("shell", epilog="Example: moorage db shell -d project:website")
def shell_command(context: typer.Context, database: Database = None) -> None:
    r"""Open a prompt for SQL; \? there shows what it knows. Statements of a pipe end with semicolons as well."""
    shell = shell_of(context)
    home = shell.guarded(shell.settings).home

    systems = systems_for(shell, [ALL])

    def serve() -> int:
        with _heeding_signals(), opened_beside(shell, systems) as beside, history_in(home):
            return Prompt(shell, beside, database).run()

    status = shell.guarded(serve)
    if status:
        raise typer.Exit(status)


@contextmanager
def _heeding_signals() -> Generator[None]:
    """Let SIGTERM end the program in order, and Ctrl-C what runs, also where whoever started it ignores Ctrl-C."""
    handlers = {signal.SIGTERM: _leave, signal.SIGINT: signal.default_int_handler}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _: object) -> NoReturn:
    """End the program, and what it has open before."""
    sys.exit(_KILLED + number)
