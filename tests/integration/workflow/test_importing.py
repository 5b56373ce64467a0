"""Items of other programs come in whole, once, or not at all."""

from __future__ import annotations

import asyncio
import json

import pytest

from moorage.core.errors import InvalidInput
from moorage.workflow.errors import InvalidImport, TypeNotFound
from moorage.workflow.service import make_service
from moorage.workflow.settings import WorkflowSettings

ISSUES = [
    {
        "number": 7,
        "title": "Search is slow",
        "body": "Ten seconds.\r\nEvery time.",
        "state": "OPEN",
        "labels": [{"name": "performance"}, {"name": "P1"}],
        "assignees": [{"login": "ada"}, {"login": "bob"}],
        "createdAt": "2026-01-02T03:04:05Z",
        "url": "https://github.com/o/r/issues/7",
        "comments": [{"author": {"login": "bob"}, "body": "Same here.", "createdAt": "2026-01-03T00:00:00Z"}],
        "parent": {"number": 9},
    },
    {"number": 8, "title": "Old", "state": "CLOSED", "stateReason": "NOT_PLANNED"},
    {"number": 9, "title": "Speed", "state": "closed", "blockedBy": {"nodes": [{"number": 8}, {"number": 99}]}},
    {"number": 10, "title": "A pull request", "state": "open", "pull_request": {}},
]


@pytest.fixture
def workflow(connections):
    return make_service(connections, WorkflowSettings())


@pytest.fixture
def import_text(workflow, project):
    async def import_text(text, import_format, **options):
        content = text if isinstance(text, str) else json.dumps(text)
        return await workflow.exchange.import_text(project.name, content, import_format, **options)

    return import_text


@pytest.fixture
async def look(connections, project):
    """Ask the project's database."""

    async def look(sql: str):
        async with connections.get_project_connection(project.name) as connection:
            return [tuple(row) for row in await connection.fetch(sql)]

    return look


async def test_issues_of_github_become_entities_with_links_comments_and_references(import_text, look):
    report = await import_text(ISSUES, "github", schema_name="task")
    assert (report.source, report.created, report.types_registered) == ("github:o/r", 3, ["task"])
    assert (report.links, report.references, report.comments) == (2, 1, 1)
    rows = await look("SELECT title, state, data FROM workflow.entities ORDER BY created_at")
    assert rows[0] == (
        "Search is slow",
        "pending",
        {
            "title": "Search is slow",
            "description": "Ten seconds.\r\nEvery time.",
            "status": "pending",
            "tags": ["performance", "P1"],
            "assignee": "ada",
            "priority": "high",
        },
    )
    assert [row[:2] for row in rows[1:]] == [("Old", "cancelled"), ("Speed", "completed")]
    assert {each.field: each.count for each in report.left_out} == {"assignee (further ones)": 1, "createdAt": 1}
    assert report.skipped == ["item 4: #10 is a pull request", "the link 99 blocks 9: there is no 99"]
    assert await look("SELECT kind, target FROM workflow.code_references") == [
        ("url", "https://github.com/o/r/issues/7")
    ]
    assert await look("SELECT body FROM workflow.comments") == [("bob on 2026-01-03T00:00:00Z:\n\nSame here.",)]
    assert await look(
        "SELECT s.title, kind, t.title FROM workflow.links JOIN workflow.entities s ON s.id = source_id"
        " JOIN workflow.entities t ON t.id = target_id ORDER BY kind"
    ) == [("Old", "blocks", "Speed"), ("Search is slow", "parent", "Speed")]


async def test_an_import_that_is_repeated_makes_nothing_twice(import_text, look):
    await import_text(ISSUES[:2], "github", schema_name="task")
    again = await import_text(ISSUES, "github", schema_name="task")
    assert (again.created, again.existing) == (1, 2)
    assert [each.title for each in again.entities] == ["Speed"]
    assert again.links == 2
    assert await look("SELECT count(*)::integer FROM workflow.entities") == [(3,)]
    elsewhere = await import_text(ISSUES[:2], "github", schema_name="task", source="github:o/other")
    assert elsewhere.created == 2


async def test_a_link_to_an_item_that_was_deleted_here_is_told_and_left_out(workflow, project, import_text):
    await import_text(ISSUES[2:3], "github", schema_name="task", source="s")
    await workflow.entities.delete(project.name, "T-1", expected_version=1)
    report = await import_text([ISSUES[0], ISSUES[2]], "github", schema_name="task", source="s")
    assert (report.created, report.existing, report.links) == (1, 1, 0)
    assert report.skipped[0] == "the link 7 parent 9: 9 is deleted here"


async def test_one_file_imported_by_two_at_once_comes_in_once(import_text, look):
    await import_text("- [ ] First", "markdown")
    text = "\n".join(f"- [ ] Task {number}" for number in range(20))
    reports = await asyncio.gather(*(import_text(text, "markdown") for _ in range(2)))
    assert sorted((each.created, each.existing) for each in reports) == [(0, 20), (20, 0)]
    assert await look("SELECT count(*)::integer FROM workflow.entities") == [(21,)]


async def test_a_dry_run_says_what_would_be_made_and_makes_nothing(import_text, look):
    report = await import_text(ISSUES, "github", schema_name="task", dry_run=True)
    assert (report.created, report.links, report.types_registered) == (3, 2, ["task"])
    assert [(each.key, each.title) for each in report.entities] == [
        (None, "Search is slow"),
        (None, "Old"),
        (None, "Speed"),
    ]
    for table in ("entities", "entity_schemas", "origins", "changes"):
        assert await look(f"SELECT count(*)::integer FROM workflow.{table}") == [(0,)]


async def test_an_import_repeated_under_its_key_gets_the_first_answer(import_text):
    first = await import_text("- [ ] A", "markdown", idempotency_key="k")
    again = await import_text("- [ ] A", "markdown", idempotency_key="k")
    assert again.created == 1
    assert again.repeated
    assert again.entities == first.entities


BEADS = """\
{"id":"bd-1","title":"Epic","status":"open","priority":0,"issue_type":"task","created_at":"2026-01-01T00:00:00Z"}
{"id":"bd-2","title":"Part","status":"in_progress","priority":4,"labels":["x"],"assignee":"ada","dependencies":[{"issue_id":"bd-2","depends_on_id":"bd-1","type":"parent-child"},{"issue_id":"bd-2","depends_on_id":"bd-3","type":"blocks"},{"issue_id":"bd-2","depends_on_id":"bd-1","type":"waits-for"}],"comments":[{"author":"bob","text":"Hm.","created_at":"2026-01-02T00:00:00Z"}]}

{"id":"bd-3","title":"Found","status":"deferred","issue_type":"chore","external_ref":"https://example.org/1","dependencies":[{"depends_on_id":"bd-1","type":"discovered-from"}]}
{"id":"bd-4","title":"Gone","status":"tombstone"}
"""


async def test_issues_of_beads_become_entities(import_text, look):
    report = await import_text(BEADS, "beads")
    assert (report.created, report.links, report.comments, report.references) == (3, 3, 1, 1)
    assert await look("SELECT title, state, data->>'priority' FROM workflow.entities ORDER BY created_at") == [
        ("Epic", "pending", "critical"),
        ("Part", "in_progress", "low"),
        ("Found", "pending", None),
    ]
    assert report.skipped == ["line 2: a dependency of kind 'waits-for'", "line 5: bd-4 is deleted"]
    assert [each.field for each in report.left_out] == ["beads_status", "created_at", "issue_type"]


async def test_a_bad_line_is_named_and_nothing_is_written(import_text, look):
    text = BEADS + '{"id": "bd-5"}\n{"id": "bd-6", "title": "x", "title": "y"}\nnot json\n[1]\n'
    with pytest.raises(InvalidImport) as refused:
        await import_text(text, "beads")
    said = refused.value.details["problems"]
    assert [each.split(" ", 2)[:2] for each in said] == [["line", "6"], ["line", "7:"], ["line", "8"], ["line", "9"]]
    assert await look("SELECT count(*)::integer FROM workflow.entities") == [(0,)]


async def test_rows_of_a_table_become_entities_with_values_of_the_types_that_the_schema_says(
    workflow, project, import_text, look
):
    definition = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "title": {"type": "string"},
            "points": {"type": "integer"},
            "share": {"type": "number"},
            "done": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "extra": {"type": "object"},
        },
    }
    await workflow.types.register(project.name, "row", definition)
    text = (
        "\ufeffTitle,points,share,done,tags,extra,Cost Center\r\n"
        '"=HYPERLINK(""x"")",3,1.5,yes,a; b,"{""k"": [1]}",7\r\n'
        '"two\r\nlines",,,FALSE,,,\r\n'
    )
    report = await import_text(text, "csv", schema_name="row")
    assert [(each.field, each.places) for each in report.left_out] == [("Cost Center", ["line 2"])]
    assert [row[0] for row in await look("SELECT data FROM workflow.entities ORDER BY created_at")] == [
        {"title": '=HYPERLINK("x")', "points": 3, "share": 1.5, "done": True, "tags": ["a", "b"], "extra": {"k": [1]}},
        {"title": "two\r\nlines", "done": False},
    ]
    assert (await import_text(text, "csv", schema_name="row")).created == 0


async def test_a_cell_that_is_not_what_the_schema_says_is_refused_by_its_line(workflow, project, import_text):
    await workflow.types.register(
        project.name, "row", {"type": "object", "properties": {"points": {"type": "integer", "minimum": 1}}}
    )
    with pytest.raises(InvalidImport) as refused:
        await import_text("points\n1\nmany\n0\n", "csv", schema_name="row")
    assert [each.split(":")[0] for each in refused.value.details["problems"]] == ["line 3", "line 4"]
    with pytest.raises(TypeNotFound):
        await import_text("points\n1\n", "csv", schema_name="nothing")


async def test_a_task_list_becomes_entities_with_parts_below_them(import_text, look):
    text = "# Spring\n\nSome words.\n\n- [ ] House\n  Paint it.\n\n  - [x] Door\n  - [ ] Door\n* [X] Garden\n"
    report = await import_text(text, "markdown")
    assert report.skipped == ["1 lines that are no part of a task list"]
    assert await look("SELECT title, state, data->>'description' FROM workflow.entities ORDER BY created_at") == [
        ("House", "pending", "Paint it."),
        ("Door", "completed", None),
        ("Door", "pending", None),
        ("Garden", "completed", None),
    ]
    assert report.links == 2
    assert (await import_text(text + "- [ ] Roof\n", "markdown")).created == 1


async def test_code_in_a_task_list_is_no_task(import_text, look):
    text = "- [ ] House\n  ```\n  - [ ] not this\n  ```\n- [ ] Garden\n\n~~~md\n- [ ] nor this\n~~~\n"
    report = await import_text(text, "markdown")
    assert report.skipped == ["3 lines that are no part of a task list"]
    assert await look("SELECT title, data->>'description' FROM workflow.entities ORDER BY created_at") == [
        ("House", "```\n- [ ] not this\n```"),
        ("Garden", None),
    ]


@pytest.mark.parametrize(
    ("links", "said"),
    [
        ([("a", "blocks", "b"), ("b", "blocks", "a")], "circle"),
        ([("a", "parent-child", "b"), ("a", "parent-child", "c")], "more than one parent"),
    ],
)
async def test_links_that_cannot_be_are_refused_before_anything_is_written(import_text, links, said):
    lines = [
        {
            "id": each,
            "title": each,
            "dependencies": [{"depends_on_id": to, "type": kind} for source, kind, to in links if source == each],
        }
        for each in "abc"
    ]
    with pytest.raises(InvalidImport, match=said):
        await import_text("\n".join(map(json.dumps, lines)), "beads", dry_run=True)


async def test_a_title_that_is_too_long_is_shortened_and_kept_in_the_description(import_text, look):
    title = "word " * 100 + "end"
    await import_text([{"number": 1, "title": title, "body": "Body."}], "github", schema_name="task")
    ((short, description),) = await look("SELECT title, data->>'description' FROM workflow.entities")
    assert len(short) == 200
    assert short.endswith("…")
    assert description == f"{title}\n\nBody."


@pytest.mark.parametrize(
    ("text", "import_format"),
    [
        ("", "github"),
        ("{", "github"),
        ("[1]", "github"),
        ('[{"number": 1}]', "github"),
        ('[{"number": "x", "title": "t"}]', "github"),
        ('[{"number": 1, "title": "a\\u0000b"}]', "github"),
        ('[{"number": 1, "title": "\\ud800"}]', "github"),
        ('{"id": "a", "title": NaN}', "beads"),
        ('{"id": "a\\u0000", "title": "t"}', "beads"),
        (f'{{"id": "{"a" * 600}", "title": "t"}}', "beads"),
        ('{"id": "a", "title": "t", "comments": [{"text": "b\\u0000"}]}', "beads"),
        ("x" * 10_000_000, "beads"),
        ("x" * 10_000_000, "markdown"),
        ('a,b\n"unclosed', "csv"),
        ("a,a\n1,2", "csv"),
        ("a\n1,2", "csv"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_as_such(import_text, look, text, import_format):
    with pytest.raises(InvalidInput) as refused:
        await import_text(text, import_format, schema_name="task")
    assert refused.value.code in {"workflow.invalid_import", "input.invalid"}
    assert len(refused.value.message) < 3000
    assert await look("SELECT count(*)::integer FROM workflow.entities") == [(0,)]


async def test_a_board_has_neither_markup_nor_control_codes_of_its_items(workflow, project, import_text):
    await import_text("title\n\x1b[2J\u202e| <b>roof\x07\n", "csv", schema_name="task")
    board = await workflow.exchange.export_text(project.name, "task", "markdown")
    assert r"| **T-1** \[2J\| \<b\>roof |" in board.text


async def test_entities_go_out_as_text_in_whole_and_say_when_that_is_not_all(workflow, project, import_text):
    await import_text("\n".join(f"- [ ] Task {number}" for number in range(20)), "markdown")
    export = workflow.exchange.export_text
    for each in ("csv", "markdown", "json"):
        whole = await export(project.name, "task", each)
        part = await export(project.name, "task", each, max_characters=300)
        assert (whole.entities, whole.total, whole.truncated) == (20, 20, False)
        assert part.truncated
        assert 0 < part.entities < 20
        assert len(part.text) < len(whole.text)
    lines = (await export(project.name, "task", "json", max_characters=1)).text.splitlines()
    assert [json.loads(line)["title"] for line in lines] == ["Task 0"]
    with pytest.raises(TypeNotFound):
        await export(project.name, "nothing", "csv")


async def test_markup_in_titles_stays_inside_its_cell_of_a_board(workflow, project, import_text):
    issue = {"number": 1, "title": "a | b\n# c <img src=x> [d](e) `f`"}
    await import_text([issue], "github", schema_name="task")
    text = (await workflow.exchange.export_text(project.name, "task", "markdown")).text
    assert "**T-1** a \\| b \\# c \\<img src=x\\> \\[d\\]\\(e\\) \\`f\\`" in text
