"""Every tool with tokens of several grants, over HTTP: who may not see a database learns nothing of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from moorage.access.errors import InvalidToken
from moorage.core.access import Caller, Scope, parse_grant
from moorage.core.http.app import build_app
from moorage.core.http.page import Page
from moorage.core.mcp.server import McpServer, build_server
from moorage.core.shape import chosen_tools
from moorage.databases.opening import open_databases
from moorage.databases.saved_queries import SavedQuery
from moorage.databases.settings import DatabasesSettings, SqlSettings
from moorage.databases.tools import tools_by_profile
from tests.support.doors import served_door
from tests.support.many_databases import FreshDatabase
from tests.support.processes import MODERN_META

SEEN, WRITTEN = "shop", "shop-trial"
UNSEEN, NOBODY_S = "vault-one", "vault-two"
"""One that the caller may not see, and one that nobody has, as alike as names can be."""

HIDDEN_WORDS = ("vault-one", "vault-dead", "classified", "hidden-role", "count_hidden")
COUNT = "SELECT count(*) AS n FROM bench.orders"
CALLERS = {
    "everything": Caller("ann", Scope.ADMIN),
    "some": Caller("bob", Scope.WRITE, databases=(parse_grant("shop"), parse_grant("tag:trial=write"))),
    "reader": Caller("eve", Scope.READ, databases=(parse_grant("shop*=write"),)),
    "some-admin": Caller("joe", Scope.ADMIN, databases=(parse_grant("shop*=write"),)),
    "of-a-project": Caller("pat", Scope.WRITE, frozenset({"boats"})),
}
# What a tool needs besides the database, to get as far as looking for it.
WANTED: dict[str, dict[str, Any]] = {
    "run_query": {"sql": COUNT},
    "get_table_schema": {"table": "bench.orders"},
    "explain_query": {"sql": "SELECT 1"},
    "run_everywhere": {"sql": COUNT},
    "run_saved": {"name": "count_orders"},
    "compare_schemas": {"right_database": SEEN},
    "change_database": {"changes": {"description": "mine now"}},
    "search_objects": {"pattern": "%"},
}
# The tool of a saved query that runs in unseen databases only.
UNSEEN_TOOL = "query_count_hidden"
# Tools of administrators of everything, and the two that name no database.
FOR_EVERYTHING = {"add_database", "change_database", "remove_database", "test_database"}
WITHOUT_DATABASE = {"list_databases", "list_saved"}


class KnownCallers:
    """A gate whose tokens are known beforehand."""

    async def caller_of(self, token: str | None, *, path: str) -> Caller:
        if token not in CALLERS:
            raise InvalidToken(f"no such token for {path}")
        return CALLERS[token]

    def challenge(self, path: str, *, error: str | None, needed: Scope | None = None) -> str:
        return f"Bearer {path} {error} {needed}"


class Served:
    """All tools of databases behind one door."""

    def __init__(self, server: McpServer, client: httpx2.AsyncClient) -> None:
        served = server.fastmcp.served
        self.tools = {name: each.parameters["properties"] for name, each in served.items() if name != UNSEEN_TOOL}
        self._client = client

    async def text(self, token: str, tool: str, arguments: dict[str, Any]) -> str:
        """Return all that the caller gets to read."""
        return await self._post(token, "tools/call", {"mcp-name": tool}, name=tool, arguments=arguments)

    async def listed(self, token: str) -> set[str]:
        """Return the names of the tools that the caller sees."""
        answer = json.loads(await self._post(token, "tools/list", {}))
        return {each["name"] for each in answer["result"]["tools"]}

    async def _post(self, token: str, method: str, further: dict[str, str], **params: Any) -> str:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": MODERN_META}}
        headers = {
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": "2026-07-28",
            "mcp-method": method,
            "authorization": f"Bearer {token}",
            **further,
        }
        return (await self._client.post("/mcp", json=message, headers=headers)).text

    async def said(self, token: str, tool: str, **arguments: Any) -> str:
        return json.loads(await self.text(token, tool, arguments))["result"]["content"][0]["text"]

    async def rows(self, token: str, tool: str, **arguments: Any) -> Any:
        return json.loads(await self.said(token, tool, **arguments))

    def naming(self, tool: str, database: str) -> dict[str, Any]:
        """Return arguments with which a tool asks for a database."""
        fields = self.tools[tool]
        place = next(name for name in ("database_id", "databases", "left_database") if name in fields)
        return {**WANTED.get(tool, {}), place: [database] if place == "databases" else database}


@pytest.fixture
async def served(bench: FreshDatabase, tmp_path: Path) -> AsyncIterator[Served]:
    hidden = {"tags": ("classified",), "description": "classified"}
    databases = {
        SEEN: bench.definition(description="What customers order."),
        WRITTEN: bench.as_owner(readonly=False, tags=("trial",)),
        UNSEEN: bench.definition(**hidden),
        "vault-dead": bench.definition(**hidden, hostname="127.0.0.1", port=9, username="hidden-role"),
    }
    queries = {
        "count_orders": SavedQuery(description="Orders.", sql=COUNT, databases=(SEEN, UNSEEN, "tag:classified")),
        "count_hidden": SavedQuery(description="Of classified ones.", sql=COUNT, databases=(UNSEEN,)),
    }
    settings = DatabasesSettings(SqlSettings(tools=("all",), saved_as_tools=True), UNSEEN, databases, queries=queries)
    async with open_databases(settings, home=tmp_path) as service:
        tools = chosen_tools(tools_by_profile(service), ("all",))
        server = build_server(name="databases", version="1", instructions="For a test.", tools=tools)
        door = build_app(doors={"/mcp": server}, page=Page("Databases"), gate=KnownCallers())
        async with served_door(door) as url, httpx2.AsyncClient(base_url=url) as client:
            yield Served(server, client)


async def test_no_tool_tells_an_unseen_database_from_one_that_nobody_has(served: Served):
    for tool in served.tools.keys() - WITHOUT_DATABASE - FOR_EVERYTHING:
        for token in ("some", "reader", "some-admin", "of-a-project"):
            unseen = await served.text(token, tool, served.naming(tool, UNSEEN))
            nobody_s = await served.text(token, tool, served.naming(tool, NOBODY_S))
            assert "not_found: there is no" in unseen or "unknown_tool" in unseen, tool
            assert unseen.replace(UNSEEN, "X") == nobody_s.replace(NOBODY_S, "X"), tool


async def test_no_tool_names_an_unseen_database_or_its_tag(served: Served):
    for tool in served.tools.keys() - WITHOUT_DATABASE - FOR_EVERYTHING:
        for asked in ("vault", "vault-on", "*", "tag:*", "%"):
            for token in ("some", "reader", "of-a-project"):
                told = await served.text(token, tool, served.naming(tool, asked))
                assert not [word for word in HIDDEN_WORDS if word in told], (tool, asked)


async def test_a_default_that_is_unseen_is_no_default(served: Served):
    for tool in served.tools.keys() - WITHOUT_DATABASE - FOR_EVERYTHING - {"run_everywhere", "compare_schemas"}:
        told = await served.text("some", tool, WANTED.get(tool, {}))
        assert not [word for word in HIDDEN_WORDS if word in told], tool
    assert "databases.not_named" in await served.text("some", "run_query", {"sql": "SELECT 1"})
    assert "databases.not_named" not in await served.text("everything", "run_query", {"sql": "SELECT 1"})


@pytest.mark.parametrize(
    ("token", "ids"),
    [
        ("everything", {SEEN, WRITTEN, UNSEEN, "vault-dead"}),
        ("some", {SEEN, WRITTEN}),
        ("reader", {SEEN, WRITTEN}),
        ("of-a-project", set()),
    ],
)
async def test_the_list_has_what_a_caller_sees_and_counts_nothing_else(served: Served, token: str, ids: set[str]):
    listed = await served.rows(token, "list_databases")
    assert ({row[0] for row in listed["databases"]}, listed["total"]) == (ids, len(ids))
    for search in ({"search": "vault"}, {"search": "tag:classified"}, {"search": "classified"}):
        found = await served.rows(token, "list_databases", **search)
        assert found["total"] == (2 if token == "everything" else 0)


async def test_everywhere_is_where_a_caller_sees(served: Served):
    gathered = await served.said("some", "run_everywhere", sql="SELECT 1 AS one", databases=["*"])
    assert SEEN in gathered
    assert WRITTEN in gathered
    assert not [word for word in HIDDEN_WORDS if word in gathered]


async def test_saved_queries_are_there_for_who_sees_where_they_run(served: Served):
    listed = await served.said("some", "list_saved")
    assert "count_orders() in shop:" in listed
    assert not [word for word in HIDDEN_WORDS if word in listed]
    hidden = await served.said("some", "run_saved", name="count_hidden")
    assert hidden.replace("count_hidden", "X") == (await served.said("some", "run_saved", name="count_hiddex")).replace(
        "count_hiddex", "X"
    )
    assert (await served.rows("some", "run_saved", name="count_orders"))["rows"] == [[100]]
    assert "count_hidden" in await served.said("everything", "list_saved")


async def test_a_saved_query_is_a_tool_for_who_sees_where_it_runs(served: Served):
    assert UNSEEN_TOOL in await served.listed("everything")
    assert await served.listed("some") & {UNSEEN_TOOL, "query_count_orders"} == {"query_count_orders"}
    unseen = await served.said("some", UNSEEN_TOOL)
    nobody_s = await served.said("some", "query_count_hiddex")
    assert unseen.replace(UNSEEN_TOOL, "X") == nobody_s.replace("query_count_hiddex", "X")
    assert (await served.rows("everything", UNSEEN_TOOL))["rows"] == [[100]]


async def test_writing_needs_the_scope_and_the_grant(served: Served):
    delete = {"sql": "DELETE FROM bench.orders WHERE id = 1", "commit": True}
    refused = "databases.write_not_allowed"
    assert refused in await served.said("some", "run_query", database_id=SEEN, **delete)
    assert refused in await served.said("reader", "run_query", database_id=WRITTEN, **delete)
    for token in ("reader", "some"):
        assert (await served.rows(token, "run_query", database_id=WRITTEN, sql="SELECT 1 AS one"))["rows"] == [[1]]
    assert refused not in await served.said("some", "run_query", database_id=WRITTEN, **delete)


async def test_the_list_says_what_this_caller_may_do(served: Served):
    access = {}
    for token in ("some", "reader"):
        rows = (await served.rows(token, "list_databases"))["databases"]
        access[token] = {row[0]: row[1] for row in rows}
    assert "delete" in access["some"].pop(WRITTEN)
    assert access == {"some": {SEEN: "read"}, "reader": {SEEN: "read", WRITTEN: "read"}}


async def test_an_answer_is_read_on_by_who_asked_for_it_alone(served: Served):
    orders = {"sql": "SELECT id FROM bench.orders ORDER BY id", "max_rows": 10}
    first = await served.rows("some", "run_query", database_id=SEEN, **orders)
    for token in ("reader", "everything", "of-a-project"):
        told = await served.said(token, "run_query", next=first["next"])
        assert told.startswith("databases.reading_ended")
        assert SEEN not in told
    assert (await served.rows("some", "run_query", next=first["next"]))["rows"][0] == [11]


async def test_databases_are_managed_by_administrators_of_everything(served: Served):
    for tool in FOR_EVERYTHING:
        arguments = served.naming(tool, SEEN)
        if tool == "add_database":
            arguments["definition"] = {"database": "postgres"}
        for token in ("some", "some-admin", "of-a-project"):
            assert (await served.said(token, tool, **arguments)).startswith("access.not_allowed"), (tool, token)


async def test_metrics_are_for_who_may_see_every_database(served: Served):
    answers = {
        token: (await served._client.get("/metrics", headers={"authorization": f"Bearer {token}"})).status_code
        for token in ("everything", "some", "of-a-project")
    }
    assert answers == {"everything": 200, "some": 403, "of-a-project": 403}
