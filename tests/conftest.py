"""What every test stands on: one embedded PostgreSQL a run, a fresh project a test, and no settings from outside."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from moorage.core.postgres.address import Address, address_from_url
from moorage.core.postgres.embedded import EmbeddedServer
from moorage.core.postgres.pools import connect
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.models import Project
from moorage.projects.provisioning import Provisioner
from moorage.projects.service import ProjectService
from moorage.projects.settings import ConnectionSettings
from moorage.settings import DESIGN_VARIABLES
from moorage.systems import LINES
from tests.support.homes import temporary_home

REGISTRY = "mcp_registry"
# Run by `task test:extended`: they need Debian's PostgreSQL and PgBouncer.
collect_ignore = ["extended"]
# The tests run on this server instead of an embedded one; see CONTRIBUTING.md.
OTHER_SERVER = os.environ.get("MOORAGE_TEST_DATABASE_URL")


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the developer's variables and moorage.yaml out of the tests."""
    for variable in os.environ:
        if variable.startswith(("MOORAGE_", "POSTGRES_")) or variable in DESIGN_VARIABLES:
            monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """The data folder that tests share; commands under test reach it by MOORAGE_HOME."""
    with temporary_home() as folder:
        yield folder


@pytest.fixture(scope="session")
def address(home: Path) -> Iterator[Address]:
    """The one PostgreSQL of the run."""
    if OTHER_SERVER is not None:
        yield address_from_url(OTHER_SERVER)[0]
        return
    with EmbeddedServer(home).running() as running:
        yield running


@pytest.fixture
def name() -> str:
    """A project's name that no other test has."""
    return f"t_{uuid.uuid4().hex[:16]}"


@pytest.fixture
async def connections(address: Address) -> AsyncIterator[ProjectConnectionManager]:
    """An open connection manager of the test's own."""
    manager = ProjectConnectionManager(Provisioner(address, REGISTRY, LINES), ConnectionSettings(registry_min=0))
    await manager.initialize()
    yield manager
    await manager.close()


@pytest.fixture
def projects(connections: ProjectConnectionManager) -> ProjectService:
    return ProjectService(connections)


@pytest.fixture
async def project(projects: ProjectService, name: str) -> AsyncIterator[Project]:
    """A fresh project, dropped after the test."""
    created = await projects.create(name, created_by="test")
    yield created
    await projects.delete(name, confirm=name, force=True)


@pytest.fixture
async def admin(address: Address) -> AsyncIterator:
    """A connection from which databases are looked at and tampered with."""
    connection = await connect(address, "postgres")
    yield connection
    await connection.close()
