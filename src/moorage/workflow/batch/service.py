"""What is done with batches, as a use case."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from moorage.core.access import current_caller
from moorage.core.errors import InvalidInput
from moorage.core.postgres.pools import Connection
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.workflow.batch.drafts import Drafts
from moorage.workflow.batch.models import REFERENCE_MARK, BatchOperation, BatchResult, Create
from moorage.workflow.batch.parsing import parse_operations
from moorage.workflow.batch.planning import Planner, Step
from moorage.workflow.batch.writing import Writer, refusal_of
from moorage.workflow.entities.calls import WriteCalls
from moorage.workflow.entities.references import EntityRef, parse_ref
from moorage.workflow.entities.writing import lock_in
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.catalog import TypeCatalog


class BatchService:
    """Do many writes together or not at all."""

    def __init__(self, connections: ProjectConnectionManager, catalog: TypeCatalog, settings: WorkflowSettings) -> None:
        self._catalog = catalog
        self._max_bytes = settings.max_document_bytes
        self._calls = WriteCalls(connections, catalog)

    async def apply(
        self, project_name: str, operations: Sequence[Any], *, idempotency_key: str | None = None
    ) -> BatchResult:
        """Do all operations, in an order that comes to the same as theirs, or none of them.

        Args:
            operations: models of `batch.models`, or the same as plain data.

        Raises:
            InvalidInput: of the operations' form, with every place.
            BatchRefused: with every operation that cannot be done, as far as it can be told before writing.
            TypeChanged, KeyReused, and what `find_writable` raises.
        """
        parsed = parse_operations(operations)
        return await self._calls.in_transaction(
            project_name,
            BatchResult,
            partial(self._apply_in, parsed),
            key=idempotency_key,
            tool="apply_batch",
            arguments={"operations": [dict(each) for each in parsed]},
        )

    async def _apply_in(
        self, operations: Sequence[BatchOperation], transaction: Connection, project: Project
    ) -> BatchResult:
        actor = current_caller().name
        # All at once and in the order of their ids: two batches over the same entities cannot wait for each other.
        drafts = Drafts(await lock_in(transaction, refs_in(operations)))
        type_of = partial(self._catalog.get, project, transaction)
        steps, problems = await Planner(transaction, drafts, type_of, self._max_bytes, actor).plan(operations)
        if problems:
            raise refusal_of(problems)
        writer = Writer(transaction, actor)
        await writer.write(steps)
        return _result(project, operations, steps, writer)


def refs_in(operations: Sequence[BatchOperation]) -> list[EntityRef]:
    """Return what the operations name that should be there before; what is no id or key is told later, by place."""
    refs: set[EntityRef] = set()
    for name in {name for each in operations for name in each.names}:
        if not name.startswith(REFERENCE_MARK):
            try:
                refs.add(parse_ref(name))
            except InvalidInput:
                continue
    return list(refs)


def _result(
    project: Project, operations: Sequence[BatchOperation], steps: Sequence[Step], writer: Writer
) -> BatchResult:
    now = [writer.entities.get(each.subject.locked.entity.id, each.subject.locked.entity) for each in steps]
    return BatchResult(
        project_name=project.name,
        keys=[each.key for each in now],
        versions={each.key: each.version for each in writer.entities.values()},
        made={
            operation.ref: entity.key
            for operation, entity in zip(operations, now, strict=True)
            if isinstance(operation, Create) and operation.ref
        },
        unchanged=sorted(writer.unchanged),
    )
