"""Many writes together or not at all."""

from __future__ import annotations

import asyncio

import pytest

from moorage.core.errors import InvalidInput
from moorage.core.postgres.errors import TryAgain
from moorage.workflow.entities.writing import insert, new_entity
from moorage.workflow.errors import BatchRefused
from moorage.workflow.types.models import IndexedField, TypeRules
from moorage.workflow.types.validation import compiled
from tests.support.waiting import until
from tests.support.work_items import make_task, workflow_with_tasks

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'"


@pytest.fixture
async def service(connections, project):
    return await workflow_with_tasks(connections, project.name)


def create(title: str, ref: str | None = None, **fields) -> dict:
    return {"op": "create", "schema_name": "task", "data": {"title": title, **fields}, "ref": ref}


async def count(connections, project, table: str) -> int:
    async with connections.connection_to(project) as connection:
        return await connection.fetchval(f"SELECT count(*) FROM workflow.{table}")


async def test_operations_may_name_what_earlier_ones_made(service, project):
    done = await service.batches.apply(
        project.name,
        [
            create("Epic", "epic"),
            create("Part", "part"),
            {"op": "link", "entity_id": "$part", "kind": "parent", "target": "$epic"},
            {"op": "update", "entity_id": "$part", "mode": "merge", "data": {"status": "in_progress"}},
            {"op": "comment", "entity_id": "$epic", "body": "Begun."},
            {"op": "delete", "entity_id": "$part"},
            {"op": "restore", "entity_id": "$part"},
        ],
    )
    assert done.made == {"epic": "T-1", "part": "T-2"}
    assert done.keys == ["T-1", "T-2", "T-2", "T-2", "T-1", "T-2", "T-2"]
    assert done.versions == {"T-1": 1, "T-2": 4}
    part = await service.entities.get(project.name, "T-2")
    assert (part.state, part.version, part.deleted_at) == ("in_progress", 4, None)


async def test_small_operations_that_write_much_are_refused(service, project, connections):
    """A hundred and forty bytes each wrote a hundred megabytes, in half a minute under locks."""
    await service.types.register(project.name, "note", {"type": "object"})
    note = (await service.entities.create(project.name, "note", {"text": "x" * 200_000})).entity
    once = {"op": "update", "entity_id": note.key, "mode": "merge", "expected_version": 1}
    with pytest.raises(InvalidInput, match="more than 16,777,216 bytes"):
        await service.batches.apply(project.name, [{**once, "data": {"n": n}} for n in range(100)])
    assert await count(connections, project, "entity_versions") == 1


async def test_what_cannot_be_done_is_told_all_at_once_and_nothing_is_written(service, project, connections):
    task = await make_task(service, project.name)
    with pytest.raises(BatchRefused, match=r"^/operations/1: .* \(and 5 more\)") as refused:
        await service.batches.apply(
            project.name,
            [
                create("Good", "good"),
                create("", "bad"),
                {"op": "update", "entity_id": task.key, "data": {}, "mode": "merge"},
                {"op": "update", "entity_id": "T-99", "data": {}, "force": True},
                {"op": "create", "schema_name": "nothing", "data": {}},
                {"op": "comment", "entity_id": "$bad", "body": "says nothing new"},
                {"op": "comment", "entity_id": "$good", "body": "\x00"},
                create("Other", "other"),
                {"op": "comment", "entity_id": "$other", "body": " "},
            ],
        )
    problems = {each["operation"]: each["code"] for each in refused.value.details["problems"]}
    assert problems == {
        "/operations/1": "workflow.invalid_entity",
        "/operations/2": "workflow.version_required",
        "/operations/3": "workflow.entity_not_found",
        "/operations/4": "workflow.type_not_found",
        "/operations/6": "input.invalid",
        "/operations/8": "input.invalid",
    }
    assert await count(connections, project, "entities") == 1


async def test_what_only_the_tables_can_tell_undoes_the_whole_batch(service, project, connections):
    one, two = await make_task(service, project.name, "one"), await make_task(service, project.name, "two")
    link = {"op": "link", "kind": "blocks"}
    with pytest.raises(BatchRefused, match=r"^/operations/1-2: ") as refused:
        await service.batches.apply(
            project.name,
            [
                create("three"),
                {**link, "entity_id": one.key, "target": two.key},
                {**link, "entity_id": two.key, "target": one.key},
            ],
        )
    assert refused.value.details["problems"][0]["code"] == "workflow.link_refused"
    assert (await count(connections, project, "entities"), await count(connections, project, "links")) == (2, 0)


async def test_links_that_were_there_or_were_not_are_told(service, project):
    link = {"entity_id": "$a", "kind": "relates", "target": "$b"}
    done = await service.batches.apply(
        project.name,
        [
            create("a", "a"), create("b", "b"),
            {"op": "unlink", **link}, {"op": "link", **link}, {"op": "unlink", **link}, {"op": "unlink", **link},
        ],
    )  # fmt: skip
    assert done.unchanged == [2, 5]


async def test_a_parent_goes_when_its_children_go_before_or_with_it(service, project):
    done = await service.batches.apply(
        project.name,
        [
            create("parent", "parent"), create("child", "child"),
            {"op": "link", "entity_id": "$child", "kind": "parent", "target": "$parent"},
        ],
    )  # fmt: skip
    delete = [{"op": "delete", "entity_id": key, "expected_version": 1} for key in done.made.values()]
    with pytest.raises(BatchRefused) as refused:
        await service.batches.apply(project.name, delete[:1])
    assert refused.value.details["problems"][0]["code"] == "workflow.has_children"
    assert (await service.batches.apply(project.name, delete)).versions == {"T-1": 2, "T-2": 2}


async def test_a_parent_stays_whose_child_comes_back_before_it_goes(service, project):
    parent, child = await make_task(service, project.name, "parent"), await make_task(service, project.name, "child")
    await service.work.link(project.name, child.key, [("parent", parent.key)])
    await service.entities.delete(project.name, child.key, expected_version=1)
    with pytest.raises(BatchRefused) as refused:
        await service.batches.apply(
            project.name,
            [
                {"op": "restore", "entity_id": child.key, "expected_version": 2},
                {"op": "delete", "entity_id": parent.key, "expected_version": 1},
            ],
        )
    assert [each["operation"] for each in refused.value.details["problems"]] == ["/operations/1"]
    assert refused.value.details["problems"][0]["code"] == "workflow.has_children"


async def test_a_stale_operation_is_told_its_conflict(service, project):
    task = await make_task(service, project.name)
    await service.entities.update(project.name, task.key, {"title": "b"}, mode="merge", expected_version=1)
    merge = {"op": "update", "entity_id": task.key, "mode": "merge", "expected_version": 1, "data": {"title": "c"}}
    with pytest.raises(BatchRefused) as refused:
        await service.batches.apply(project.name, [merge, merge])
    (problem,) = refused.value.details["problems"]
    assert problem["details"]["conflicts"] == [{"pointer": "/title", "seen": task.title, "current": "b", "yours": "c"}]


async def test_an_entity_may_be_changed_more_than_once(service, project):
    task = await make_task(service, project.name)
    merge = {"op": "update", "entity_id": task.key, "mode": "merge", "expected_version": 1}
    done = await service.batches.apply(
        project.name, [{**merge, "data": {"priority": "low"}}, {**merge, "data": {"tags": ["a"]}}]
    )
    assert done.versions == {task.key: 3}
    expected = {**task.data, "priority": "low", "tags": ["a"]}
    assert (await service.entities.get(project.name, task.key)).data == expected


async def test_a_batch_repeated_under_its_key_gets_the_first_answer(service, project, connections):
    operations = [create("a", "a"), {"op": "comment", "entity_id": "$a", "body": "once"}]
    first = await service.batches.apply(project.name, operations, idempotency_key="k")
    again = await service.batches.apply(project.name, operations, idempotency_key="k")
    assert again == first.model_copy(update={"repeated": True})
    assert (await count(connections, project, "entities"), await count(connections, project, "comments")) == (1, 1)


async def test_batches_that_block_each_other_by_unique_values_are_to_be_repeated(service, project, connections, admin):
    rules = TypeRules(indexes=[IndexedField(field="name", unique=True)])
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    await service.types.register(project.name, "vendor", schema, rules=rules)
    names = ({"name": "one"}, {"name": "two"})
    one, two = ({"op": "create", "schema_name": "vendor", "data": data} for data in names)
    vendor = compiled(await service.types.get(project.name, "vendor"))
    async with connections.connection_to(project) as connection, connection.transaction():
        await insert(connection, [new_entity(vendor, names[1])], actor="test")
        waiting = asyncio.create_task(service.batches.apply(project.name, [one, two]))
        await until(lambda: admin.fetchval(WAITING, project.database_name))
        crossing = insert(connection, [new_entity(vendor, names[0])], actor="test")
        outcomes = await asyncio.gather(crossing, waiting, return_exceptions=True)
    assert [type(each) for each in outcomes if isinstance(each, BaseException)] == [TryAgain]
    with pytest.raises(BatchRefused, match="another 'vendor' has name \"one\""):
        await service.batches.apply(project.name, [one, two])


async def test_a_thousand_creates_are_one_statement_and_keep_their_order(service, project, connections):
    done = await service.batches.apply(project.name, [create(f"number {n}") for n in range(1000)])
    assert done.keys == [f"T-{n}" for n in range(1, 1001)]
    assert await count(connections, project, "entity_versions") == 1000
    assert (await service.entities.get(project.name, "T-17")).title == "number 16"


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ([], "0 given"),
        ([create("a")] * 1001, "1,001 given"),
        ([{"op": "drop"}], r"/operations/0: .*drop"),
        ([create("a"), {"op": "delete"}], "/operations/1/entity_id: Field required"),
        ([{"op": "delete", "entity_id": "$a"}, create("a", "a")], r"/operations/0: nothing before it made \$a"),
        ([create("a", "a"), create("b", "a")], "/operations/1/ref: 'a' is taken"),
        ([create("a"), {"op": "comment", "entity_id": "T-1", "body": "b", "more": 1}], "/operations/1/more"),
        ([create("a" * 200, description="x" * 255_000)] * 70, "bytes, 16,777,216 at most"),
    ],
)
async def test_operations_of_another_form_are_refused_by_place(service, project, operations, message):
    with pytest.raises(InvalidInput, match=message):
        await service.batches.apply(project.name, operations)
