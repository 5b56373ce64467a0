"""All about one item, for people at a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from moorage.core.shell import Shell, harmless
from moorage.workflow.briefing.quoting import one_line
from moorage.workflow.entities.models import Entity
from moorage.workflow.shell.printing import item_line, named, titled
from moorage.workflow.work.answers import EntityView

VALUE_BYTES = 2_000


def print_view(shell: Shell, view: EntityView) -> None:
    """Print an item: its line, its fields, and what is around it."""
    entity = view.entity
    shell.console.print(item_line(entity))
    shell.console.print(Text(_life(entity), style="dim"))
    shell.console.print(_fields(entity))
    for line in _around(view):
        shell.console.print(line)
    for comment in reversed(view.comments):
        shell.console.print(Text(f"\n{named(comment.created_by)}, {shown_time(comment.created_at)}", style="bold"))
        shell.console.print(Text(harmless(comment.body)))
    older = view.comment_count - len(view.comments)
    if older > 0:
        shell.console.print(Text(f"\nand {older} older comments", style="dim"))


def shown_time(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def _life(entity: Entity) -> str:
    made = f"{entity.schema_name}, made {shown_time(entity.created_at)} by {named(entity.created_by)}"
    changed = f", changed {shown_time(entity.updated_at)} by {named(entity.updated_by)}" if entity.version > 1 else ""
    deleted = f", deleted {shown_time(entity.deleted_at)}" if entity.deleted_at else ""
    return made + changed + deleted


def _fields(entity: Entity) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in entity.data.items():
        if value != entity.title:
            table.add_row(Text(named(name)), Text(_shown(value)))
    return table


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return harmless(value)
    return one_line(json.dumps(value, ensure_ascii=False), VALUE_BYTES)


def _around(view: EntityView) -> Iterator[Text]:
    if view.claim:
        yield Text(f"claimed by {named(view.claim.holder)} until {shown_time(view.claim.expires_at)}", style="magenta")
    if view.blocked_by:
        yield Text(f"waits for {', '.join(view.blocked_by)}", style="red")
    for link in view.links:
        kind, state = link.kind.replace("_", " "), f" {named(link.state)}" if link.state else ""
        style = "" if link.is_open else "dim"
        yield Text(f"{kind} {link.key}{state} {titled(link.title)}", style=style)
    for reference in view.references:
        yield Text(f"see {titled(reference)}")
    if view.left_out:
        yield Text(f"and {view.left_out} more links", style="dim")
