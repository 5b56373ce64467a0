"""Types registered, shown, listed and deleted, by one caller and by many at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from moorage.core.errors import InvalidInput
from moorage.workflow.errors import EntityExists, InvalidEntity, InvalidType, TypeExists, TypeInUse, TypeNotFound
from moorage.workflow.evolution.models import Evolution
from moorage.workflow.service import make_service
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.models import TypeRules
from moorage.workflow.types.packs import pack_names, read_pack
from tests.support.waiting import soon, until

NOTE: dict[str, Any] = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string"}, "rank": {"type": "integer"}},
}
OTHER = {**NOTE, "required": []}


@pytest.fixture
def service(connections):
    return make_service(connections, WorkflowSettings())


async def changes_of_types(connections, project) -> list[tuple[str, int, str]]:
    """Return what the feed has about types: operation, version, name."""
    async with connections.connection_to(project) as connection:
        rows = await connection.fetch(
            "SELECT operation, version, detail ->> 'schema_name' AS name FROM workflow.changes"
            " WHERE subject = 'type' ORDER BY txid, seq"
        )
    return [tuple(row) for row in rows]


async def is_waiting(admin, project) -> bool:
    """Tell whether somebody waits for a lock in the project's database."""
    return await admin.fetchval(
        "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock')",
        project.database_name,
    )


async def test_a_type_is_registered_with_what_its_data_holds(service, project):
    made = await service.types.register(project.name, "note", NOTE, description="A thought")
    assert made.model_dump() == {
        "project_name": project.name,
        "schema_name": "note",
        "version": 1,
        "key_prefix": "N",
        "fields": {"text": "string, required", "rank": "integer"},
        "is_new": True,
    }
    row = await service.types.get(project.name, "note")
    assert (row.schema_definition, row.description, row.version) == (NOTE, "A thought", 1)


async def test_an_identical_type_is_the_same_type_and_another_one_is_refused(service, connections, project):
    rules = TypeRules.model_validate({"title": "text", "key_prefix": "NOTE"})
    first = await service.types.register(project.name, "note", NOTE, rules=rules)
    again = await service.types.register(project.name, "note", NOTE, rules=rules)
    assert again == first.model_copy(update={"is_new": False})
    assert not (await service.types.register(project.name, "note")).is_new
    with pytest.raises(TypeExists) as refused:
        await service.types.register(project.name, "note", OTHER, rules=TypeRules(title="rank", key_prefix="N"))
    assert refused.value.details["differing"] == ["schema_definition", "rules", "rules.key_prefix"]
    assert "evolve_entity_type" in refused.value.hint
    assert await changes_of_types(connections, project) == [("create", 1, "note")]


async def test_every_pack_is_registered_by_its_name_and_takes_its_example(service, project):
    for name in pack_names():
        await service.types.register(project.name, name)
        for example in read_pack(name).schema_definition["examples"]:
            written = await service.entities.create(project.name, name, example)
            assert written.entity.title
    listed = await service.types.list(project.name)
    assert [each.schema_name for each in listed.types] == list(pack_names())
    assert len({each.key_prefix for each in listed.types}) == len(pack_names())
    assert listed.packs == {}


async def test_the_founding_designs_task_is_taken_as_it_was_written(service, project):
    """Design 1, `entity_schemas`: its first rows."""
    await service.types.register(project.name, "task")
    for status in ("pending", "in_progress", "completed", "blocked"):
        for priority in ("low", "medium", "high", "critical"):
            data: dict[str, Any] = {"title": "Write it", "status": status, "priority": priority, "description": ""}
            data |= {"assignee": "ada", "tags": ["a", "b"], "due_date": "2026-12-01T00:00:00Z"}
            await service.entities.create(project.name, "task", data)


async def test_the_versions_of_vendors_have_dots_between_their_numbers(service, project):
    await service.types.register(project.name, "vendor")
    with pytest.raises(InvalidEntity) as refused:
        await service.entities.create(project.name, "vendor", {"name": "Acme", "extractor_version": "1\\2\\3"})
    assert [each["pointer"] for each in refused.value.details["problems"]] == ["/extractor_version"]


async def test_no_two_vendors_share_a_name(service, project):
    await service.types.register(project.name, "vendor")
    await service.entities.create(project.name, "vendor", {"name": "Acme"})
    with pytest.raises(EntityExists):
        await service.entities.create(project.name, "vendor", {"name": "Acme"})


async def test_a_name_that_is_no_pack_is_refused_with_those_there_are(service, project):
    with pytest.raises(TypeNotFound) as refused:
        await service.types.register(project.name, "tsak")
    assert refused.value.details["packs"] == pack_names()


async def test_what_cannot_be_a_name_is_refused(service, project):
    for each in ("", "Task", "1st", "a-b", "a b", "../task", "task\n", "é", "a" * 64, "a\x00"):
        with pytest.raises(InvalidInput):
            await service.types.register(project.name, each, NOTE)


async def test_a_type_that_cannot_be_one_leaves_nothing(service, project):
    with pytest.raises(InvalidType):
        await service.types.register(project.name, "note", {"type": "object", "$ref": "http://127.0.0.1/x"})
    with pytest.raises(InvalidType):
        await service.types.register(project.name, "note", NOTE, rules=TypeRules(title="nothing"))
    assert (await service.types.list(project.name)).types == []


async def test_a_prefix_belongs_to_one_type(service, project):
    first = await service.types.register(project.name, "ticket", NOTE)
    second = await service.types.register(project.name, "task")
    third = await service.types.register(project.name, "tas", NOTE)
    assert [each.key_prefix for each in (first, second, third)] == ["T", "TA", "TAS"]
    with pytest.raises(TypeExists) as refused:
        await service.types.register(project.name, "note", NOTE, rules=TypeRules(key_prefix="T"))
    assert "'ticket'" in refused.value.message


async def test_types_are_listed_with_their_fields_and_how_many_entities_they_have(service, project):
    await service.types.register(project.name, "note", NOTE)
    keys = [(await service.entities.create(project.name, "note", {"text": "x"})).entity.key for _ in range(3)]
    await service.entities.delete(project.name, keys[0], expected_version=1)
    listed = await service.types.list(project.name)
    assert [(each.schema_name, each.entities, each.deleted, each.fields) for each in listed.types] == [
        ("note", 2, 1, {"text": "string, required", "rank": "integer"})
    ]
    assert set(listed.packs) == set(pack_names())
    shown = await service.types.show(project.name, "note")
    assert (shown.type.schema_definition, shown.entities, shown.deleted) == (NOTE, 2, 1)


async def test_a_type_in_use_stays_also_for_its_deleted_entities(service, project):
    await service.types.register(project.name, "note", NOTE)
    made = await service.entities.create(project.name, "note", {"text": "x"})
    await service.entities.delete(project.name, made.entity.key, expected_version=1)
    with pytest.raises(TypeInUse) as refused:
        await service.types.delete(project.name, "note")
    assert refused.value.details == {"entities": 0, "deleted": 1}


async def test_a_type_without_entities_goes_and_the_feed_tells(service, connections, project):
    await service.types.register(project.name, "note", NOTE)
    deleted = await service.types.delete(project.name, "note")
    assert (deleted.schema_name, deleted.version) == ("note", 1)
    with pytest.raises(TypeNotFound):
        await service.types.get(project.name, "note")
    with pytest.raises(TypeNotFound):
        await service.types.delete(project.name, "note")
    assert await changes_of_types(connections, project) == [("create", 1, "note"), ("delete", 1, "note")]


async def test_a_new_type_of_an_old_name_is_not_taken_for_the_old_one(service, connections, project):
    """Another process remembers the type that was deleted, and its version."""
    elsewhere = make_service(connections, WorkflowSettings())
    await service.types.register(project.name, "note", OTHER)
    with pytest.raises(InvalidEntity):
        await elsewhere.entities.create(project.name, "note", {"rank": "x"})
    await service.types.delete(project.name, "note")
    assert (await service.types.register(project.name, "note", NOTE)).version == 2
    with pytest.raises(InvalidEntity):
        await elsewhere.entities.create(project.name, "note", {"rank": 1})


@pytest.mark.parametrize("narrowed", [{"$ref": "#"}, {"pattern": "(?=x)"}, {"pattern": "^.{20000}$"}])
async def test_a_type_that_is_not_served_any_more_says_so_and_can_be_changed(service, connections, project, narrowed):
    """Another version of the program took it; limits may be narrower since."""
    await service.types.register(project.name, "note", NOTE)
    made = (await service.entities.create(project.name, "note", {"text": "x"})).entity
    async with connections.connection_to(project) as connection:
        await connection.execute(
            "UPDATE workflow.entity_schemas SET schema_definition = $1",
            {**NOTE, "properties": {**NOTE["properties"], "below": narrowed}},
        )
    newer = make_service(connections, WorkflowSettings())
    with pytest.raises(InvalidType, match="'note', version 1, is not served any more: ") as refused:
        await newer.entities.create(project.name, "note", {"text": "y"})
    assert "evolve_entity_type" in refused.value.hint
    assert (await newer.entities.get(project.name, made.key)).data == {"text": "x"}
    await newer.evolution.evolve(project.name, "note", Evolution(NOTE), expected_version=1)
    assert (await newer.entities.create(project.name, "note", {"text": "y"})).entity.data == {"text": "y"}


async def test_of_many_registrations_at_once_one_makes_the_type(connections, project):
    services = [make_service(connections, WorkflowSettings()) for _ in range(8)]
    made = await asyncio.gather(*(each.types.register(project.name, "note", NOTE) for each in services))
    assert sorted(each.is_new for each in made) == [False] * 7 + [True]
    assert await changes_of_types(connections, project) == [("create", 1, "note")]


async def test_of_different_types_of_one_name_at_once_one_wins_and_the_others_are_told(service, project):
    definitions = [{**NOTE, "description": str(number)} for number in range(8)]
    answers = await asyncio.gather(
        *(service.types.register(project.name, "note", each) for each in definitions), return_exceptions=True
    )
    (winner,) = [each for each, answer in zip(definitions, answers, strict=True) if not isinstance(answer, Exception)]
    assert sum(isinstance(each, TypeExists) for each in answers) == 7
    assert (await service.types.get(project.name, "note")).schema_definition == winner


async def test_types_of_one_letter_at_once_have_keys_of_their_own(service, project):
    names = [f"t{letter}" for letter in "abcdefgh"]
    made = await asyncio.gather(*(service.types.register(project.name, each, NOTE) for each in names))
    assert len({each.key_prefix for each in made}) == len(names)


async def test_a_type_is_not_deleted_while_its_first_entity_is_being_written(service, connections, project, admin):
    await service.types.register(project.name, "note", NOTE)
    async with connections.connection_to(project) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "INSERT INTO workflow.entities (schema_name, schema_version, data, key) VALUES ('note', 1, '{}', 'N-1')"
        )
        deleting = asyncio.create_task(service.types.delete(project.name, "note"))
        await until(lambda: is_waiting(admin, project))
        await transaction.commit()
    with pytest.raises(TypeInUse):
        await soon(deleting)
