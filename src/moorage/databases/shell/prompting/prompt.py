"""A prompt for SQL: what somebody types is run, and answered, until they leave."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Mapping
from time import perf_counter
from typing import Any

import typer
from rich.text import Text

from moorage.core.errors import InvalidInput, MoorageError
from moorage.core.shell import EXIT_FAILED, EXIT_INTERRUPTED, Shell, harmless
from moorage.databases.errors import QueryFailed
from moorage.databases.execution.answers import Answer
from moorage.databases.execution.requests import Request
from moorage.databases.exploring.models import RELATIONS
from moorage.databases.exploring.patterns import read_pattern
from moorage.databases.exploring.service import Search
from moorage.databases.shell.defining.printing import listed, print_list
from moorage.databases.shell.looking.commands import print_text
from moorage.databases.shell.prompting.beside import Beside
from moorage.databases.shell.prompting.lines import next_line
from moorage.databases.shell.prompting.statements import taken_apart
from moorage.databases.shell.querying.notices import Notices, point_at
from moorage.databases.shell.querying.output import TableOutput

HELP = """\
A statement ends with a semicolon. One that writes is tried first; then you are asked.
\\d [NAME]   tables and views, or everything of one
\\dt [PART]  tables and views by a part of their names
\\l          databases
\\c ID       go to another database
\\x          a line for each value, or tables again
\\timing     how long statements take, or not
\\q          leave; so does Ctrl-D. Ctrl-C ends the statement that runs."""


class Leave(Exception):
    """Somebody wants to leave."""


class Prompt:
    """Reads statements and commands, and answers each.

    Args:
        database: the id to begin with; None is the default database.
    """

    def __init__(self, shell: Shell, beside: Beside, database: str | None) -> None:
        self._shell = shell
        self._beside = beside
        self._service = beside.service
        self._is_asked = sys.stdin.isatty()
        self._is_expanded = False
        self._is_timed = False
        self._failed = False
        self._database = beside.call(self._service.catalog.find(database))

    def run(self) -> int:
        """Answer until there is nothing more; return the status to end with: of a pipe, whether anything failed."""
        begun = ""
        while True:
            try:
                begun = self._take(begun, next_line(f"{self._database.id}{'->' if begun else '=>'} "))
            except KeyboardInterrupt:
                if not self._is_asked:
                    return EXIT_INTERRUPTED
                begun = ""
                self._shell.console.print()
            except (EOFError, Leave) as end:
                return self._end(begun if isinstance(end, EOFError) else "")

    def _end(self, begun: str) -> int:
        if self._is_asked:
            self._shell.console.print()
        elif begun:
            self._guarded(lambda: self._query(begun))
        return EXIT_FAILED if self._failed and not self._is_asked else 0

    def _take(self, begun: str, line: str) -> str:
        """Answer what a line completes, and return what is begun after it."""
        if not begun and line.lstrip().startswith("\\"):
            self._guarded(lambda: self._command(line.strip()))
            return ""
        statements, rest = taken_apart(f"{begun}\n{line}" if begun else line)
        for each in statements:
            self._guarded(lambda sql=each: self._query(sql))
        return rest

    def _guarded(self, act: Callable[[], None]) -> None:
        began = perf_counter()
        try:
            act()
        except MoorageError as error:
            self._failed = True
            self._shell.print_error(error)
        if self._is_timed:
            self._shell.console.print(Text(f"{(perf_counter() - began) * 1000:,.1f} ms", style="dim"))

    def _query(self, sql: str) -> None:
        try:
            answer = self._call(self._run(sql))
        except QueryFailed as error:
            point_at(error, sql)
            raise
        output, notices = TableOutput(self._shell, is_expanded=self._is_expanded), Notices(self._shell, reads_all=False)
        for each in (output, notices):
            each.page(answer)
            each.end()

    async def _run(self, sql: str) -> Answer:
        """Run a statement; at a terminal one that writes is written once somebody has agreed."""
        request = Request(sql, commit=self._is_asked, reads_on=False)
        confirm = self._beside.confirm if self._is_asked else None
        return await self._service.runner.run(self._database, request, confirm)

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._beside.call(work, self._ask)

    def _ask(self, question: str) -> bool:
        self._shell.errors.print(harmless(question), markup=False, highlight=False)
        try:
            return typer.confirm("Write it?", err=True)
        except typer.Abort:
            return False

    def _command(self, line: str) -> None:
        name, _, argument = line.partition(" ")
        act = self._commands().get(name)
        if act is None:
            raise InvalidInput(f"there is no command {name[:40]}", hint="\\? shows those there are.")
        act(argument.strip().rstrip(";"))

    def _commands(self) -> Mapping[str, Callable[[str], None]]:
        return {
            "\\d": self._describe,
            "\\dt": self._list_tables,
            "\\l": self._list_databases,
            "\\c": self._change_database,
            "\\x": self._turn_records,
            "\\timing": self._turn_timing,
            "\\q": self._leave,
            "\\?": self._help,
        }

    def _describe(self, name: str) -> None:
        if name:
            print_text(self._shell, self._call(self._service.exploring.get_table_schema(self._database.id, name)))
        else:
            self._list_tables("")

    def _list_tables(self, part: str) -> None:
        search = Search(read_pattern(part or "*"), kinds=tuple(RELATIONS))
        print_text(self._shell, self._call(self._service.exploring.search_objects([self._database.id], search)))

    def _list_databases(self, _: str) -> None:
        found = self._call(self._service.catalog.all())
        print_list(self._shell, listed(found, self._service.catalog.default, {}))

    def _change_database(self, name: str) -> None:
        self._database = self._call(self._service.catalog.find(name or None))
        self._shell.console.print(f"In {self._database.id}.", highlight=False)

    def _turn_records(self, _: str) -> None:
        self._is_expanded = not self._is_expanded
        self._shell.console.print("A line for each value." if self._is_expanded else "Tables.", highlight=False)

    def _turn_timing(self, _: str) -> None:
        self._is_timed = not self._is_timed
        self._shell.console.print(f"Timing is {'on' if self._is_timed else 'off'}.", highlight=False)

    def _leave(self, _: str) -> None:
        raise Leave

    def _help(self, _: str) -> None:
        self._shell.console.print(HELP, highlight=False, markup=False)
