"""Serving: which doors are opened, and who comes in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

import moorage
from moorage.access.gate import TokenGate
from moorage.access.resources import Resources, resources_of
from moorage.access.routes import routes as metadata_routes
from moorage.access.settings import IssuerSettings
from moorage.core.access import NOBODY, current_caller
from moorage.core.http.app import HttpDoor, build_app
from moorage.core.http.guards import is_loopback
from moorage.core.http.page import Page
from moorage.core.mcp.server import McpServer, build_server
from moorage.core.serving import serve_http, serve_stdio
from moorage.projects.measuring import measuring
from moorage.settings import ServerSettings, Settings
from moorage.systems import SYSTEMS, House, open_house

if TYPE_CHECKING:
    from moorage.access.issuer import Issuer

log = structlog.get_logger(__name__)

_SHOWN_PROJECTS = 50


async def serve_over_stdio(settings: Settings, systems: Sequence[str]) -> None:
    """Serve one client until it leaves; started in a project's folder, the process serves that project."""
    async with opened_for_serving(settings, systems, folder=Path.cwd()) as house:
        await serve_stdio(mcp_server(house))


async def serve_over_http(settings: Settings, systems: Sequence[str]) -> None:
    """Serve HTTP until told to stop.

    Raises:
        AccessTooOpen: others could reach the server, and it would ask nobody who calls.
    """
    async with opened_for_serving(settings, systems) as house, open_gate(house, settings) as gate:
        await serve_http(
            http_door(house, settings, gate),
            host=settings.server.host,
            port=settings.server.port,
            beyond_loopback=await gate.is_required(),
            on_listening=lambda url: log.info("serve.listening", url=url),
        )


@asynccontextmanager
async def opened_for_serving(
    settings: Settings, systems: Sequence[str] = (), *, folder: Path | None = None
) -> AsyncGenerator[House]:
    """Open the house of a process that serves, which measures its projects as long as it does."""
    async with (
        open_house(settings, systems, folder=folder) as house,
        measuring(house.ground.connections, settings.metrics),
    ):
        yield house


@asynccontextmanager
async def open_gate(house: House, settings: Settings) -> AsyncGenerator[TokenGate]:
    """Open what finds out who calls; where other machines can reach the server, nobody comes in unknown.

    Raises:
        AccessTooOpen: nobody would be asked, or nobody could answer.
        PublicUrlMissing: an issuer is set, and clients could not name this server to it.
    """
    connections, access = house.ground.connections, settings.access
    resources = resources_of(access.issuer, public_url=settings.server.public_url, paths=list(_mcp_paths(house)))
    gate = TokenGate(connections, access, _issuer(access.issuer, resources), resources)
    if name := reachable_as(settings):
        await gate.refuse_strangers(name)
    async with gate.open():
        yield gate


def _issuer(settings: IssuerSettings, resources: Resources | None) -> Issuer | None:
    """Return who checks the tokens of an issuer; its libraries are slow to import, so only where one is set."""
    if resources is None:
        return None
    from moorage.access.issuer import Issuer

    return Issuer(settings, resources)


def reachable_as(settings: Settings) -> str | None:
    """Return the name under which other machines can reach the server, directly or through a proxy; else None.

    Names that are set say that something passes on what others ask. Whoever turns tokens off at a loopback address
    all the same has a proxy that asks for itself.
    """
    server = settings.server
    if not is_loopback(server.host):
        return server.host
    if settings.access.required is False:
        return None
    return next((name for name in sorted(served_names(server)) if not is_loopback(name)), None)


def served_names(server: ServerSettings) -> set[str]:
    """Return the hosts that requests may name: those set, that of the public URL, and the address itself."""
    names = {*server.allowed_hosts, server.host} - {"", "0.0.0.0", "::"}  # noqa: S104  (taken out: they name no host)
    if server.public_url is not None:
        names.add(urlsplit(str(server.public_url)).hostname or "")
    return names


def http_door(house: House, settings: Settings, gate: TokenGate | None = None) -> HttpDoor:
    """Build the app: one door to all systems, one door a system, health, metrics and the page.

    Args:
        gate: from `open_gate`; without one everybody is the operating system's user.
    """
    doors = {path: mcp_server(house, systems) for path, systems in _mcp_paths(house).items()}
    purposes = {"/mcp": "All systems."}
    purposes |= {f"/{system.name}/mcp": system.purpose for system in SYSTEMS if system.name in house.opened}

    async def projects() -> list[str]:
        if current_caller() is NOBODY:  # costs the registry nothing, and hears nothing of its failures
            return []
        page = await house.ground.projects.list(limit=_SHOWN_PROJECTS)
        return [each.name for each in page.projects]

    metadata = metadata_routes(gate.resources) if gate and gate.resources else []
    return build_app(
        doors=doors,
        page=Page(f"Moorage {moorage.__version__}", purposes, projects),
        routes=[*metadata, *(route for each in house.opened.values() for route in each.routes)],
        checks=[check for each in house.opened.values() for check in each.checks],
        project_checks=[check for each in house.opened.values() for check in each.project_checks],
        sse=settings.server.sse,
        max_body_bytes=settings.server.max_body_bytes,
        allowed_hosts=served_names(settings.server),
        gate=gate,
        open_paths=[route.path for route in metadata],
    )


def _mcp_paths(house: House) -> dict[str, list[str]]:
    """Return the paths of the MCP endpoints, the one door first, and the systems behind each; empty means all."""
    return {"/mcp": [], **{f"/{name}/mcp": [name] for name in house.opened}}


def mcp_server(house: House, systems: Sequence[str] = ()) -> McpServer:
    """Build the MCP server of these systems; of all that are open when none is named."""
    names = [name for name in house.opened if not systems or name in systems]
    return build_server(
        name="moorage" if not systems else f"moorage-{'-'.join(names)}",
        version=moorage.__version__,
        instructions=_instructions(house, names),
        tools=[tool for name in names for tool in house.opened[name].tools],
        resources=[resource for name in names for resource in house.opened[name].resources],
    )


def _instructions(house: House, names: Sequence[str]) -> str:
    purposes = [system.purpose for system in SYSTEMS if system.name in names]
    default = house.ground.projects.default
    project = (
        "This server serves one project: project_name may be left out."
        if default
        else "Pass project_name to every tool; list_projects shows the names."
    )
    return "\n".join([*purposes, project])
