"""The briefing as an MCP tool."""

from __future__ import annotations

from moorage.core.shape import READS, Tool
from moorage.projects.arguments import ProjectArgument, Resolve
from moorage.workflow.briefing.service import BriefingService


class BriefingTools:
    """The door: arguments in, service call, result out."""

    def __init__(self, service: BriefingService, resolve: Resolve) -> None:
        self._service = service
        self._resolve = resolve

    def core(self) -> list[Tool]:
        """The tool that every client sees first."""
        return [Tool(self.prime, title="What matters now", structured=False, **READS)]

    async def prime(self, project_name: ProjectArgument = None) -> str:
        """Say in under 1,000 tokens what matters now: your claims, ready and blocked work, types, news. Begin here."""
        return await self._service.prime(await self._resolve(project_name))
