"""What an answer says of itself, on standard error, in words of the command line."""

from __future__ import annotations

from collections.abc import Sequence

from moorage.core.shell import Shell
from moorage.databases.errors import QueryFailed
from moorage.databases.execution.answers import Answer
from moorage.databases.execution.writing import Shortened
from moorage.databases.shell.cells import visible

CUT_ROWS = "--all reads all of them, --max-rows more of them."
SHORTENED = "Values are cut where … stands, with their true length behind it: limits.cell_characters of the database."
EXCERPT_CHARACTERS = 60


class Notices:
    """Gathers what there is to say of the pages of an answer.

    Args:
        reads_all: whether pages follow each other, so that their ends need no words.
    """

    def __init__(self, shell: Shell, *, reads_all: bool) -> None:
        self._shell = shell
        self._reads_all = reads_all
        self._is_shortened = False
        self._last: Answer | None = None

    def page(self, answer: Answer) -> None:
        self._last = answer
        if self._reads_all and not self._is_shortened:
            self._is_shortened = any(type(cell) is Shortened for row in answer.rows for cell in row)

    def end(self) -> None:
        """Print what there is to say."""
        if self._last is None:
            return
        for notice in self._shortened() if self._reads_all else self._of_one(self._last):
            self._shell.errors.print(visible(notice), style="dim", markup=False, highlight=False)

    def _shortened(self) -> Sequence[str]:
        return [SHORTENED] if self._is_shortened else []

    def _of_one(self, answer: Answer) -> Sequence[str]:
        """Return the notices but the one about the fate of a write, which is printed beside its rows."""
        said = answer.notices if answer.is_committed is None else answer.notices[1:]
        return [*said, CUT_ROWS] if answer.cut_by in ("rows", "bytes") and answer.is_committed is None else said


def point_at(error: QueryFailed, sql: str) -> None:
    """Show in the message of an error the line of the statement that it speaks of, with a caret under the place."""
    line, column = error.details.get("line"), error.details.get("column")
    lines = sql.split("\n")
    if line is None or column is None or not 0 < line <= len(lines):
        return
    first = max(0, column - 1 - EXCERPT_CHARACTERS)
    shown = lines[line - 1][first : column - 1 + EXCERPT_CHARACTERS].replace("\t", " ")
    error.message = f"{error.message}\n  {shown}\n  {' ' * (column - 1 - first)}^"
