"""What making an item from the shell adds: the type pack people expect, and a title without knowing its field."""

from __future__ import annotations

from collections.abc import Sequence

from moorage.core.errors import InvalidInput
from moorage.core.shell import Shell
from moorage.workflow.batch.models import REFERENCE_MARK, AddLink, Create
from moorage.workflow.documents import Document
from moorage.workflow.entities.models import Entity
from moorage.workflow.errors import TypeNotFound
from moorage.workflow.service import WorkflowService
from moorage.workflow.types.models import EntityType
from moorage.workflow.types.packs import pack_names
from moorage.workflow.types.validation import compiled
from moorage.workflow.work.models import LinkKind

_NEW = "new"
_THE_NEW = f"{REFERENCE_MARK}{_NEW}"


async def type_for_new(shell: Shell, workflow: WorkflowService, project_name: str, schema_name: str) -> EntityType:
    """Return the type of an item that is to be made; a pack of this name is registered where there is none, and said.

    Raises:
        TypeNotFound: with the types there are.
    """
    try:
        return compiled(await workflow.types.get(project_name, schema_name))
    except TypeNotFound:
        if schema_name not in pack_names():
            raise
    await workflow.types.register(project_name, schema_name)
    shell.errors.print(f"The project had no type {schema_name!r}: the ready-made one is registered.", highlight=False)
    return compiled(await workflow.types.get(project_name, schema_name))


def titled(entity_type: EntityType, title: str | None) -> Document:
    """Return the title under the field that names entities of this type; nothing without a title.

    Raises:
        InvalidInput: nothing names entities of this type.
    """
    if title is None:
        return {}
    if entity_type.title_field is None:
        raise InvalidInput(
            f"TITLE {title[:60]!r}: items of the type {entity_type.name!r} have no title",
            hint="Leave it out, and write --field NAME=VALUE.",
        )
    return {entity_type.title_field: title}


def links_of_new(parent: str | None, blocks: Sequence[str], blocked_by: Sequence[str]) -> list[AddLink]:
    """Return the links between an item that is to be made and others."""
    above = [_link(_THE_NEW, LinkKind.PARENT, parent)] if parent else []
    after = [_link(_THE_NEW, LinkKind.BLOCKS, each) for each in blocks]
    before = [_link(each, LinkKind.BLOCKS, _THE_NEW) for each in blocked_by]
    return above + after + before


async def create_linked(
    workflow: WorkflowService, project_name: str, schema_name: str, data: Document, links: Sequence[AddLink]
) -> Entity:
    """Make an item with its links, or neither."""
    if not links:
        return (await workflow.entities.create(project_name, schema_name, data)).entity
    made = Create(op="create", schema_name=schema_name, data=data, ref=_NEW)
    result = await workflow.batches.apply(project_name, [made, *links])
    return await workflow.entities.get(project_name, result.made[_NEW])


def _link(source: str, kind: LinkKind, target: str) -> AddLink:
    return AddLink(op="link", entity_id=source, kind=kind.value, target=target)
