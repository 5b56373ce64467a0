"""Making and changing items: `moorage workflow new`, `move`, `edit`, `comment`, `delete`, `restore`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from moorage.core.shell import Json, Shell, shell_of
from moorage.workflow.entities.models import Entity, WrittenEntity
from moorage.workflow.service import WorkflowService
from moorage.workflow.shell.items.fields import assigned_fields, read_document
from moorage.workflow.shell.items.making import create_linked, links_of_new, titled, type_for_new
from moorage.workflow.shell.items.moving import state_field_of
from moorage.workflow.shell.options import ClaimToken, DataFile, Fields, Force, Item, Project, run
from moorage.workflow.shell.printing import item_line
from moorage.workflow.types.validation import compiled
from moorage.workflow.work.answers import AddedComment

commands = typer.Typer()

Change = Callable[[WorkflowService, str, Entity], Awaitable[WrittenEntity]]


@commands.command("new", epilog="Example: moorage workflow new task 'Mend the roof' --field priority=high")
def new(
    context: typer.Context,
    schema_name: Annotated[str, typer.Argument(help="The type: task, bug, ...", metavar="TYPE")],
    title: Annotated[str | None, typer.Argument(help="What it is called.")] = None,
    fields: Fields = None,
    data: DataFile = None,
    parent: Annotated[str | None, typer.Option(help="What it is a part of.", metavar="ITEM")] = None,
    blocks: Annotated[list[str] | None, typer.Option(help="What waits for it.", metavar="ITEM")] = None,
    blocked_by: Annotated[list[str] | None, typer.Option(help="What it waits for.", metavar="ITEM")] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Make an item; a ready-made type that the project does not have yet is registered on the way."""
    shell = shell_of(context)
    document = shell.guarded(lambda: read_document(data))
    links = links_of_new(parent, blocks or [], blocked_by or [])

    async def use(workflow: WorkflowService, name: str) -> Entity:
        entity_type = await type_for_new(shell, workflow, name, schema_name)
        assigned = assigned_fields(entity_type.row.schema_definition, fields or [])
        return await create_linked(workflow, name, schema_name, document | titled(entity_type, title) | assigned, links)

    made = run(context, project, use)
    _print(shell, made, "made", json=json)


@commands.command("move", epilog="Example: moorage workflow move T-1 in_progress")
def move(
    context: typer.Context,
    item: Item,
    state: Annotated[str, typer.Argument(help="The new state.")],
    token: ClaimToken = None,
    force: Force = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Change the state of an item."""

    async def change(workflow: WorkflowService, name: str, entity: Entity) -> WrittenEntity:
        entity_type = compiled(await workflow.types.get(name, entity.schema_name))
        return await workflow.entities.update(
            name,
            entity.key,
            {state_field_of(entity_type, state): state},
            mode="merge",
            expected_version=entity.version,
            claim_token=token,
            force=force,
        )

    _change(context, item, project, change, "moved", json=json)


@commands.command("edit", epilog="Example: moorage workflow edit T-1 --field priority=low --unset assignee")
def edit(
    context: typer.Context,
    item: Item,
    fields: Fields = None,
    unset: Annotated[list[str] | None, typer.Option("--unset", help="A field to take away.", metavar="NAME")] = None,
    data: DataFile = None,
    token: ClaimToken = None,
    force: Force = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Change fields of an item; the others stay."""
    document = shell_of(context).guarded(lambda: read_document(data))

    async def change(workflow: WorkflowService, name: str, entity: Entity) -> WrittenEntity:
        row = await workflow.types.get(name, entity.schema_name)
        assigned = assigned_fields(row.schema_definition, fields or [], unset or [])
        return await workflow.entities.update(
            name,
            entity.key,
            document | assigned,
            mode="merge",
            expected_version=entity.version,
            claim_token=token,
            force=force,
        )

    _change(context, item, project, change, "changed", json=json)


@commands.command("comment", epilog="Example: moorage workflow comment T-1 'The tiles come on Monday.'")
def comment(
    context: typer.Context,
    item: Item,
    text: Annotated[str, typer.Argument(help="What to say.")],
    project: Project = None,
    json: Json = False,
) -> None:
    """Say something about an item."""
    shell = shell_of(context)

    async def use(workflow: WorkflowService, name: str) -> AddedComment:
        return await workflow.work.comment(name, item, text)

    added = run(context, project, use)
    if json:
        shell.print_json(added)
    else:
        shell.console.print(f"{added.key}: said", highlight=False)


@commands.command("delete", epilog="Example: moorage workflow delete T-1")
def delete(
    context: typer.Context,
    item: Item,
    with_children: Annotated[bool, typer.Option("--with-children", help="And everything below it.")] = False,
    token: ClaimToken = None,
    force: Force = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Delete an item; `restore` brings it back."""

    async def change(workflow: WorkflowService, name: str, entity: Entity) -> WrittenEntity:
        return await workflow.entities.delete(
            name,
            entity.key,
            expected_version=entity.version,
            claim_token=token,
            force=force,
            with_children=with_children,
        )

    _change(context, item, project, change, "deleted", json=json)


@commands.command("restore", epilog="Example: moorage workflow restore T-1")
def restore(context: typer.Context, item: Item, project: Project = None, json: Json = False) -> None:
    """Bring a deleted item back."""

    async def change(workflow: WorkflowService, name: str, entity: Entity) -> WrittenEntity:
        return await workflow.entities.restore(name, entity.key, expected_version=entity.version)

    _change(context, item, project, change, "restored", json=json)


def _change(context: typer.Context, item: str, project: str | None, change: Change, done: str, *, json: bool) -> None:
    """Read an item and change it, if nobody else did in between."""

    async def use(workflow: WorkflowService, name: str) -> WrittenEntity:
        return await change(workflow, name, await workflow.entities.get(name, item))

    written = run(context, project, use)
    _print(shell_of(context), written.entity, "is so already" if written.unchanged else done, json=json)


def _print(shell: Shell, entity: Entity, done: str, *, json: bool) -> None:
    if json:
        shell.print_json(entity)
    else:
        shell.console.print(item_line(entity).append(f"  {done}", style="green"), soft_wrap=True)
