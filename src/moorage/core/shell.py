"""What commands of all systems share: opening the house, printing for people or programs, failing politely."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from moorage.core.errors import InvalidInput, MoorageError
from moorage.core.shape import Opened

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130

# What JSON need not escape: control codes of eight bits, and what turns the direction of writing or ends a line.
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

Services = dict[str, Any]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@dataclass
class Shell:
    """Handed to every command as the context's object.

    Attributes:
        open_systems: opens the systems named and yields what they opened, by name.
        settings: reads the settings of the program, for commands that need more than a system.
        console: where people read results; `errors` is stderr.
    """

    open_systems: Callable[[Sequence[str]], AbstractAsyncContextManager[dict[str, Opened]]]
    settings: Callable[[], Any]
    console: Console = field(default_factory=lambda: Console(emoji=False))
    errors: Console = field(default_factory=lambda: Console(stderr=True, emoji=False))

    def run(self, systems: Sequence[str], use: Callable[[Services], Awaitable[Any]]) -> Any:
        """Open systems, hand their services by name to `use`, and return what it returns."""

        async def opened() -> Any:
            _end_as_interrupted()
            async with self.open_systems(systems) as house:
                return await use({name: each.service for name, each in house.items()})

        return self.guarded(lambda: asyncio.run(opened()))

    def guarded(self, act: Callable[[], Any]) -> Any:
        """Run something; a failure is printed with its way out, and ends the program with a status that tells."""
        try:
            return act()
        except MoorageError as error:
            self.print_error(error)
            raise typer.Exit(EXIT_USAGE if isinstance(error, InvalidInput) else EXIT_FAILED) from error
        except KeyboardInterrupt:
            raise typer.Exit(EXIT_INTERRUPTED) from None

    @contextmanager
    def progress(self, doing: str) -> Generator[Callable[[int], None]]:
        """Show a bar on stderr; the function it yields counts one more thing done, of the total it is given."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.errors, transient=True, disable=not self.errors.is_terminal) as bar:
            task = bar.add_task(doing, total=None)
            yield lambda total: bar.update(task, advance=1, total=total)

    def print_error(self, error: MoorageError) -> None:
        """Print a failure on stderr: code, what happened, what to do now."""
        self.errors.print(f"[bold red]{error.code}[/]: ", end="", highlight=False)
        self.errors.print(harmless(error.message), markup=False, highlight=False)
        if error.hint:
            self.errors.print(harmless(error.hint), markup=False, highlight=False)

    def print_json(self, value: BaseModel | Sequence[BaseModel]) -> None:
        """Print a result for programs, as one JSON document on stdout; a terminal obeys nothing in it either."""
        plain = (
            value.model_dump(mode="json")
            if isinstance(value, BaseModel)
            else [each.model_dump(mode="json") for each in value]
        )
        sys.stdout.write(harmless_json(json.dumps(plain, ensure_ascii=False, indent=2)) + "\n")

    def print_table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Print rows for people; title, names of columns and cells are text, never markup or escape codes."""
        table = Table(title=_plain(title), title_justify="left", box=None, pad_edge=False)
        for column in columns:
            table.add_column(_plain(column), overflow="fold")
        for row in rows:
            table.add_row(*("" if cell is None else _plain(str(cell)) for cell in row))
        self.console.print(table)


def _plain(text: str) -> str:
    """Return text that a console shows as it is."""
    from rich.markup import escape

    return escape(harmless(text))


def harmless(text: str) -> str:
    """Return text that a terminal shows and does not obey: it keeps its lines, and loses all that does not show."""
    return "".join(each for each in text if each.isprintable() or each == "\n")


def harmless_json(text: str) -> str:
    """Return the same JSON with what a terminal would obey written as escapes."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _end_as_interrupted() -> None:
    """Let SIGTERM end a command as Ctrl-C does, so that it leaves nothing half-done behind."""
    if threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, signal.raise_signal, signal.SIGINT)


def shell_of(context: typer.Context) -> Shell:
    """Return the shell of a running command."""
    shell = context.find_object(Shell)
    assert shell is not None, "the root command sets it"
    return shell
