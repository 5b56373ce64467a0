"""Lists of databases: short, complete, and only of what the caller may do."""

from __future__ import annotations

import json
from typing import Any

from moorage.core.access import Caller, Scope, parse_grant
from moorage.databases.definitions import Database, DirectPostgres, Origin
from moorage.databases.managing.listing import COLUMNS, matching, page_of

ADMIN = Caller("ada", Scope.ADMIN)
READER = Caller("bob", Scope.READ)


def make(name: str, *, origin: Origin = Origin.FILE, **fields: Any) -> Database:
    definition = DirectPostgres.model_validate({"database": "x", **fields})
    return Database(id=name, definition=definition, origin=origin)


def page(databases: list[Database], caller: Caller = ADMIN, **options: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"health_of": lambda _: "unused", "default": None, "offset": 0, "limit": 50, **options}
    return json.loads(page_of(databases, caller, **given))


def cells(found: dict[str, Any], column: str) -> list[str]:
    return [row[COLUMNS.index(column)] for row in found["databases"]]


def test_a_row_says_what_is_known_of_a_database():
    found = page([make("shop", tags=["eu"], description="Orders.")], default="shop")
    assert found == {
        "total": 1,
        "default": "shop",
        "columns": ["id", "access", "health", "type", "tags", "description"],
        "databases": [["shop", "read", "unused", "direct", "eu", "Orders."]],
    }


def test_writes_are_listed_only_where_policy_and_grants_allow_them():
    shop = make("shop", readonly=False, writes=["insert", "update"])
    some = Caller("carl", Scope.WRITE, databases=(parse_grant("shop=write"),))
    assert [cells(page([shop], each), "access") for each in (ADMIN, READER, some)] == [
        ["read,insert,update"],
        ["read"],
        ["read,insert,update"],
    ]


def test_a_default_that_is_not_in_the_list_is_not_named():
    assert "default" not in page([make("shop")], default="secret")


def test_pages_say_how_to_go_on():
    databases = [make(f"db_{number}") for number in range(5)]
    first, last = page(databases, limit=3), page(databases, offset=3, limit=3)
    assert (first["total"], first["next_offset"], cells(first, "id")) == (5, 3, ["db_0", "db_1", "db_2"])
    assert ("next_offset" in last, cells(last, "id")) == (False, ["db_3", "db_4"])


def test_search_finds_words_in_all_that_is_said():
    databases = [make("billing", description="Invoices of the EU", tags=["finance"]), make("shop", tags=["eu"])]
    assert [each.id for each in matching(databases, "EU")] == ["billing", "shop"]
    assert [each.id for each in matching(databases, "eu finance")] == ["billing"]
    assert [each.id for each in matching(databases, "tag:eu")] == ["shop"]
    assert matching(databases, "tag:e") == []


def test_projects_are_told_from_databases_of_others():
    assert cells(page([make("project:web", origin=Origin.PROJECT)]), "type") == ["project"]


def test_a_page_of_fifty_costs_little():
    databases = [make(f"customer_{number:04}", description="Orders and stock", tags=["eu"]) for number in range(500)]
    text = page_of(databases, ADMIN, health_of=lambda _: "unused", default=None, offset=0, limit=50)
    assert len(text) / 50 < 90
