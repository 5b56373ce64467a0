"""Running the program: which doors are opened for `serve` and `up`, and what people see meanwhile."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from rich.text import Text

import moorage
from moorage.access.gate import TokenGate
from moorage.access.models import TOKEN_VARIABLE
from moorage.access.resources import Resources, resources_of
from moorage.access.routes import routes as metadata_routes
from moorage.access.settings import IssuerSettings
from moorage.codebase.commands import index_with_progress, print_results
from moorage.codebase.places import allowed_roots
from moorage.codebase.scanning import resolve_root
from moorage.core.access import NOBODY, current_caller
from moorage.core.http.app import HttpDoor, build_app
from moorage.core.http.guards import is_loopback
from moorage.core.http.page import Page
from moorage.core.mcp.server import McpServer, build_server
from moorage.core.serving import serve_http, serve_stdio
from moorage.core.shell import Shell
from moorage.projects.measuring import measuring
from moorage.settings import ServerSettings, Settings
from moorage.systems import SYSTEMS, House, open_house

if TYPE_CHECKING:
    from moorage.access.issuer import Issuer

log = structlog.get_logger(__name__)

PORTS_TRIED = 20
LAST_PORT = 65_535
_SHOWN_PROJECTS = 50


async def serve_over_stdio(settings: Settings, systems: Sequence[str]) -> None:
    """Serve one client until it leaves; started in a project's folder, the process serves that project."""
    async with _opened(settings, systems, folder=Path.cwd()) as house:
        await serve_stdio(mcp_server(house))


async def serve_over_http(settings: Settings, systems: Sequence[str]) -> None:
    """Serve HTTP until told to stop.

    Raises:
        AccessTooOpen: others could reach the server, and it would ask nobody who calls.
    """
    async with _opened(settings, systems) as house, open_gate(house, settings) as gate:
        await serve_http(
            http_door(house, settings, gate),
            host=settings.server.host,
            port=settings.server.port,
            beyond_loopback=await gate.is_required(),
            on_listening=lambda url: log.info("serve.listening", url=url),
        )


async def serve_folder(settings: Settings, folder: Path, shell: Shell, *, question: str | None, any_port: bool) -> None:
    """Make the folder a project, serve, index it meanwhile, and answer a question once it is indexed.

    Args:
        any_port: take the next free port when the one set is taken.

    Raises:
        UnfitRoot: the folder is missing, or may not be indexed.
        AccessTooOpen: others could reach the server, and it would ask nobody who calls.
    """
    folder = resolve_root(str(folder), allowed_roots(settings.codebase, folder))  # before anything is made for it
    project = settings.project or await _project_of_folder(settings, folder)
    settings = settings.model_copy(update={"project": project})
    async with _opened(settings) as house, open_gate(house, settings) as gate:
        await house.ground.projects.create(project, created_by=current_caller().name)
        listening, has_tokens = asyncio.Event(), await gate.is_required()
        serving = asyncio.create_task(
            serve_http(
                http_door(house, settings, gate),
                host=settings.server.host,
                port=_free_port(settings) if any_port else settings.server.port,
                beyond_loopback=has_tokens,
                on_listening=lambda url: _say_where(shell, url, project, listening, has_tokens=has_tokens),
            )
        )
        indexing = asyncio.create_task(_index_and_answer(house, shell, project, folder, question, listening))
        await _until_stopped(serving, indexing)


@asynccontextmanager
async def _opened(
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


async def _project_of_folder(settings: Settings, folder: Path) -> str:
    """Return the name of the folder's project; it is made when there is none."""
    async with open_house(settings, ["projects"]) as house:
        return (await house.ground.projects.open_folder(folder, created_by=current_caller().name)).name


async def _index_and_answer(
    house: House, shell: Shell, project: str, folder: Path, question: str | None, listening: asyncio.Event
) -> None:
    await listening.wait()
    codebase = house.opened["codebase"].service
    status = await index_with_progress(shell, codebase, project, str(folder))
    shell.console.print(Text(f"{status.repository}: {status.message}"))
    if question:
        print_results(shell, await codebase.search_code(project, question, limit=5))
    shell.console.print(Text("Ctrl-C stops.", style="dim"))


async def _until_stopped(serving: asyncio.Task[None], indexing: asyncio.Task[None]) -> None:
    """Wait until the server is stopped, which stops the indexing as well; a failure of either ends both."""
    try:
        await asyncio.wait({serving, indexing}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            indexing.result()
        await serving
    finally:
        for task in (serving, indexing):
            task.cancel()
        await asyncio.gather(serving, indexing, return_exceptions=True)


def _say_where(shell: Shell, url: str, project: str, listening: asyncio.Event, *, has_tokens: bool) -> None:
    shell.console.print(Text(f"Moorage serves project {project} at {url}"))
    paste = f"claude mcp add --transport http moorage {url}/mcp"
    if has_tokens:
        paste += f" --header 'Authorization: Bearer ${{{TOKEN_VARIABLE}}}'"
    shell.console.print(Text(f"For your agent: {paste}", style="bold"), soft_wrap=True)
    listening.set()


def _free_port(settings: Settings) -> int:
    """Return the first port, from the one set upwards, that nobody listens at; 0, which is any, when there is none."""
    first = settings.server.port
    ports = range(first, min(first + PORTS_TRIED, LAST_PORT + 1))
    return next((port for port in ports if not _is_taken(settings.server.host, port)), 0)


def _is_taken(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port)):
            return True
    except OSError:
        return False
