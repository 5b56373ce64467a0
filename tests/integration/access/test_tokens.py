"""Making, listing and revoking tokens."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from moorage.access.errors import InvalidTokenRequest, TokenNameTaken, TokenNotFound
from moorage.access.models import hash_of
from moorage.core.access import Caller, DatabaseGrant, InvalidGrant, NotAllowed, Scope, acting_as
from moorage.core.postgres.queries import load_statements


async def test_a_token_is_kept_as_its_hash_and_nowhere_else(tokens, connections):
    made = await tokens.create("ci", scope=Scope.READ)
    row = await connections.registry_pool.fetchrow("SELECT t::text AS whole, hash FROM public.tokens AS t")
    assert row["hash"] == hash_of(made.secret)
    assert made.secret not in row["whole"]
    assert made.secret not in str(await tokens.list())


async def test_a_token_is_listed_as_it_was_asked_for(tokens, projects, name):
    await projects.create(name, created_by="test")
    with acting_as(Caller("ada", Scope.ADMIN)):
        made = await tokens.create("ci", scope=Scope.WRITE, projects=[name], expires="30d", calls_per_minute=60)
    (listed,) = await tokens.list()
    assert listed.model_dump() == made.model_dump(exclude={"secret"})
    assert (listed.scope, listed.projects, listed.calls_per_minute) == (Scope.WRITE, (name,), 60)
    assert (listed.created_by, listed.state) == ("ada", "usable")
    assert abs(listed.expires_at - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=1)
    await projects.delete(name, confirm=name)


async def test_two_operators_who_make_the_same_token_at_once_get_one(tokens):
    made = await asyncio.gather(*(tokens.create("ci", scope=Scope.READ) for _ in range(4)), return_exceptions=True)
    refused = [each for each in made if isinstance(each, TokenNameTaken)]
    assert len(refused) == 3
    assert len(await tokens.list()) == 1


async def test_a_revoked_token_keeps_its_name_and_its_hour(tokens):
    await tokens.create("ci", scope=Scope.READ)
    first = await tokens.revoke("ci")
    assert (await tokens.revoke("ci")).revoked_at == first.revoked_at
    with pytest.raises(TokenNameTaken):
        await tokens.create("ci", scope=Scope.READ)


async def test_revoking_what_is_not_there_is_refused(tokens):
    with pytest.raises(TokenNotFound):
        await tokens.revoke("nobody")


@pytest.mark.parametrize(
    ("field", "request_"),
    [
        ("name", {"name": "two words"}),
        ("name", {"name": "x" * 64}),
        ("name", {"name": "line\nbreak"}),
        ("expires", {"expires": "soon"}),
        ("expires", {"expires": "0d"}),
        ("expires", {"expires": "4000d"}),
        ("calls_per_minute", {"calls_per_minute": 0}),
        ("projects", {"projects": []}),
        ("projects", {"projects": ["no_such_project"]}),
        ("databases", {"databases": []}),
        ("databases", {"databases": ["shop=write"]}),
        ("databases", {"scope": Scope.WRITE, "databases": [f"shop_{number}" for number in range(201)]}),
    ],
)
async def test_a_wrong_request_names_its_field_and_makes_nothing(tokens, field, request_):
    with pytest.raises(InvalidTokenRequest) as refused:
        await tokens.create(**{"name": "ci", "scope": Scope.READ} | request_)
    assert refused.value.details["field"] == field
    assert refused.value.hint
    assert await tokens.list() == []


async def test_a_wrong_grant_is_named_and_makes_nothing(tokens):
    with pytest.raises(InvalidGrant, match="shop write"):
        await tokens.create("ci", scope=Scope.WRITE, databases=["shop", "shop write"])
    assert await tokens.list() == []


async def test_a_token_s_databases_become_its_caller_s(tokens):
    made = await tokens.create("ci", scope=Scope.WRITE, databases=["shop", "tag:eu=write", "shop"])
    assert made.databases == ("shop", "tag:eu=write")
    (listed,) = await tokens.list()
    assert listed.caller().databases == (DatabaseGrant("shop"), DatabaseGrant("tag:eu", may_write=True))


async def test_a_token_from_before_is_good_for_what_it_was(tokens, connections):
    made = await tokens.create("ci", scope=Scope.WRITE)
    assert await connections.registry_pool.fetchval("SELECT databases FROM public.tokens") is None
    assert made.caller() == Caller("ci", Scope.WRITE)


@pytest.mark.parametrize(
    "caller",
    [
        Caller("w", Scope.WRITE),
        Caller("a", Scope.ADMIN, frozenset({"boats"})),
        Caller("a", Scope.ADMIN, databases=(DatabaseGrant("*", may_write=True),)),
    ],
)
async def test_tokens_are_for_administrators_of_everything(tokens, caller):
    with acting_as(caller):
        for act in (tokens.create("ci", scope=Scope.READ), tokens.list(), tokens.revoke("ci")):
            with pytest.raises(NotAllowed):
                await act


async def test_every_statement_about_tokens_is_understood(connections):
    async with connections.registry_pool.acquire() as registry:
        for each in load_statements("moorage.access"):
            await registry.prepare(each.sql)


async def test_a_later_project_of_the_same_name_is_not_open_to_the_tokens_of_a_deleted_one(tokens, projects, name: str):
    await projects.create(name, created_by="test")
    made = await tokens.create("of-the-first", scope=Scope.READ, projects=[name])
    await projects.delete(name, confirm=name)
    await projects.create(name, created_by="test")
    [kept] = [each for each in await tokens.list() if each.id == made.id]
    assert kept.projects == ()
    assert not kept.caller().sees(name)
    await projects.delete(name, confirm=name)
