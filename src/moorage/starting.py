"""Starting everything for a folder: what `moorage up` does, and what people see meanwhile."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from rich.text import Text

from moorage.access.models import TOKEN_VARIABLE
from moorage.codebase.commands import index_with_progress, print_results
from moorage.codebase.places import allowed_roots
from moorage.codebase.scanning import resolve_root
from moorage.core.access import current_caller
from moorage.core.serving import serve_http
from moorage.core.shell import Shell
from moorage.serving import http_door, open_gate, opened_for_serving
from moorage.settings import Settings
from moorage.systems import House, open_house

PORTS_TRIED = 20
LAST_PORT = 65_535


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
    async with opened_for_serving(settings) as house, open_gate(house, settings) as gate:
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
