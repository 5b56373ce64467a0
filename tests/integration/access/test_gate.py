"""Who calls, as the gate finds out: from what is remembered, else from the registry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from moorage.access import gate as gates
from moorage.access import store
from moorage.access.errors import AccessTooOpen, InvalidToken, TokenMissing
from moorage.access.gate import TokenGate
from moorage.access.models import new_secret
from moorage.access.settings import AccessSettings
from moorage.core.access import Caller, Scope, system_user
from moorage.core.errors import Unavailable

ALWAYS_ASK = AccessSettings(remember_seconds=0)
REMEMBER = AccessSettings(remember_seconds=300)


@pytest.fixture
def asked(monkeypatch) -> list[set[bytes]]:
    """The hashes of each look-up in the registry."""
    batches: list[set[bytes]] = []
    find = store.token_find

    async def counted(registry, hashes):
        batches.append(set(hashes))
        return await find(registry, hashes)

    monkeypatch.setattr(store, "token_find", counted)
    return batches


@pytest.fixture
async def remembering(connections) -> AsyncIterator[TokenGate]:
    async with TokenGate(connections, REMEMBER).open() as gate:
        yield gate


async def refusal(gate: TokenGate, token: str | None) -> str:
    with pytest.raises((InvalidToken, TokenMissing)) as refused:
        await gate.caller_of(token, path="/mcp")
    return refused.value.message


async def test_a_token_makes_the_caller_it_was_made_for(tokens, remembering):
    made = await tokens.create("ci", scope=Scope.WRITE)
    assert await remembering.caller_of(made.secret, path="/mcp") == Caller("ci", Scope.WRITE)


async def test_what_was_found_out_is_not_asked_again(tokens, remembering, asked):
    made = await tokens.create("ci", scope=Scope.READ)
    for _ in range(3):
        await remembering.caller_of(made.secret, path="/mcp")
    unknown = new_secret()
    for _ in range(3):
        assert await refusal(remembering, unknown) == "no such token is known here"
    assert len(asked) == 2


async def test_a_flood_of_wrong_tokens_costs_few_statements_and_bounded_room(tokens, remembering, asked):
    made = await tokens.create("ci", scope=Scope.READ)
    await remembering.caller_of(made.secret, path="/mcp")
    wrong = [new_secret() for _ in range(3000)]
    answers = await asyncio.gather(
        *(remembering.caller_of(token, path="/mcp") for token in wrong), return_exceptions=True
    )
    assert all(isinstance(each, InvalidToken) for each in answers)
    assert len(asked) <= 3
    assert len(remembering._refused) == gates.REMEMBERED_REFUSALS
    await remembering.caller_of(made.secret, path="/mcp")
    assert len(asked) <= 3


async def test_what_is_no_token_of_ours_never_reaches_the_registry(remembering, asked):
    for token in ("", "mrg_", "mrg_" + "x" * 4000, "ey.ey.ey", "mrg_" + "\0" * 43):
        assert await refusal(remembering, token) == "this is no token of this server"
    assert asked == []


async def test_a_revoked_token_is_refused_once_it_is_asked_for_again(tokens, connections):
    made = await tokens.create("ci", scope=Scope.READ)
    gate = TokenGate(connections, ALWAYS_ASK)
    await gate.caller_of(made.secret, path="/mcp")
    await tokens.revoke("ci")
    assert await refusal(gate, made.secret) == "the token 'ci' was revoked"


async def test_a_token_that_expires_is_refused_though_it_is_remembered(tokens, remembering, asked, monkeypatch):
    made = await tokens.create("ci", scope=Scope.READ, expires="1h")
    await remembering.caller_of(made.secret, path="/mcp")

    class Later(datetime):
        @classmethod
        def now(cls, tz=UTC):
            return datetime.now(tz) + timedelta(hours=2)

    monkeypatch.setattr(gates, "datetime", Later)
    assert await refusal(remembering, made.secret) == "the token 'ci' has expired"
    assert len(asked) == 1


async def test_known_callers_get_in_while_the_registry_is_away_unless_they_were_revoked(
    tokens, connections, monkeypatch
):
    kept, gone = await tokens.create("kept", scope=Scope.READ), await tokens.create("gone", scope=Scope.READ)
    gate, open_gate = TokenGate(connections, ALWAYS_ASK), TokenGate(connections, AccessSettings(required=None))
    for made in (kept, gone):
        await gate.caller_of(made.secret, path="/metrics")
    await tokens.revoke("gone")
    await refusal(gate, gone.secret)

    async def away(*_):
        raise Unavailable("db.internal:5432 does not answer")

    monkeypatch.setattr(store, "token_find", away)
    monkeypatch.setattr(store, "token_exists", away)
    assert (await gate.caller_of(kept.secret, path="/metrics")).name == "kept"
    for caller_of in (gate.caller_of(gone.secret, path="/metrics"), open_gate.caller_of(None, path="/metrics")):
        with pytest.raises(Unavailable) as refused:
            await caller_of
        assert "db.internal" not in refused.value.as_text()


async def test_a_server_without_tokens_stays_open_while_the_registry_is_away(connections, monkeypatch):
    gate = TokenGate(connections, ALWAYS_ASK)
    await gate.caller_of(None, path="/metrics")

    async def away(*_):
        raise Unavailable("the registry does not answer")

    monkeypatch.setattr(store, "token_exists", away)
    assert await gate.caller_of(None, path="/metrics") == system_user()


async def test_without_any_token_the_user_of_the_system_calls(remembering):
    assert await remembering.caller_of(None, path="/mcp") == system_user()


async def test_the_first_token_shuts_the_door_and_revoking_it_does_not_open_it(tokens, connections):
    gate = TokenGate(connections, ALWAYS_ASK)
    assert not await gate.is_required()
    await tokens.create("ci", scope=Scope.READ)
    assert await refusal(gate, None) == "this server wants a token"
    await tokens.revoke("ci")
    assert await TokenGate(connections, ALWAYS_ASK).is_required()


async def test_calls_are_counted_over_all_tokens_remembered_anew(tokens, connections):
    made = await tokens.create("ci", scope=Scope.READ, calls_per_minute=3)
    gate = TokenGate(connections, ALWAYS_ASK)
    callers = [await gate.caller_of(made.secret, path="/mcp") for _ in range(4)]
    assert [bool(caller.limit and caller.limit.take()) for caller in callers] == [False, False, False, True]


async def test_the_settings_limit_callers_whose_token_says_nothing(tokens, connections):
    made = await tokens.create("ci", scope=Scope.READ)
    gate = TokenGate(connections, AccessSettings(calls_per_minute=7))
    limit = (await gate.caller_of(made.secret, path="/mcp")).limit
    assert limit is not None
    assert limit.calls_per_minute == 7


async def test_the_last_use_is_written_when_the_server_ends(tokens, connections):
    made = await tokens.create("ci", scope=Scope.READ)
    async with TokenGate(connections, REMEMBER).open() as gate:
        await gate.caller_of(made.secret, path="/mcp")
        assert (await tokens.list())[0].last_used_at is None
    used = (await tokens.list())[0].last_used_at
    assert abs(datetime.now(UTC) - used) < timedelta(minutes=1)


async def test_beyond_loopback_somebody_has_to_have_a_token(tokens, connections):
    gate = TokenGate(connections, AccessSettings())
    made = await tokens.create("ci", scope=Scope.READ)
    await tokens.revoke(made.name)
    with pytest.raises(AccessTooOpen) as refused:
        await gate.refuse_strangers("0.0.0.0")
    assert "moorage token create" in refused.value.hint
    await tokens.create("other", scope=Scope.READ)
    await gate.refuse_strangers("0.0.0.0")


async def test_beyond_loopback_tokens_cannot_be_turned_off(tokens, connections):
    await tokens.create("ci", scope=Scope.READ)
    with pytest.raises(AccessTooOpen) as refused:
        await TokenGate(connections, AccessSettings(required=False)).refuse_strangers("0.0.0.0")
    assert "access.required" in refused.value.message
