"""What the lines of one call have in common."""

from __future__ import annotations

import asyncio
from typing import Any

from moorage.core.telemetry.subjects import about, add_subject, learn


def line(**facts: Any) -> dict[str, Any]:
    return dict(add_subject(None, "info", {"event": "something", **facts}))


def test_a_line_inside_carries_the_facts_and_one_outside_does_not():
    with about(request_id="r1", trace_id=None):
        assert line() == {"event": "something", "request_id": "r1"}
    assert line() == {"event": "something"}


def test_what_a_line_says_itself_wins():
    with about(project="boats"):
        assert line(project="cars")["project"] == "cars"


def test_what_is_inside_adds_to_what_is_around_it():
    with about(request_id="r1", project="boats"):
        with about(job_id="j1", project="cars"):
            assert line() == {"event": "something", "request_id": "r1", "job_id": "j1", "project": "cars"}
        assert line() == {"event": "something", "request_id": "r1", "project": "boats"}


async def test_tasks_that_are_started_inside_carry_the_facts_after_it_too():
    async def work() -> dict[str, Any]:
        await asyncio.sleep(0)
        return line()

    with about(request_id="r1"):
        task = asyncio.create_task(work())
    assert (await task)["request_id"] == "r1"


async def test_what_a_task_of_the_call_finds_out_is_known_to_the_call():
    with about(request_id="r1") as facts:
        await asyncio.gather(find_project())
        assert facts["project"] == "boats"


async def find_project() -> None:
    learn(project="boats")


def test_outside_of_any_call_nothing_is_learned():
    learn(project="boats")
    assert line() == {"event": "something"}


async def test_two_calls_at_once_know_nothing_of_each_other():
    async def call(project: str) -> Any:
        with about(request_id=project):
            await asyncio.sleep(0)
            learn(project=project)
            await asyncio.sleep(0)
            return line()["project"]

    assert await asyncio.gather(call("boats"), call("cars")) == ["boats", "cars"]
