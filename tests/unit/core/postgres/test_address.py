"""Addresses of servers, and of poolers before them."""

from __future__ import annotations

import pytest

from moorage.core.postgres.address import Address, address_from_parts, address_from_url, behind_pooler

POOLER = "postgresql://pooler:6432"
IN_PARTS = address_from_parts(host="db", port=5432, user="mcp", password="p@ss")
AS_URL, _ = address_from_url("postgresql://mcp:p%40ss@db:5432/mcp_registry")
WITH_WORDS, _ = address_from_url("postgresql://db/mcp_registry?user=mcp&password=p%40ss&sslmode=require")
SERVERS = pytest.mark.parametrize("server", [IN_PARTS, AS_URL, WITH_WORDS], ids=["parts", "url", "words"])


def arguments_of_the_pooler(server: Address, url: str) -> dict[str, str]:
    pooler = behind_pooler(server, url).pooler
    assert pooler is not None
    return pooler.connect_arguments("project_a")


@SERVERS
def test_a_pooler_without_a_login_of_its_own_gets_the_servers(server: Address):
    assert arguments_of_the_pooler(server, POOLER) == {
        "dsn": POOLER, "user": "mcp", "password": "p@ss", "database": "project_a",
    }  # fmt: skip


@SERVERS
def test_the_login_in_the_url_of_a_pooler_wins(server: Address):
    found = arguments_of_the_pooler(server, "postgresql://app:other@pooler:6432")
    assert (found["user"], found["password"]) == ("app", "other")


def test_the_server_itself_is_reached_as_without_a_pooler():
    assert behind_pooler(AS_URL, POOLER).connect_arguments("x") == AS_URL.connect_arguments("x")


def test_neither_the_label_nor_the_text_of_an_address_holds_the_password():
    address = behind_pooler(AS_URL, "postgresql://app:other@pooler:6432")
    assert address.label == "db:5432"
    assert "p@ss" not in repr(address) + repr(IN_PARTS)
    assert "other" not in repr(address)
