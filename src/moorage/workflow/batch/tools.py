"""Batches as an MCP tool."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from moorage.core.shape import Tool
from moorage.projects.arguments import ProjectArgument, Resolve
from moorage.workflow.arguments import IdempotencyKey
from moorage.workflow.batch.models import BatchOperation, BatchResult
from moorage.workflow.batch.service import BatchService


class BatchTools:
    """The door: arguments in, service call, result out."""

    def __init__(self, service: BatchService, resolve: Resolve) -> None:
        self._service = service
        self._resolve = resolve

    def exchange(self) -> list[Tool]:
        """The tools for moving much at once."""
        hints = {"read_only": False, "destructive": True, "idempotent": False, "open_world": False}
        return [Tool(self.apply_batch, title="Apply a batch", **hints)]

    async def apply_batch(
        self,
        operations: Annotated[list[BatchOperation], Field(description="In this order; at most 1,000.")],
        idempotency_key: IdempotencyKey = None,
        project_name: ProjectArgument = None,
    ) -> BatchResult:
        """Create, change, link and comment on many work items: all or nothing; "$name" is what `ref` made before."""
        return await self._service.apply(await self._resolve(project_name), operations, idempotency_key=idempotency_key)
