"""Resources as the protocol library lists and reads them: an address in, JSON or a failure out, one log line."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import structlog

from moorage.core.access import Scope, acting_as, allow, count_call
from moorage.core.errors import Forbidden, Internal, InvalidInput, MoorageError, NotFound
from moorage.core.mcp.calls import CallsInFlight, requesting_caller
from moorage.core.mcp.sdk import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    FastMCPResource,
    MCPError,
    ReadResourceResult,
    ResourceContent,
    ResourceResult,
    ResourceTemplate,
)
from moorage.core.shape import PROJECT_PLACE, Resource
from moorage.core.telemetry.subjects import about

log = structlog.get_logger()

MIME_TYPE = "application/json"


@dataclass(frozen=True)
class FoundResource:
    """The resource of one project, as an address names it."""

    address: str
    resource: Resource
    project_name: str

    async def read_as_caller(self) -> str:
        """Return what it holds, as JSON.

        Raises:
            NotAllowed, TooManyCalls, and those of the project: the caller may not see it.
        """
        allow(Scope.READ, f"the resource {self.address}")
        return (await self.resource.read(self.project_name)).model_dump_json()


class ServedResources:
    """The resources of all systems, by address."""

    def __init__(self, resources: Sequence[Resource], in_flight: CallsInFlight) -> None:
        self._resources = resources
        self._in_flight = in_flight

    def find(self, address: str) -> FoundResource | None:
        """Return what has this address; None where it is nothing of ours."""
        for resource in self._resources:
            project_name = resource.project_in(address)
            if project_name is not None:
                return FoundResource(address, resource, project_name)
        return None

    async def read(self, found: FoundResource) -> ResourceResult:
        """Read a resource in the name of whoever makes the request.

        Raises:
            MCPError: the failure, with its code, what happened and the way out.
        """
        caller = requesting_caller()
        with acting_as(caller), self._in_flight.one(), _recorded(found), translated():
            count_call(caller)
            return _Fresh([ResourceContent(await found.read_as_caller(), mime_type=MIME_TYPE)])

    async def listed(self) -> list[FastMCPResource]:
        """Return the resources of the projects that the caller sees, as many as are fit for a list."""
        with acting_as(requesting_caller()), translated():
            return [
                _Listed(
                    uri=each.address_of(name),
                    name=f"{each.name} of {name}",
                    title=f"{each.title}: {name}",
                    description=each.description,
                    mime_type=MIME_TYPE,
                )
                for each in self._resources
                for name in await each.project_names()
            ]

    def templates(self) -> list[ResourceTemplate]:
        """Return the addresses with the place for the project's name left open."""
        return [
            _ListedTemplate(
                uri_template=each.address,
                name=each.name,
                title=each.title,
                description=each.description,
                mime_type=MIME_TYPE,
                parameters={"type": "object", "properties": {PROJECT_PLACE.strip("{}"): {"type": "string"}}},
            )
            for each in self._resources
        ]


class _Fresh(ResourceResult):
    """What was read is old at once: it may not be kept as long as lists of tools."""

    def to_mcp_result(self, uri: Any) -> ReadResourceResult:
        return super().to_mcp_result(uri).model_copy(update={"ttl_ms": 0})


class _Listed(FastMCPResource):
    """Without the library's own metadata, which nobody reads."""

    def to_mcp_resource(self, **overrides: Any) -> Any:
        return super().to_mcp_resource(**{"_meta": self.meta, **overrides})


class _ListedTemplate(ResourceTemplate):
    """Without the library's own metadata, which nobody reads."""

    def to_mcp_template(self, **overrides: Any) -> Any:
        return super().to_mcp_template(**{"_meta": self.meta, **overrides})


@contextmanager
def translated() -> Generator[None]:
    """Turn failures of ours into the protocol's: resources have no result that says what went wrong."""
    try:
        yield
    except MoorageError as error:
        is_theirs = isinstance(error, InvalidInput | NotFound | Forbidden)
        code = INVALID_PARAMS if is_theirs else INTERNAL_ERROR
        raise MCPError(code=code, message=error.as_text(), data=error.as_dict()) from error


@contextmanager
def _recorded(found: FoundResource) -> Generator[None]:
    """Write the reading down when it ends, however it ends."""
    started, outcome, error_code = perf_counter(), "error", Internal.code
    with about(project=found.project_name, caller=requesting_caller().name):
        try:
            yield
            outcome, error_code = "ok", None
        except MCPError as error:
            error_code = (error.error.data or {}).get("code")
            raise
        finally:
            log.info(
                "resource.read",
                resource=found.resource.name,
                outcome=outcome,
                error_code=error_code,
                duration_ms=round((perf_counter() - started) * 1000, 3),
            )
