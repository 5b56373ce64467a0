"""Over 10,000 items and 20,000 links, the hot questions about work are answered in sets, or by indexes."""

from __future__ import annotations

from itertools import pairwise

import pytest

from moorage.core.postgres.queries import load_statements
from moorage.workflow.errors import LinkRefused
from moorage.workflow.work.linking import links_add_in
from moorage.workflow.work.models import Link, LinkKind
from tests.support.plans import indexes, nodes, read_whole
from tests.support.work_graphs import fill_project
from tests.support.work_items import workflow_with_tasks

STATEMENTS = load_statements("moorage.workflow.work")


@pytest.fixture
async def filled(connections, project):
    """A connection to a project with much work."""
    await workflow_with_tasks(connections, project.name)
    async with connections.get_project_connection(project.name) as connection:
        await fill_project(connection, items=10_000, links=20_000)
        yield connection


async def test_what_is_held_up_is_compared_with_all_that_is_open_at_once(filled):
    plan = await nodes(filled, STATEMENTS.entity_ready, schema_name=None, assignee=None, without=[], limit=10)
    kinds = {each["Node Type"] for each in plan if "held" in {part.get("CTE Name") for part in each.get("Plans", ())}}
    assert kinds & {"Hash Join", "Merge Join"}
    assert "Nested Loop" not in kinds


async def test_the_first_that_are_ready_are_found_at_the_beginning_of_an_index(filled):
    plan = await nodes(filled, STATEMENTS.entity_near, schema_name=None, limit=20)
    assert {"entities_open", "links_by_target"} <= indexes(plan)
    assert read_whole(plan) <= {"claims"}, "claims are few"


async def test_questions_about_one_entity_read_no_table_whole(filled):
    first = await filled.fetchval("SELECT id FROM workflow.entities WHERE key = 'T-1000'")
    shown = {"key": None, "limit": 50, "comments": 3, "body_characters": 500}
    for name, values in [
        ("hold_list", {}),
        ("entity_show", shown),
        ("tree_ancestors", {"limit": 50}),
        ("tree_descendants", {"depth": 3, "limit": 200}),
    ]:
        assert read_whole(await nodes(filled, getattr(STATEMENTS, name), id=first, **values)) <= {"claims"}, name


async def test_a_chain_of_five_thousand_is_linked_at_once_and_not_closed(filled):
    await filled.execute("DELETE FROM workflow.links")
    ids = [row["id"] for row in await filled.fetch("SELECT id FROM workflow.entities LIMIT 5000")]
    chain = [Link(source, LinkKind.BLOCKS, target) for source, target in pairwise(ids)]
    async with filled.transaction():
        assert len(await links_add_in(filled, chain, actor="ann")) == len(chain)
    with pytest.raises(LinkRefused, match="…"):
        async with filled.transaction():
            await links_add_in(filled, [Link(ids[-1], LinkKind.BLOCKS, ids[0])], actor="ann")
