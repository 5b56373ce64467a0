"""What an entity is a part of, and what its parts are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from moorage.core.postgres.queries import Executor
from moorage.workflow.entities.models import Entity
from moorage.workflow.work import store
from moorage.workflow.work.answers import EntityTree, TreeNode, WorkItem, work_item
from moorage.workflow.work.models import Item

MAX_ANCESTORS = 50
MAX_NODES = 200

Branches = Mapping[UUID, Sequence[tuple[Item, int]]]


async def tree_of(connection: Executor, project_name: str, entity: Entity, *, depth: int) -> EntityTree:
    """Return the tree around an entity; all of its descendants are counted, and those down to a depth are shown."""
    ancestors = await store.tree_ancestors(connection, entity.id, limit=MAX_ANCESTORS)
    below = await store.tree_descendants(connection, entity.id, depth=depth, limit=MAX_NODES)
    counts = await store.tree_states(connection, entity.id)
    states: Counter[str] = Counter()
    for state, _, number in counts:
        states[state or "(none)"] += number
    return EntityTree(
        project_name=project_name,
        root=WorkItem(key=entity.key, title=entity.title, state=entity.state),
        ancestors=[work_item(each) for each in ancestors],
        nodes=list(_nodes(entity.id, entity.key, _branches(entity.id, below))),
        states=dict(states),
        open_count=sum(number for _, is_open, number in counts if is_open),
        total=states.total(),
    )


def _branches(root_id: UUID, below: Sequence[tuple[Item, UUID, int]]) -> Branches:
    """Return the children of each; what comes twice, by links in a circle, counts where it is nearest."""
    branches: dict[UUID, list[tuple[Item, int]]] = defaultdict(list)
    seen = {root_id}
    for item, parent_id, depth in below:
        if item.id not in seen:
            seen.add(item.id)
            branches[parent_id].append((item, depth))
    return branches


def _nodes(parent_id: UUID, parent_key: str, branches: Branches) -> Iterator[TreeNode]:
    for item, depth in branches.get(parent_id, ()):
        yield TreeNode(
            key=item.key,
            title=item.title,
            state=item.state,
            holder=item.holder,
            parent=parent_key,
            depth=depth,
            is_open=item.is_open,
        )
        yield from _nodes(item.id, item.key, branches)
