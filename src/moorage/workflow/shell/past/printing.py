"""The past as people read it on a terminal; texts of items are shown, never obeyed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from moorage.core.shell import Shell
from moorage.workflow.briefing.quoting import one_line
from moorage.workflow.feed.models import Change, ChangePage
from moorage.workflow.history.models import EntityDiff, EntityHistory, EntityVersion, PastEntities, PastVersion
from moorage.workflow.shell.overview.printing import shown_time
from moorage.workflow.shell.printing import named

VALUE_BYTES = 120


def print_versions(shell: Shell, history: EntityHistory) -> None:
    """Print one line a version."""
    for each in history.versions:
        line = Text(f"v{each.version}", style="bold")
        line.append(f"  {each.operation:<8}{shown_time(each.created_at)}  {named(each.created_by)}", style="not bold")
        shell.console.print(line.append(f"  {_patched(each)}", style="dim"))
    if history.next_before is not None:
        shell.console.print(Text(f"and {history.next_before - 1} older versions", style="dim"))


def print_diff(shell: Shell, diff: EntityDiff) -> None:
    """Print one line a value that went, and one that came."""
    title = f"{diff.key} from v{diff.from_version} to v{diff.to_version}"
    shell.console.print(Text(title if diff.changes else f"{title}: nothing changed", style="bold"))
    for each in diff.changes:
        shell.console.print(Text(named(each.pointer), style="cyan"))
        if each.change != "added":
            shell.console.print(Text(f"  - {_value(each.before)}", style="red"))
        if each.change != "removed":
            shell.console.print(Text(f"  + {_value(each.after)}", style="green"))
    if diff.changes_left_out:
        shell.console.print(Text(f"and {diff.changes_left_out} more places", style="dim"))


def print_past(shell: Shell, past: PastEntities | PastVersion) -> None:
    """Print one item whole, or one line an item."""
    if isinstance(past, PastVersion):
        deleted = ", deleted" if past.is_deleted else ""
        title = f"{past.key} v{past.version}, {shown_time(past.created_at)} by {named(past.created_by)}{deleted}"
        shell.console.print(Text(title, style="bold"))
        for line in _fields(past.data):
            shell.console.print(line)
        return
    if not past.entities:
        shell.console.print(Text(f"no {named(past.schema_name)} was there", style="dim"))
    for each in past.entities:
        line = Text(each.key, style="bold").append(f"  v{each.version}", style="dim")
        shell.console.print(line.append(f"  {_value(each.data)}", style="not bold not dim"))
    if past.next_cursor is not None:
        _print_cursor(shell, past.next_cursor)


def print_changes(shell: Shell, page: ChangePage, *, is_followed: bool) -> None:
    """Print one line a change; whoever follows gets the next page by itself."""
    for each in page.changes:
        line = Text(f"{shown_time(each.created_at)}  {named(each.created_by)}  ", style="dim")
        line.append(f"{each.subject} {each.operation}", style="not dim")
        shell.console.print(line.append(f"  {_about(each)}", style="not dim bold"))
    if page.has_more and not is_followed:
        _print_cursor(shell, page.next_cursor)


def _print_cursor(shell: Shell, cursor: str) -> None:
    shell.console.print(Text(f"and more: --cursor {cursor}", style="dim"), soft_wrap=True)


def _patched(version: EntityVersion) -> str:
    if version.patch_left_out:
        return "a large patch"
    return one_line(" ".join(each["path"] for each in version.patch or []), VALUE_BYTES)


def _fields(data: dict[str, Any]) -> Iterator[Text]:
    for name, value in data.items():
        yield Text(f"  {named(name)}  ", style="cyan").append(_value(value), style="not cyan")


def _about(change: Change) -> str:
    version = f" v{change.version}" if change.version is not None else ""
    detail = f" {_value(change.detail)}" if change.detail else ""
    return f"{change.key or change.schema_name or ''}{version}{detail}"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return one_line(text, VALUE_BYTES)
