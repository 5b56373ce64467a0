"""The indexes of a project are those that its types declare."""

from __future__ import annotations

import pytest

from moorage.workflow.errors import EntityExists
from moorage.workflow.evolution.models import Evolution
from moorage.workflow.querying.diagnosing import QueryDiagnoses
from moorage.workflow.querying.indexes import NAME_BEGINNING
from moorage.workflow.service import make_service
from moorage.workflow.settings import WorkflowSettings
from moorage.workflow.types.models import IndexedField, TypeRules

SCHEMA = {
    "type": "object",
    "properties": {"owner": {"type": "string"}, "size": {"type": "integer"}, "tags": {"type": "array"}},
}


@pytest.fixture
def workflow(connections):
    return make_service(connections, WorkflowSettings())


async def register(workflow, project, *fields: str, unique: bool = False) -> None:
    indexes = [IndexedField(field=each, unique=unique) for each in fields]
    await workflow.types.register(project.name, "job", SCHEMA, rules=TypeRules(key_prefix="J", indexes=indexes))


async def definitions(connections, project) -> list[str]:
    """Return the definitions of the valid ones, which have statistics beside them."""
    async with connections.connection_to(project) as connection:
        rows = await connection.fetch(
            "SELECT pg_get_indexdef(indexrelid) AS definition FROM pg_index"
            " JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_statistic_ext ON stxname = relname"
            " WHERE indisvalid AND starts_with(relname, $1) ORDER BY 1",
            NAME_BEGINNING,
        )
    return [row["definition"] for row in rows]


async def findings(workflow, connections, project) -> dict[str, str]:
    async with connections.connection_to(project) as connection:
        found = await QueryDiagnoses(workflow.indexes).indexes(project.name, connection)
    return {each.subject: each.code for each in found}


async def test_registering_a_type_builds_its_indexes_for_its_own_entities_only(workflow, connections, project):
    await register(workflow, project, "owner", "size")
    built = await definitions(connections, project)
    assert len(built) == 2
    assert all("schema_name = 'job'::text" in each and "deleted_at IS NULL" in each for each in built)


async def test_a_list_needs_no_index_of_its_own(workflow, connections, project):
    await register(workflow, project, "tags")
    assert await definitions(connections, project) == []


async def test_an_index_goes_with_its_declaration_and_with_its_type(workflow, connections, project):
    await register(workflow, project, "owner", "size")
    rules = TypeRules(key_prefix="J", indexes=[IndexedField(field="owner")])
    await workflow.evolution.evolve(project.name, "job", Evolution(rules=rules), expected_version=1)
    assert ["owner" in each for each in await definitions(connections, project)] == [True]
    await workflow.types.delete(project.name, "job")
    assert await definitions(connections, project) == []


async def test_a_unique_field_has_each_value_once_among_items_that_are_not_deleted(workflow, connections, project):
    await register(workflow, project, "owner", unique=True)
    first = await workflow.entities.create(project.name, "job", {"owner": "Ada"})
    with pytest.raises(EntityExists):
        await workflow.entities.create(project.name, "job", {"owner": "Ada"})
    await workflow.entities.delete(project.name, first.entity.key, expected_version=1)
    await workflow.entities.create(project.name, "job", {"owner": "Ada"})
    await workflow.entities.create(project.name, "job", {})
    await workflow.entities.create(project.name, "job", {})


async def test_values_that_should_differ_and_do_not_are_told_and_hinder_no_writer(workflow, connections, project):
    await register(workflow, project)
    for _ in range(2):
        await workflow.entities.create(project.name, "job", {"owner": "Ada"})
    rules = TypeRules(key_prefix="J", indexes=[IndexedField(field="owner", unique=True)])
    await workflow.evolution.evolve(project.name, "job", Evolution(rules=rules), expected_version=1)
    assert set((await workflow.indexes.build(project.name)).failed) == {"job.owner"}
    assert await findings(workflow, connections, project) == {
        f"index job.owner of project {project.name}": "declared_index_missing"
    }
    await workflow.entities.create(project.name, "job", {"owner": "Ada"})
    with pytest.raises(EntityExists):
        await workflow.indexes.mend(project.name)


async def test_what_a_broken_build_left_behind_is_built_again(workflow, connections, project):
    await register(workflow, project, "owner")
    async with connections.connection_to(project) as connection:
        await connection.execute(
            "UPDATE pg_index SET indisvalid = false FROM pg_class"
            " WHERE pg_class.oid = indexrelid AND starts_with(relname, 'entities_of_')"
        )
    assert set((await findings(workflow, connections, project)).values()) == {"declared_index_missing"}
    report = await workflow.indexes.build(project.name)
    assert (report.built, len(report.dropped)) == (("job.owner",), 1)
    assert (len(await definitions(connections, project)), await findings(workflow, connections, project)) == (1, {})


async def test_statistics_without_their_index_are_built_upon(workflow, connections, project):
    """So a dump is restored that was taken while the index was broken: PostgreSQL leaves that index out."""
    await register(workflow, project, "owner")
    before = await definitions(connections, project)
    async with connections.connection_to(project) as connection:
        name = await connection.fetchval("SELECT stxname FROM pg_statistic_ext")
        await connection.execute(f"DROP INDEX workflow.{name}")
    await workflow.indexes.mend(project.name)
    assert await definitions(connections, project) == before


async def test_an_index_that_no_type_declares_is_found_and_dropped(workflow, connections, project):
    async with connections.connection_to(project) as connection:
        await connection.execute("CREATE INDEX entities_of_nobody ON workflow.entities (state)")
    assert set((await findings(workflow, connections, project)).values()) == {"undeclared_index"}
    assert (await workflow.indexes.build(project.name)).dropped == ("entities_of_nobody",)
