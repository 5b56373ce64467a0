"""A board on a terminal: a column for each state, as many beside each other as there is room for."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from moorage.core.shell import Shell
from moorage.workflow.briefing.models import Board, Card, Column
from moorage.workflow.briefing.quoting import one_line

MIN_COLUMN_WIDTH = 22
GAP = 2  # between columns
TITLE_BYTES = 120


def print_board(shell: Shell, shown: Board, width: int) -> None:
    """Print a board, in rows of columns that fit the width."""
    shell.console.width = width
    shell.console.print(Text(f"{shown.project_name}: {shown.schema_name}", style="bold"))
    beside = max(1, width // MIN_COLUMN_WIDTH)
    for first in range(0, len(shown.columns), beside):
        shell.console.print(_band(shown.columns[first : first + beside], width // beside))


def _band(columns: Sequence[Column], column_width: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        title = Text(f"{one_line(column.state or 'without state', 40)} ({column.number})", style="bold cyan")
        table.add_column(title, width=column_width - GAP, overflow="ellipsis")
    height = max((len(column.cards) for column in columns), default=0)
    for place in range(height):
        table.add_row(*(_card(column.cards[place]) if place < len(column.cards) else "" for column in columns))
    table.add_row(*(_rest(column) for column in columns))
    return table


def _card(card: Card) -> Text:
    text = Text(card.key, style="bold")
    if card.priority:
        text.append(f" {one_line(card.priority, 20)}", style="yellow")
    if card.holder:
        text.append(f" @{one_line(card.holder, 20)}", style="magenta")
    return text.append(f"\n{one_line(card.title, TITLE_BYTES)}", style="not bold")


def _rest(column: Column) -> Text:
    left = column.number - len(column.cards)
    return Text(f"and {left} more" if left else "", style="dim")
