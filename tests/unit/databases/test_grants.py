"""Which databases a token may see, and which it may write."""

from __future__ import annotations

import pytest

from moorage.core.access import NOBODY, Caller, InvalidGrant, NotAllowed, Scope, acting_as, parse_grant
from moorage.databases.definitions import Database, DirectPostgres, Origin
from moorage.databases.errors import WriteNotAllowed
from moorage.databases.sources.grants import allow_administration, allow_write, may_see, may_write

SHOP = Database(id="shop", definition=DirectPostgres(database="shop", tags=("production",)), origin=Origin.FILE)
TRIAL = Database(id="shop-trial", definition=DirectPostgres(database="t", tags=("staging", "eu")), origin=Origin.FILE)
BOATS = Database(id="project:boats", definition=DirectPostgres(database="project_boats"), origin=Origin.PROJECT)
ALL = (SHOP, TRIAL, BOATS)


def caller(*grants: str, scope: Scope = Scope.WRITE, projects: set[str] | None = None) -> Caller:
    databases = tuple(map(parse_grant, grants)) if grants else None
    return Caller("ada", scope, None if projects is None else frozenset(projects), databases)


def seen_by(who: Caller) -> list[str]:
    return [each.id for each in ALL if may_see(each, who)]


def written_by(who: Caller) -> list[str]:
    return [each.id for each in ALL if may_write(each, who)]


@pytest.mark.parametrize(
    ("who", "seen", "written"),
    [
        pytest.param(caller(), ["shop", "shop-trial", "project:boats"], ["shop", "shop-trial", "project:boats"]),
        pytest.param(caller(scope=Scope.READ), ["shop", "shop-trial", "project:boats"], []),
        pytest.param(caller("shop"), ["shop"], []),
        pytest.param(caller("shop=read", "shop-*=write"), ["shop", "shop-trial"], ["shop-trial"]),
        pytest.param(caller("tag:staging=write"), ["shop-trial"], ["shop-trial"]),
        pytest.param(caller("tag:*"), ["shop", "shop-trial"], []),
        pytest.param(caller("tag:shop"), [], []),
        pytest.param(caller("*", "shop=write"), ["shop", "shop-trial", "project:boats"], ["shop"]),
        pytest.param(caller("*=write", scope=Scope.READ), ["shop", "shop-trial", "project:boats"], []),
        pytest.param(caller("project:*"), ["project:boats"], []),
        pytest.param(caller(projects={"boats"}), ["project:boats"], ["project:boats"]),
        pytest.param(caller(projects={"ships"}), [], []),
        pytest.param(caller("*", projects={"ships"}), ["shop", "shop-trial"], []),
        pytest.param(caller("project:*", "shop", projects={"ships"}), ["shop"], []),
        pytest.param(caller(projects=set(), scope=Scope.ADMIN), [], []),
        pytest.param(NOBODY, [], []),
    ],
)
def test_a_caller_sees_and_writes_what_it_was_granted(who: Caller, seen: list[str], written: list[str]):
    assert (seen_by(who), written_by(who)) == (seen, written)


def test_an_id_that_looks_like_that_of_a_project_is_none():
    impostor = Database(id="project:boats", definition=DirectPostgres(database="x"), origin=Origin.FILE)
    assert not may_see(impostor, caller(projects={"boats"}))


@pytest.mark.parametrize(
    "text",
    ["", "tag:", "=write", "shop=", "shop=all", "shop write", "shop=write=write", "sh?p", "[a-z]", "x" * 111, "a\n"],
)
def test_what_grants_nothing_is_refused_with_its_text(text: str):
    with pytest.raises(InvalidGrant) as refusal:
        parse_grant(text)
    assert repr(text[:100])[1:-1] in refusal.value.message


@pytest.mark.parametrize("text", ["shop", "shop=write", "tag:eu", "project:*=write", "*", "a.b:c-d_e"])
def test_a_grant_is_written_as_it_is_read(text: str):
    assert str(parse_grant(text)) == text


@pytest.mark.parametrize(("who", "lacks"), [(caller("shop"), "grant"), (caller(scope=Scope.READ), "scope write")])
def test_who_may_not_write_is_told_what_is_missing(who: Caller, lacks: str):
    with acting_as(who), pytest.raises(WriteNotAllowed, match=lacks):
        allow_write(SHOP)


@pytest.mark.parametrize(
    "who", [caller(), caller("*=write", scope=Scope.ADMIN), caller(projects={"boats"}, scope=Scope.ADMIN)]
)
def test_databases_are_administered_by_administrators_of_everything(who: Caller):
    with acting_as(who), pytest.raises(NotAllowed):
        allow_administration("adding a database")


def test_an_administrator_of_everything_administers_databases():
    with acting_as(Caller("ada", Scope.ADMIN)):
        allow_administration("adding a database")
