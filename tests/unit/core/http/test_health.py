"""Alive and ready."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from moorage.core.http import health
from moorage.core.shape import Check
from tests.support.tiny_tools import tiny_door
from tests.unit.core.http.asking import client_of


async def good() -> Sequence[Check]:
    return [Check("registry", ok=True), Check("embedder", ok=True, detail="builtin")]


async def bad() -> Sequence[Check]:
    return [Check("disk", ok=False, detail="full")]


async def one_project_is_down() -> Sequence[Check]:
    return [Check("registry", ok=True), Check("project cars", ok=False, required=False)]


async def breaks() -> Sequence[Check]:
    raise ConnectionError("postgresql://user:hunter2@db")


async def hangs() -> Sequence[Check]:
    await asyncio.Event().wait()
    return []


async def of_project(name: str) -> Sequence[Check]:
    return [Check(f"project {name}", ok=name == "boats")]


def failed(name: str, detail: str) -> dict:
    return {"name": name, "ok": False, "detail": detail, "required": True}


async def ready(path: str = "/health/ready", **options: object) -> tuple[int, dict]:
    async with client_of(tiny_door(**options).app) as client:
        answer = await client.get(path)
    return answer.status_code, answer.json()


async def test_the_process_is_alive_whatever_the_checks_say() -> None:
    assert await ready("/health/live", checks=[bad]) == (200, {"status": "alive"})


async def test_ready_shows_every_check() -> None:
    assert await ready(checks=[good]) == (
        200,
        {
            "status": "ready",
            "checks": [
                {"name": "registry", "ok": True, "detail": "", "required": True},
                {"name": "embedder", "ok": True, "detail": "builtin", "required": True},
            ],
        },
    )


async def test_one_bad_check_makes_it_not_ready() -> None:
    status, body = await ready(checks=[good, bad])
    assert (status, body["status"], len(body["checks"])) == (503, "not_ready", 3)


async def test_what_is_not_required_is_told_and_does_not_make_it_not_ready() -> None:
    status, body = await ready(checks=[one_project_is_down])
    assert (status, body["status"]) == (200, "ready")
    assert body["checks"][1] == {"name": "project cars", "ok": False, "detail": "", "required": False}


async def test_a_check_that_breaks_is_a_bad_one_and_keeps_its_secrets() -> None:
    status, body = await ready(checks=[breaks])
    assert (status, body["checks"]) == (503, [failed("breaks", "ConnectionError")])


async def test_a_check_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_TIMEOUT_SECONDS", 0.01)
    status, body = await ready(checks=[hangs])
    assert (status, body["checks"]) == (503, [failed("hangs", "TimeoutError")])


@pytest.mark.parametrize(("project", "status"), [("boats", 200), ("cars", 503)])
async def test_a_project_is_checked_when_it_is_named(project: str, status: int) -> None:
    answered, body = await ready(f"/health/ready?project={project}", project_checks=[of_project])
    assert (answered, body["checks"][0]["name"]) == (status, f"project {project}")


async def test_projects_are_left_alone_when_none_is_named() -> None:
    assert await ready(project_checks=[of_project]) == (200, {"status": "ready", "checks": []})


async def test_a_server_that_stops_is_not_ready() -> None:
    door = tiny_door(checks=[good])
    door.draining.set()
    async with client_of(door.app) as client:
        answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["checks"][0]["detail"]) == (503, "stopping")
