"""Looking back from the shell: `moorage workflow history`, `revert`, `as-of`, `changes`."""

from __future__ import annotations

from typing import Annotated

import typer

from moorage.core.shell import Json, shell_of
from moorage.workflow.entities.models import WrittenEntity
from moorage.workflow.feed.models import ChangePage, Subject
from moorage.workflow.feed.service import MAX_WAIT_SECONDS
from moorage.workflow.history.models import EntityDiff, EntityHistory, PastEntities, PastVersion
from moorage.workflow.service import WorkflowService
from moorage.workflow.shell.options import ClaimToken, Force, Item, Project, parse_moment, run
from moorage.workflow.shell.past.printing import print_changes, print_diff, print_past, print_versions
from moorage.workflow.shell.printing import item_line

commands = typer.Typer()

Moment = Annotated[str, typer.Argument(help="Like 2026-11-21T18:30, of this machine's clock, or 2026-11-21T17:30Z.")]
Limit = Annotated[int, typer.Option("--limit", "-n", help="At most so many.", min=1, max=200)]


@commands.command("history", epilog="Example: moorage workflow history T-1 --diff 1 2")
def history(
    context: typer.Context,
    item: Item,
    diff: Annotated[tuple[int, int] | None, typer.Option("--diff", help="Compare two versions.")] = None,
    limit: Limit = 20,
    project: Project = None,
    json: Json = False,
) -> None:
    """Show the versions of an item, the newest first, or what lies between two of them."""
    shell = shell_of(context)

    async def use(workflow: WorkflowService, name: str) -> EntityHistory | EntityDiff:
        if diff is None:
            return await workflow.history.versions(name, item, limit=limit)
        return await workflow.history.diff(name, item, from_version=diff[0], to_version=diff[1])

    shown = run(context, project, use)
    if json:
        shell.print_json(shown)
    elif isinstance(shown, EntityDiff):
        print_diff(shell, shown)
    else:
        print_versions(shell, shown)


@commands.command("revert", epilog="Example: moorage workflow revert T-1 1")
def revert(
    context: typer.Context,
    item: Item,
    version: Annotated[int, typer.Argument(help="Whose fields to write again.", min=1)],
    token: ClaimToken = None,
    force: Force = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Write the fields of an old version as a new one."""
    shell = shell_of(context)

    async def use(workflow: WorkflowService, name: str) -> WrittenEntity:
        now = await workflow.entities.get(name, item)
        return await workflow.history.restore_version(
            name, now.key, version, expected_version=now.version, claim_token=token, force=force
        )

    written = run(context, project, use)
    if json:
        shell.print_json(written)
    else:
        shell.console.print(item_line(written.entity))


@commands.command("as-of", epilog="Example: moorage workflow as-of 2026-11-21T18:30 --type task")
def as_of(
    context: typer.Context,
    at: Moment,
    item: Annotated[str | None, typer.Argument(help="Only this item, whole: T-123.", metavar="[ITEM]")] = None,
    schema_name: Annotated[str, typer.Option("--type", "-t", help="Items of this type.", metavar="TYPE")] = "task",
    cursor: Annotated[str | None, typer.Option(help="Go on behind the page that ended with it.")] = None,
    limit: Limit = 50,
    project: Project = None,
    json: Json = False,
) -> None:
    """Show the items of a type, or one item, as they were at a moment."""
    shell = shell_of(context)
    moment = shell.guarded(lambda: parse_moment(at))

    async def use(workflow: WorkflowService, name: str) -> PastEntities | PastVersion:
        if item is not None:
            return await workflow.history.as_of(name, item, moment)
        return await workflow.history.entities_as_of(name, schema_name, moment, cursor=cursor, limit=limit)

    shown = run(context, project, use)
    if json:
        shell.print_json(shown)
    else:
        print_past(shell, shown)


@commands.command("changes", epilog="Example: moorage workflow changes --since 2026-11-21T18:30")
def changes(
    context: typer.Context,
    since: Annotated[str | None, typer.Option(help="Begin at this time; default: the oldest kept.")] = None,
    cursor: Annotated[str | None, typer.Option(help="Begin behind this cursor, or with what comes: now.")] = None,
    subjects: Annotated[list[Subject] | None, typer.Option("--subject", help="Only of these.")] = None,
    schema_names: Annotated[list[str] | None, typer.Option("--type", "-t", help="Only of items of this type.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes, until stopped.")] = False,
    limit: Limit = 100,
    project: Project = None,
    json: Json = False,
) -> None:
    """Show what was done, in order; with --json and the cursor it prints, nothing is missed from call to call."""
    shell = shell_of(context)
    began = shell.guarded(lambda: None if since is None else parse_moment(since))

    async def use(workflow: WorkflowService, name: str) -> None:
        place, start = cursor, began
        while True:
            page = await workflow.feed.changes(
                name,
                place,
                since=start,
                subjects=subjects,
                schema_names=schema_names,
                limit=limit,
                wait_seconds=MAX_WAIT_SECONDS if follow else 0,
            )
            show(page)
            if not follow:
                return
            place, start = page.next_cursor, None

    def show(page: ChangePage) -> None:
        if not json:
            print_changes(shell, page, is_followed=follow)
        elif page.changes or not follow:
            shell.print_json(page)

    run(context, project, use)
