"""The list of systems: the one module that names them all, and opens the house."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from moorage.codebase.lines import LINE as CODEBASE_LINE
from moorage.core.embedding.factory import make_embedder
from moorage.core.errors import InvalidInput
from moorage.core.postgres.address import Address, address_from_parts, address_from_url, behind_pooler
from moorage.core.postgres.embedded import EmbeddedServer
from moorage.core.shape import Opened, System
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.ground import Ground
from moorage.projects.metering import metered
from moorage.projects.models import MAIN_SERVER
from moorage.projects.provisioning import Provisioner, project_lines
from moorage.projects.service import ProjectService
from moorage.projects.usage import Usage
from moorage.settings import REGISTRY_DATABASE, PostgresSettings, ServerAddress, Settings
from moorage.workflow.lines import LINE as WORKFLOW_LINE


class ListedSystem:
    """A system by its name; imported when it is first needed, because a process that serves one needs no other."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def purpose(self) -> str:
        return self._system.purpose

    def open(self, ground: Ground, settings: Any) -> AbstractAsyncContextManager[Opened]:
        return self._system.open(ground, settings)

    @cached_property
    def _system(self) -> System:
        return import_module(f"moorage.{self.name}.system").SYSTEM


GROUND_FLOOR = "projects"
SYSTEMS: tuple[System, ...] = tuple(map(ListedSystem, (GROUND_FLOOR, "codebase", "workflow", "databases")))
LINES = project_lines((CODEBASE_LINE, WORKFLOW_LINE))


@dataclass(frozen=True)
class House:
    """Everything open: the ground, and each system by name."""

    ground: Ground
    opened: Mapping[str, Opened]


def system_names(wanted: Sequence[str]) -> list[str]:
    """Return the systems to open for these names: all when none is named, and always the ground floor.

    Raises:
        InvalidInput: there is no such system.
    """
    known = [system.name for system in SYSTEMS]
    for name in wanted:
        if name not in known:
            raise InvalidInput(f"there is no system {name!r}", hint=f"Systems: {', '.join(known)}.")
    return [name for name in known if not wanted or name in wanted or name == GROUND_FLOOR]


@asynccontextmanager
async def open_house(
    settings: Settings, systems: Sequence[str] = (), *, folder: Path | None = None
) -> AsyncGenerator[House]:
    """Open PostgreSQL, the registry and these systems; close them in the opposite order.

    Args:
        folder: when no project is set, the project of this folder, or of one above it, is the process's own.
    """
    async with AsyncExitStack() as stack:
        ground = await stack.enter_async_context(_open_ground(settings, folder))
        opened = {}
        for system in SYSTEMS:
            if system.name in system_names(systems):
                section = settings.of_system(system.name)
                opened[system.name] = await stack.enter_async_context(system.open(ground, section))
        yield House(ground, opened)


@asynccontextmanager
async def open_databases_alone(settings: Settings) -> AsyncGenerator[Opened]:
    """Open SQL over the databases of others: no PostgreSQL is started for it, and no registry asked."""
    system = import_module("moorage.databases.system").SYSTEM
    async with system.open_alone(settings.of_system(system.name), home=settings.home) as opened:
        yield opened


@asynccontextmanager
async def _open_ground(settings: Settings, folder: Path | None) -> AsyncGenerator[Ground]:
    async with AsyncExitStack() as stack:
        address, database, is_embedded = _address(settings, stack)
        auto_migrate = settings.postgres.auto_migrate
        connections = ProjectConnectionManager(
            Provisioner(address, database, LINES),
            settings.connections,
            others={name: _external_address(server)[0] for name, server in settings.postgres.servers.items()},
            auto_migrate=is_embedded if auto_migrate is None else auto_migrate,
            usage=Usage(settings.metrics.labelled_projects),
            max_bytes=settings.projects.max_bytes,
        )
        stack.push_async_callback(connections.close)
        await connections.initialize()
        stack.enter_context(metered(connections))
        default = settings.project or await _project_of(connections, folder)
        embedder = make_embedder(settings.embedding)
        stack.push_async_callback(embedder.close)

        async def back_up(name: str) -> str:
            from moorage.operations.backup.taking import take_project_backup

            folder = settings.backup.folder_in(settings.home)
            return str((await take_project_backup(connections, name, folder, settings.backup)).folder)

        projects = ProjectService(
            connections, default_project=default, placed_on=placed_on(settings.postgres), back_up=back_up
        )
        yield Ground(connections, projects, embedder, settings.home)


def _address(settings: Settings, stack: AsyncExitStack) -> tuple[Address, str, bool]:
    """Return the server, the registry's database, and whether the server is the embedded one, held running."""
    postgres = settings.postgres
    if postgres.url is None and postgres.host is None:
        address = stack.enter_context(EmbeddedServer(settings.home).running())
        return address, postgres.database or REGISTRY_DATABASE, True
    address, named = _external_address(postgres)
    return address, postgres.database or named or REGISTRY_DATABASE, False


def _external_address(postgres: ServerAddress) -> tuple[Address, str | None]:
    address, database = _server_address(postgres)
    if postgres.pooler_url is not None:
        address = behind_pooler(address, postgres.pooler_url.get_secret_value())
    return address, database


def _server_address(postgres: ServerAddress) -> tuple[Address, str | None]:
    if postgres.url is not None:
        return address_from_url(postgres.url.get_secret_value())
    assert postgres.host is not None, "the settings were checked for it"
    password = postgres.password.get_secret_value() if postgres.password else None
    return address_from_parts(host=postgres.host, port=postgres.port, user=postgres.user, password=password), None


def placed_on(postgres: PostgresSettings) -> list[str]:
    """Return the servers that new projects may be placed on."""
    if postgres.placement == "main":
        return [MAIN_SERVER]
    return [MAIN_SERVER, *(name for name, server in postgres.servers.items() if server.accepts_new)]


async def _project_of(connections: ProjectConnectionManager, folder: Path | None) -> str | None:
    if folder is None:
        return None
    project = await ProjectService(connections).find_by_folder(folder)
    return project.name if project else None
