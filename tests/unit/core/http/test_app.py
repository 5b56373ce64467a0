"""What every answer of the HTTP door has in common."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from structlog.testing import capture_logs

from moorage.core.errors import Unavailable
from moorage.core.telemetry.metrics import REGISTRY
from tests.support.tiny_tools import StaleSum, tiny_door
from tests.unit.core.http.asking import client_of


async def raise_stale(_request: Request) -> Response:
    raise StaleSum("The sum has moved on.", hint="Read it again.", found=2)


async def raise_unavailable(_request: Request) -> Response:
    raise Unavailable("PostgreSQL does not answer.")


async def crash(_request: Request) -> Response:
    raise ZeroDivisionError("secret inner detail")


ROUTES = [
    Route("/api/v1/stale", raise_stale),
    Route("/api/v1/unavailable", raise_unavailable),
    Route("/api/v1/crash", crash),
    Route("/api/v1/{thing}", raise_stale),
]


async def ask(path: str, **headers: str) -> tuple[int, dict, dict]:
    async with client_of(tiny_door(routes=ROUTES).app) as client:
        answer = await client.get(path, headers=headers)
    return answer.status_code, answer.json(), dict(answer.headers)


async def test_an_expected_failure_of_a_route_is_its_own_json() -> None:
    status, body, _ = await ask("/api/v1/stale")
    assert status == 409
    assert body == {
        "error": {
            "code": "tiny.stale_sum",
            "message": "The sum has moved on.",
            "details": {"found": 2},
            "hint": "Read it again.",
            "retryable": False,
        }
    }


async def test_what_may_be_tried_again_says_when() -> None:
    status, _, headers = await ask("/api/v1/unavailable")
    assert (status, headers["retry-after"]) == (503, "1")


async def test_a_crash_is_answered_without_its_reason_and_logged_with_it() -> None:
    with capture_logs() as lines:
        status, body, headers = await ask("/api/v1/crash")
    assert (status, body["error"]["code"]) == (500, "internal.error")
    assert "secret" not in str(body)
    (line,) = [line for line in lines if line["event"] == "request.crashed"]
    assert line["request_id"] == headers["x-request-id"]


async def test_an_unknown_path_is_answered_in_json() -> None:
    status, body, _ = await ask("/nothing")
    assert (status, body["error"]["code"]) == (404, "http.unknown_route")


async def test_a_refused_method_names_what_the_path_takes() -> None:
    async with client_of(tiny_door().app) as client:
        answer = await client.post("/health/live")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "http.method_refused")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


async def test_a_request_keeps_the_id_its_caller_gave_it() -> None:
    _, _, headers = await ask("/health/live", **{"x-request-id": "from-the-proxy.1"})
    assert headers["x-request-id"] == "from-the-proxy.1"


async def test_an_id_that_could_break_a_log_is_replaced() -> None:
    _, _, headers = await ask("/health/live", **{"x-request-id": "a b\tc"})
    assert len(headers["x-request-id"]) == 32


async def test_requests_are_counted_by_the_route_as_it_is_written() -> None:
    labels = {"route": "/api/v1/{thing}", "method": "GET", "status": "409"}
    await ask("/api/v1/anything-at-all")
    assert REGISTRY.get_sample_value("moorage_http_requests_total", labels)


async def test_paths_made_up_by_callers_do_not_become_labels() -> None:
    await ask("/made/up/by/a/scanner")
    async with client_of(tiny_door().app) as client:
        exposed = (await client.get("/metrics")).text
    assert "scanner" not in exposed
    assert 'moorage_http_requests_total{method="GET",route="unmatched",status="404"}' in exposed
