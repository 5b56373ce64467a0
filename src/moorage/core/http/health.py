"""Is the process alive, and is it of use? `/health/live` asks nothing; `/health/ready` asks every system."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from moorage.core.access import current_caller
from moorage.core.shape import Check

CHECK_TIMEOUT_SECONDS = 2.0
"""Below the 5 s after which common probes give up."""

Checks = Callable[[], Awaitable[Sequence[Check]]]
ProjectChecks = Callable[[str], Awaitable[Sequence[Check]]]


@dataclass(frozen=True)
class Health:
    """The questions behind the two routes.

    Attributes:
        draining: set while the server ends; it is not ready from then on.
    """

    checks: Sequence[Checks]
    project_checks: Sequence[ProjectChecks]
    draining: asyncio.Event

    def routes(self) -> list[Route]:
        return [Route("/health/live", self.live), Route("/health/ready", self.ready)]

    async def live(self, _request: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    async def ready(self, request: Request) -> JSONResponse:
        """Answer 200 when every required check is good and 503 when one is not.

        All of them are in the body for a caller that may see everything, because they name projects, databases and
        errors.
        """
        answers = await self._ask(request.query_params.get("project"))
        is_ready = all(check.ok for check in answers if check.required)
        body: dict[str, Any] = {"status": "ready" if is_ready else "not_ready"}
        if not current_caller().is_limited:
            body["checks"] = [asdict(check) for check in answers]
        return JSONResponse(body, status_code=200 if is_ready else 503)

    async def _ask(self, project: str | None) -> list[Check]:
        if self.draining.is_set():
            return [Check("server", ok=False, detail="stopping")]
        asked = [_bounded(_name(check), check()) for check in self.checks]
        if project is not None:
            asked += [_bounded(_name(check), check(project)) for check in self.project_checks]
        return [check for answer in await asyncio.gather(*asked) for check in answer]


def _name(check: Callable[..., object]) -> str:
    return getattr(check, "__name__", type(check).__name__)


async def _bounded(name: str, answer: Awaitable[Sequence[Check]]) -> Sequence[Check]:
    """Wait a while for an answer. A check that raises or hangs against its promise is a failed check."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            return await answer
    except Exception as error:  # noqa: BLE001  (whatever broke the check, the answer is "not ready")
        return [Check(name, ok=False, detail=type(error).__name__)]
