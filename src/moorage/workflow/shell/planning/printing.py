"""What is ready, why something is not, how items hang together: for people at a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from rich.tree import Tree

from moorage.core.shell import Shell
from moorage.workflow.shell.printing import named, titled
from moorage.workflow.work.answers import CriticalPath, EntityTree, ReadyWork, WhyBlocked, WorkItem


def print_ready(shell: Shell, ready: ReadyWork) -> None:
    rows = [(each.key, each.schema_name, each.state, each.unblocks or "", titled(each.title)) for each in ready.items]
    title = f"{ready.project_name}: {ready.total} ready" + (
        f", the first {len(ready.items)}" if ready.total > len(ready.items) else ""
    )
    shell.print_table(title, ("item", "type", "state", "unblocks", "title"), rows)


def print_why(shell: Shell, why: WhyBlocked) -> None:
    shell.console.print(work_line(WorkItem(key=why.key, title=why.title, state=why.state)))
    shell.console.print(Text(why.message))
    _print_items(shell, "Blocked by", why.blockers)
    _print_items(shell, "Parts that are open", why.open_children)
    _print_items(shell, "Start with", why.start_with)
    _print_rest(shell, why.left_out)


def print_tree(shell: Shell, tree: EntityTree) -> None:
    above = " › ".join(each.key for each in reversed(tree.ancestors))
    root = Tree(Text(f"{above} › " if above else "", style="dim").append_text(work_line(tree.root)))
    branches = {tree.root.key: root}
    for each in tree.nodes:
        branches[each.key] = branches[each.parent].add(work_line(each, dim=not each.is_open))
    shell.console.print(root)
    if tree.total:
        states = ", ".join(f"{number} {named(state)}" for state, number in tree.states.items())
        shell.console.print(Text(f"{tree.open_count} open of {tree.total} below: {states}", style="dim"))
    _print_rest(shell, tree.total - len(tree.nodes))


def print_path(shell: Shell, path: CriticalPath) -> None:
    if not path.items:
        shell.console.print("No open item waits for another.")
        return
    for place, each in enumerate(path.items, 1):
        shell.console.print(Text(f"{place:3} ", style="dim").append_text(work_line(each)))
    shell.console.print(Text(f"In all {path.length:g}, one after the other", style="dim"))
    _print_rest(shell, path.left_out)


def work_line(item: WorkItem, *, dim: bool = False) -> Text:
    """Return key, state, holder and title on one line; what is over is dim."""
    line = Text(item.key, style="dim" if dim else "bold")
    if item.state is not None:
        line.append(f" {named(item.state)}", style="dim" if dim else "not bold cyan")
    if item.holder is not None:
        line.append(f" @{named(item.holder)}", style="not bold magenta")
    return line.append(f" {titled(item.title)}", style="dim" if dim else "not bold")


def _print_items(shell: Shell, title: str, items: Sequence[WorkItem]) -> None:
    if items:
        shell.console.print(Text(f"{title}:", style="bold"))
    for each in items:
        shell.console.print(Text("  ").append_text(work_line(each)))


def _print_rest(shell: Shell, left_out: int) -> None:
    if left_out > 0:
        shell.console.print(Text(f"and {left_out} more", style="dim"))
