"""What each route asks of its caller, and how a token is read from a request."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from moorage.core.access import Caller, Scope, Unauthenticated, current_caller
from moorage.core.errors import Unavailable
from moorage.core.http.callers import Need, bearer_token, need_of
from tests.support.tiny_tools import tiny_door
from tests.unit.core.http.asking import client_of


class OneCaller:
    """A gate that knows one token, or does not answer."""

    def __init__(self, caller: Caller, *, is_down: bool = False) -> None:
        self._caller = caller
        self._is_down = is_down

    async def caller_of(self, token: str | None, *, path: str) -> Caller:
        if self._is_down:
            raise Unavailable(f"nobody can say who asks for {path}")
        if token != "good":
            raise Unauthenticated("nobody knows you")
        return self._caller

    def challenge(self, path: str, *, error: str | None, needed: Scope | None = None) -> str:
        facts = {"realm": path, "error": error, "scope": needed}
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in facts.items() if value)


async def name_of_caller(_request) -> PlainTextResponse:
    return PlainTextResponse(current_caller().name)


ROUTES = [Route("/api/v1/name", name_of_caller, methods=["GET", "POST"]), Route("/open/metadata", name_of_caller)]


async def ask(method: str, path: str, caller: Caller, *, is_down: bool = False, **headers: str):
    door = tiny_door(routes=ROUTES, gate=OneCaller(caller, is_down=is_down), open_paths=["/open/metadata"])
    async with client_of(door.app) as client:
        return await client.request(method, path, headers=headers)


@pytest.mark.parametrize(
    ("given", "token"),
    [
        ([], None),
        ([b"Bearer abc"], "abc"),
        ([b"bEARER  abc "], "abc"),
        ([b"Bearer"], ""),
        ([b"Basic abc"], None),
        ([b"Bearer abc", b"Bearer def"], ""),
    ],
)
def test_a_token_is_read_from_one_header_of_one_scheme(given: list[bytes], token: str | None):
    assert bearer_token(Headers(raw=[(b"authorization", value) for value in given])) == token


@pytest.mark.parametrize(
    ("path", "method", "need"),
    [
        ("/health/live", "GET", Need(None, token=False, counted=False)),
        ("/open", "GET", Need(None, token=False, counted=False)),
        ("/", "GET", Need(Scope.READ, token=False)),
        ("/health/ready", "GET", Need(Scope.READ, token=False)),
        ("/metrics", "GET", Need(Scope.READ, everything=True)),
        ("/mcp", "POST", Need(Scope.READ, counted=False)),
        ("/api/v1/reports", "GET", Need(Scope.READ)),
        ("/api/v1/reports", "DELETE", Need(Scope.WRITE)),
        ("/what/is/this", "GET", Need(Scope.READ)),
    ],
)
def test_a_route_asks_for_what_its_path_and_method_say(path: str, method: str, need: Need):
    assert need_of(path, method, mcp_paths=["/mcp"], open_paths=["/open"]) == need


async def test_a_route_acts_in_the_name_of_the_token():
    answer = await ask("GET", "/api/v1/name", Caller("ada", Scope.READ), authorization="Bearer good")
    assert (answer.status_code, answer.text) == (200, "ada")


async def test_a_caller_nobody_knows_is_shown_the_way_in():
    ada = Caller("ada", Scope.READ)
    missing, wrong = await ask("GET", "/mcp", ada), await ask("GET", "/mcp", ada, authorization="Bearer bad")
    assert (missing.status_code, missing.headers["www-authenticate"]) == (401, 'Bearer realm="/mcp"')
    assert wrong.headers["www-authenticate"] == 'Bearer realm="/mcp", error="invalid_token"'


async def test_a_caller_whose_scope_is_too_small_is_told_what_would_suffice():
    answer = await ask("POST", "/api/v1/name", Caller("ada", Scope.READ), authorization="Bearer good")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access.not_allowed")
    challenge = 'Bearer realm="/api/v1/name", error="insufficient_scope", scope="write"'
    assert answer.headers["www-authenticate"] == challenge


async def test_strangers_see_what_is_open_in_the_name_of_nobody():
    answer = await ask("GET", "/open/metadata", Caller("ada", Scope.READ))
    assert (answer.status_code, answer.text) == (200, "nobody")


async def test_a_probe_is_answered_while_nobody_can_say_who_calls():
    ada = Caller("ada", Scope.READ)
    assert (await ask("GET", "/health/live", ada, is_down=True)).status_code == 200
    assert (await ask("GET", "/health/ready", ada, is_down=True)).json() == {"status": "ready"}
    assert (await ask("GET", "/metrics", ada, is_down=True)).status_code == 503


async def test_a_wrong_token_is_refused_also_where_none_is_needed():
    answer = await ask("GET", "/health/ready", Caller("ada", Scope.READ), authorization="Bearer bad")
    assert answer.status_code == 401
