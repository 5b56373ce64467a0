"""Items as people read them on a terminal; texts of items are shown, never obeyed: no markup, no escape codes."""

from __future__ import annotations

from rich.text import Text

from moorage.workflow.briefing.quoting import one_line
from moorage.workflow.entities.models import Entity

TITLE_BYTES = 300
NAME_BYTES = 60


def item_line(entity: Entity) -> Text:
    """Return key, state, title and version on one line."""
    line = Text(entity.key, style="bold")
    if entity.state is not None:
        line.append(f"  {named(entity.state)}", style="not bold cyan")
    line.append(f"  {titled(entity.title)}", style="not bold")
    return line.append(f"  v{entity.version}", style="dim")


def titled(text: str) -> str:
    return one_line(text, TITLE_BYTES)


def named(text: str) -> str:
    """Return a name that somebody else chose: a state, a priority, who holds a claim."""
    return one_line(text, NAME_BYTES)
