"""What agents and people are told of work: what is ready, why something is not, trees, paths, references, comments."""

from __future__ import annotations

import pytest

from moorage.core.access import Caller, Scope, acting_as
from moorage.core.errors import BrokenState, InvalidInput
from moorage.workflow.errors import EntityDeleted, InvalidCursor, LinkNotFound, TypeNotFound
from moorage.workflow.types.models import StateRules, TypeRules
from moorage.workflow.work.answers import ReadyItem, WorkItem
from tests.support.work_items import make_task, workflow_with_tasks


@pytest.fixture
async def workflow(connections, project):
    return await workflow_with_tasks(connections, project.name)


@pytest.fixture
def work(workflow):
    return workflow.work


@pytest.fixture
async def tasks(workflow, project):
    """Six tasks: T-1 to T-6."""
    return [await make_task(workflow, project.name, f"Task {number}") for number in range(1, 7)]


async def finish(workflow, project, key: str) -> None:
    await workflow.entities.update(project.name, key, {"status": "completed"}, mode="merge", force=True)


async def ready_keys(work, project, **filters) -> list[str]:
    return [each.key for each in (await work.ready(project.name, **filters)).items]


async def test_ready_work_is_ordered_by_priority_and_then_by_age(workflow, work, project):
    await make_task(workflow, project.name, "None")
    await make_task(workflow, project.name, "Low", priority="low")
    await make_task(workflow, project.name, "Critical", priority="critical")
    await make_task(workflow, project.name, "Low too", priority="low", assignee="ann")
    await work.link(project.name, "T-3", [("blocks", "T-1")])
    ready = await work.ready(project.name, limit=2)
    assert ready.total == 3
    assert ready.items == [
        ReadyItem(key="T-3", schema_name="task", title="Critical", state="pending", priority=0, version=1, unblocks=1),
        ReadyItem(key="T-2", schema_name="task", title="Low", state="pending", priority=3, version=1, unblocks=0),
    ]
    assert await ready_keys(work, project, assignee="ann") == ["T-4"]


async def test_work_of_a_type_that_is_not_there_is_refused_instead_of_being_none(workflow, work, project):
    assert await ready_keys(work, project, schema_name="task") == []
    assert await ready_keys(work, project, schema_name="bug") == []  # which is ready-made, and may yet come
    with pytest.raises(TypeNotFound):
        await work.ready(project.name, schema_name="taks")
    with pytest.raises(TypeNotFound):
        await work.claim(project.name, schema_name="taks")


async def test_a_parent_is_ready_after_its_parts_and_a_part_after_what_blocks_its_parent(
    workflow, work, project, tasks
):
    await work.link(project.name, "T-1", [("child", "T-2"), ("child", "T-3"), ("blocked_by", "T-4")])
    assert await ready_keys(work, project) == ["T-4", "T-5", "T-6"]
    await finish(workflow, project, "T-4")
    assert await ready_keys(work, project) == ["T-2", "T-3", "T-5", "T-6"]
    await finish(workflow, project, "T-2")
    await finish(workflow, project, "T-3")
    assert await ready_keys(work, project) == ["T-1", "T-5", "T-6"]


async def test_what_is_deleted_holds_nothing_up_until_it_is_restored(workflow, work, project, tasks):
    await work.link(project.name, "T-1", [("blocks", "T-2"), ("parent", "T-3")])
    await workflow.entities.delete(project.name, "T-1", force=True)
    assert await ready_keys(work, project) == ["T-2", "T-3", "T-4", "T-5", "T-6"]
    assert (await work.show(project.name, "T-2")).links == []
    await workflow.entities.restore(project.name, "T-1", force=True)
    assert await ready_keys(work, project) == ["T-1", "T-4", "T-5", "T-6"]


async def test_a_deleted_ancestor_ends_the_line_of_those_that_count(connections, work, project, tasks):
    await work.link(project.name, "T-1", [("parent", "T-2")])
    await work.link(project.name, "T-2", [("parent", "T-3")])
    await work.link(project.name, "T-4", [("blocks", "T-3")])
    assert "T-1" not in await ready_keys(work, project)
    async with connections.get_project_connection(project.name) as connection:
        await connection.execute("UPDATE workflow.entities SET deleted_at = now() WHERE key = 'T-2'")
    assert "T-1" in await ready_keys(work, project)


async def test_why_blocked_names_blockers_parts_and_what_to_begin_with(work, project, tasks):
    await work.link(project.name, "T-1", [("parent", "T-2"), ("blocked_by", "T-3"), ("child", "T-6")])
    await work.link(project.name, "T-2", [("blocked_by", "T-4")])
    await work.link(project.name, "T-4", [("blocked_by", "T-5")])
    with acting_as(Caller("ann", Scope.WRITE)):
        await work.claim(project.name, "T-5")
    why = await work.why_blocked(project.name, "T-1")
    assert why.verdict == "blocked"
    assert [(each.key, each.through) for each in why.blockers] == [("T-3", None), ("T-4", "T-2")]
    assert [each.key for each in why.open_children] == ["T-6"]
    assert [(each.key, each.holder) for each in why.start_with] == [("T-3", None), ("T-5", "ann")]
    assert why.message == "T-1 waits for 3 others; begin with T-3 (free), T-5 (held by ann)."


async def test_a_part_is_begun_with_where_only_parts_are_open(work, project, tasks):
    await work.link(project.name, "T-1", [("child", "T-2")])
    why = await work.why_blocked(project.name, "T-1")
    assert why.start_with == [WorkItem(key="T-2", title="Task 2", state="pending")]


async def test_why_blocked_says_what_else_is_the_case(workflow, work, project, tasks):
    await work.claim(project.name, "T-2")
    await finish(workflow, project, "T-3")
    await workflow.entities.delete(project.name, "T-4", force=True)
    await workflow.types.register(project.name, "note", {"type": "object"})
    note = await workflow.entities.create(project.name, "note", {})
    keys = ["T-1", "T-2", "T-3", "T-4", note.entity.key]
    verdicts = [(await work.why_blocked(project.name, each)).verdict for each in keys]
    assert verdicts == ["ready", "claimed", "over", "deleted", "no_work"]


async def test_a_cycle_written_past_the_program_is_told_and_not_followed_for_ever(connections, work, project, tasks):
    async with connections.get_project_connection(project.name) as connection:
        await connection.execute(
            "INSERT INTO workflow.links (source_id, kind, target_id, created_by) VALUES"
            " ($1, 'blocks', $2, 'x'), ($2, 'blocks', $1, 'x'), ($1, 'parent', $2, 'x'), ($2, 'parent', $1, 'x')",
            tasks[0].id,
            tasks[1].id,
        )
    for ask in (work.why_blocked, work.critical_path):
        with pytest.raises(BrokenState, match="links make a cycle"):
            await ask(project.name, "T-1")
    assert await ready_keys(work, project) == ["T-3", "T-4", "T-5", "T-6"]
    assert (await work.show(project.name, "T-1")).blocked_by == ["T-1", "T-2"]
    assert (await work.tree(project.name, "T-1")).total == 2


async def test_the_critical_path_is_the_longest_chain_of_open_work(workflow, work, project, tasks):
    await work.link(project.name, "T-1", [("blocks", "T-2")])
    await work.link(project.name, "T-2", [("blocks", "T-3")])
    await work.link(project.name, "T-4", [("blocks", "T-3"), ("child", "T-5")])
    path = await work.critical_path(project.name)
    assert (path.length, [each.key for each in path.items][-1]) == (3, "T-3")
    await finish(workflow, project, "T-1")
    path = await work.critical_path(project.name, "T-3")
    assert [each.key for each in path.items] == ["T-5", "T-4", "T-3"]
    alone = await work.critical_path(project.name, "T-6")
    assert [(each.key, each.estimate) for each in alone.items] == [("T-6", 1)]


async def test_estimates_count_on_the_critical_path(workflow, work, project):
    rules = TypeRules(key_prefix="S", state=StateRules(final=["done"]))
    schema = {"type": "object", "properties": {"status": {"enum": ["open", "done"]}, "estimate": {}}}
    await workflow.types.register(project.name, "step", schema, rules=rules)
    for estimate in (1, 2.5, 8, "much", -3):
        await workflow.entities.create(project.name, "step", {"status": "open", "estimate": estimate})
    await work.link(project.name, "S-1", [("blocks", "S-2")])
    await work.link(project.name, "S-3", [("blocks", "S-4"), ("blocks", "S-5")])
    path = await work.critical_path(project.name)
    assert [(each.key, each.estimate) for each in path.items] == [("S-3", 8), ("S-4", 1)]
    assert path.length == 9
    await workflow.entities.create(project.name, "step", {"status": "open", "estimate": 10})
    assert [each.key for each in (await work.critical_path(project.name)).items] == ["S-6"]


async def test_what_a_task_is_estimated_at_counts_on_the_critical_path(workflow, work, project, tasks):
    await make_task(workflow, project.name, estimate=3)
    assert (await work.critical_path(project.name)).length == 3


async def test_a_tree_shows_levels_and_counts_all_of_them(workflow, work, project, tasks):
    await work.link(project.name, "T-2", [("parent", "T-1"), ("child", "T-3"), ("child", "T-4")])
    await work.link(project.name, "T-4", [("child", "T-5")])
    await finish(workflow, project, "T-5")
    tree = await work.tree(project.name, "T-2", depth=1)
    assert [each.key for each in tree.ancestors] == ["T-1"]
    assert [(each.key, each.parent, each.depth) for each in tree.nodes] == [("T-3", "T-2", 1), ("T-4", "T-2", 1)]
    assert (tree.states, tree.open_count, tree.total) == ({"pending": 2, "completed": 1}, 2, 3)
    deeper = await work.tree(project.name, "T-1")
    assert [each.key for each in deeper.nodes] == ["T-2", "T-3", "T-4", "T-5"]


async def test_an_entity_is_shown_with_what_is_around_it(work, project, tasks):
    await work.link(
        project.name, "T-1",
        [("parent", "T-2"), ("blocked_by", "T-3"), ("relates", "T-4"), ("duplicates", "T-5"), ("child", "T-6")],
        ["src/app.py:10-20", "https://example.org/"],
    )  # fmt: skip
    for number in range(5):
        await work.comment(project.name, "T-1", f"Said {number}")
    shown = await work.show(project.name, "t-1")
    assert {(each.kind, each.key) for each in shown.links} == {
        ("parent", "T-2"), ("blocked_by", "T-3"), ("relates", "T-4"), ("duplicates", "T-5"), ("child", "T-6"),
    }  # fmt: skip
    assert shown.references == ["https://example.org/", "src/app.py:10-20"]
    assert (shown.comment_count, [each.body for each in shown.comments]) == (5, ["Said 4", "Said 3", "Said 2"])
    assert shown.blocked_by == ["T-3"]
    others = {key: (await work.show(project.name, key)).links for key in ("T-2", "T-3", "T-4", "T-5", "T-6")}
    assert {key: links[0].kind for key, links in others.items()} == {
        "T-2": "child", "T-3": "blocks", "T-4": "relates", "T-5": "duplicated_by", "T-6": "parent",
    }  # fmt: skip
    assert (await work.show(project.name, "T-6")).blocked_by == ["T-3"]


async def test_what_is_shown_is_bounded_and_says_so(workflow, work, project, tasks):
    await work.link(project.name, "T-1", references=[f"src/{number}.py" for number in range(60)])
    shown = await work.show(project.name, "T-1")
    assert (len(shown.references), shown.left_out) == (50, 10)


async def test_links_are_taken_away_all_or_none(work, project, tasks):
    await work.link(project.name, "T-1", [("blocks", "T-2")], ["src/app.py"])
    with pytest.raises(LinkNotFound):
        await work.unlink(project.name, "T-1", [("blocks", "T-2"), ("blocks", "T-3")])
    removed = await work.unlink(project.name, "T-2", [("blocked_by", "T-1")])
    assert (removed.links_changed, removed.references_changed) == (1, 0)
    assert (await work.unlink(project.name, "T-1", [], ["./src/app.py"])).references_changed == 1


async def test_linking_again_changes_nothing_and_a_key_repeats_the_answer(work, project, tasks):
    first = await work.link(project.name, "T-1", [("blocks", "T-2")], idempotency_key="a")
    assert (first.key, first.links_changed, first.repeated) == ("T-1", 1, False)
    assert (await work.link(project.name, "T-1", [("blocks", "T-2")])).links_changed == 0
    repeated = await work.link(project.name, "T-1", [("blocks", "T-2")], idempotency_key="a")
    assert repeated == first.model_copy(update={"repeated": True})


async def test_a_link_with_what_was_deleted_later_can_be_taken_away(workflow, work, project, tasks):
    await work.link(project.name, "T-1", [("blocks", "T-2")])
    await workflow.entities.delete(project.name, "T-2", force=True)
    assert (await work.unlink(project.name, "T-1", [("blocks", "T-2")])).links_changed == 1


async def test_nothing_to_link_is_refused(work, project, tasks):
    with pytest.raises(InvalidInput, match="links, references"):
        await work.link(project.name, "T-1")


async def test_who_refers_to_a_place_is_found_by_file_and_lines(workflow, work, project, tasks):
    await work.link(project.name, "T-1", references=["src/app.py:10-20"])
    await work.link(project.name, "T-2", references=["src/app.py"])
    await work.link(project.name, "T-3", references=["web//src/app.py:30"])
    await work.link(project.name, "T-4", references=["src/other.py"])
    await workflow.entities.delete(project.name, "T-2", force=True)

    async def keys(reference: str) -> set[str]:
        return {each.key for each in (await work.references_to(project.name, reference)).entities}

    assert await keys("src/app.py") == {"T-1", "T-3"}
    assert await keys("src/app.py:20-25") == {"T-1"}
    assert await keys("web//src/app.py:30-31") == {"T-3"}
    assert await keys("api//src/app.py") == {"T-1"}
    assert await keys("src/none.py") == set()


async def test_comments_come_in_pages_the_newest_first(work, project, tasks):
    for number in range(5):
        await work.comment(project.name, "T-1", f"Said {number}")
    first = await work.comments(project.name, "T-1", limit=3)
    rest = await work.comments(project.name, "T-1", limit=3, cursor=first.next_cursor)
    assert [each.body for each in first.comments + rest.comments] == [f"Said {number}" for number in (4, 3, 2, 1, 0)]
    assert (first.total, rest.next_cursor) == (5, None)
    with pytest.raises(InvalidCursor):
        await work.comments(project.name, "T-2", cursor=first.next_cursor)


async def test_comments_that_cannot_be_kept_are_refused(workflow, work, project, tasks):
    for body in ("", "  \n", "x" * 20_001, "a\x00b", "\ud800"):
        with pytest.raises(InvalidInput):
            await work.comment(project.name, "T-1", body)
    await workflow.entities.delete(project.name, "T-2", force=True)
    with pytest.raises(EntityDeleted):
        await work.comment(project.name, "T-2", "Too late.")
