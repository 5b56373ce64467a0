"""Values that JSON, PostgreSQL or a reader has no room for are refused by name, whichever way they come."""

from __future__ import annotations

from typing import Any

import pytest

from moorage.core.errors import InvalidInput
from tests.support.work_items import make_task, workflow_with_tasks

NOTE = {"type": "object"}


def nested(depth: int) -> dict[str, Any]:
    """Return objects in each other, `depth` of them."""
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


UNFIT = {
    "nul": "a\x00b",
    "half of a surrogate pair": "\ud83d",
    "not a number": float("nan"),
    "infinity": float("inf"),
    "an integer of 400 digits": 10**400,
    "deep": nested(100_000),
    "large": "a" * 10_000_000,
    "many": list(range(20_000)),
    "a key with nul": {"a\x00": 1},
    "a key with half of a surrogate pair": {"\ude00": 1},
}


@pytest.fixture
async def service(connections, project):
    service = await workflow_with_tasks(connections, project.name)
    await service.types.register(project.name, "note", NOTE)
    return service


@pytest.fixture
async def note(service, project):
    return (await service.entities.create(project.name, "note", {"a": {"b": 1}})).entity


async def test_an_unfit_value_is_refused_on_every_way_in_and_nothing_is_written(service, project, note):
    for value in UNFIT.values():
        await refuse_everywhere(service, project, note, value)
    assert (await service.entities.get(project.name, note.key)).version == 1


async def refuse_everywhere(service, project, note, value: Any) -> None:
    """Try a value in every kind of write; each has to be refused."""
    with pytest.raises(InvalidInput):
        await service.entities.create(project.name, "note", {"x": value}, idempotency_key="k")
    writes: dict[str, Any] = {
        "replace": {"x": value},
        "merge": {"x": value},
        "patch": [{"op": "add", "path": "/x", "value": value}],
    }
    for mode, data in writes.items():
        with pytest.raises(InvalidInput):
            await service.entities.update(
                project.name, note.key, data, mode=mode, expected_version=1, idempotency_key=mode
            )


async def test_odd_but_sound_values_come_back_as_they_were(service, project):
    data = {
        "": {"": ""},
        "a/b~c.d": [None, True, -0.0, 1e-300, 1.5, -(2**63), 2**63 - 1],
        "😀\u2028": "é\u0001\\u0000",
        "where": "'; DROP TABLE workflow.entities; --",
    }
    made = (await service.entities.create(project.name, "note", data)).entity
    assert (await service.entities.get(project.name, made.key)).data == data


async def test_a_schema_with_an_unfit_value_is_refused(service, project):
    for value in UNFIT.values():
        with pytest.raises(InvalidInput):
            await service.types.register(project.name, "odd", {"type": "object", "x-note": value})


async def test_a_refusal_does_not_repeat_what_was_refused(service, project):
    with pytest.raises(InvalidInput) as refused:
        await make_task(service, project.name, title="a" * 200_000, status="b" * 50_000)
    assert len(refused.value.message) < 1_000
    assert {each["pointer"] for each in refused.value.details["problems"]} == {"/title", "/status"}
