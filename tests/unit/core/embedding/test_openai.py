from __future__ import annotations

import asyncio
import json
import socket
import traceback
from typing import Any

import httpx2
import numpy as np
import pytest

from moorage.core.embedding.embedder import opened
from moorage.core.embedding.errors import (
    AnswerInvalid,
    EmbeddingFailed,
    EndpointUnreachable,
    KeyRefused,
    ModelUnknown,
    QuotaSpent,
    RateLimited,
    RequestRefused,
    WidthMismatch,
)
from moorage.core.embedding.openai import OpenAIEmbedder
from moorage.core.embedding.settings import EmbeddingSettings
from tests.support.embedding_peers import WIDTH, Endpoint, vector_of

KEY = "sk-very-secret"


class Pauses(list[float]):
    """A clock's `sleep` that only notes how long it was asked to take."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


def make_embedder(endpoint: Endpoint, *, pauses: Pauses | None = None, **settings: Any) -> OpenAIEmbedder:
    return OpenAIEmbedder(
        EmbeddingSettings(embedder="openai", api_key=KEY, base_url="http://endpoint.test/v1/", **settings),
        transport=endpoint.transport,
        sleep=Pauses() if pauses is None else pauses,
    )


def answer(status: int, *, code: str | None = None, message: str = "no", **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json={"error": {"message": message, "code": code}}, headers=headers)


def items(*embeddings: list[Any], first_index: int = 0) -> httpx2.Response:
    found = [{"index": index, "embedding": each} for index, each in enumerate(embeddings, first_index)]
    return httpx2.Response(200, json={"data": found})


async def failure(embedder: OpenAIEmbedder) -> EmbeddingFailed:
    with pytest.raises(EmbeddingFailed) as caught:
        await embedder.open()
    return caught.value


async def test_a_request_is_as_the_reference_says() -> None:
    endpoint = Endpoint()
    async with opened(make_embedder(endpoint, model="m", dimensions=4)) as embedder:
        await embedder.embed(["a", "b"])
    request = endpoint.requests[-1]
    assert str(request.url) == "http://endpoint.test/v1/embeddings"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert json.loads(request.content) == {"model": "m", "input": ["a", "b"], "dimensions": 4}


async def test_an_endpoint_without_a_key_gets_none() -> None:
    endpoint = Endpoint()
    async with opened(OpenAIEmbedder(EmbeddingSettings(embedder="openai"), transport=endpoint.transport)):
        assert "Authorization" not in endpoint.requests[0].headers


async def test_vectors_are_ordered_by_their_index() -> None:
    async with opened(make_embedder(Endpoint())) as embedder:
        vectors = await embedder.embed(["a", "b", "c"])
    expected = np.array([vector_of(text) for text in "abc"])
    np.testing.assert_allclose(vectors, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)


async def test_texts_are_sent_in_batches_and_cut_off() -> None:
    endpoint = Endpoint()
    async with opened(make_embedder(endpoint, batch_size=2, text_characters=3, concurrency=1)) as embedder:
        await embedder.embed(["aaaaa", "", "b", "c"])
    assert endpoint.inputs == [["aaa", "b"], ["c"]]


async def test_requests_under_way_are_bounded() -> None:
    running, most, enough = 0, 0, asyncio.Event()

    async def respond(request: httpx2.Request) -> httpx2.Response:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        if running == 3 or len(json.loads(request.content)["input"][0]) > 1:  # the probe goes alone
            enough.set()
        await enough.wait()
        running -= 1
        return items([1.0, 0.0])

    settings = EmbeddingSettings(embedder="openai", batch_size=1, concurrency=3)
    async with opened(OpenAIEmbedder(settings, transport=httpx2.MockTransport(respond))) as embedder:
        enough.clear()
        await embedder.embed(list("abcdefghi"))
    assert most == 3


async def test_a_busy_endpoint_is_asked_again_when_it_says() -> None:
    pauses = Pauses()
    endpoint = Endpoint(first=[answer(429, **{"Retry-After": "7"}), answer(503)])
    async with opened(make_embedder(endpoint, pauses=pauses)):
        assert len(endpoint.requests) == 3
    assert 7 <= pauses[0] <= 7.7
    assert 0 <= pauses[1] <= 1


async def test_a_broken_connection_and_a_time_out_are_tried_again() -> None:
    endpoint = Endpoint(first=[httpx2.ReadError("cut"), httpx2.ReadTimeout("slow")])
    async with opened(make_embedder(endpoint)) as embedder:
        assert embedder.dimensions == WIDTH


@pytest.mark.parametrize(
    ("response", "kind", "requests"),
    [
        (answer(401), KeyRefused, 1),
        (answer(403), KeyRefused, 1),
        (answer(404), ModelUnknown, 1),
        (answer(400, code="model_not_found"), ModelUnknown, 1),
        (answer(400), RequestRefused, 1),
        (answer(429, code="insufficient_quota"), QuotaSpent, 1),
        (answer(429), RateLimited, 3),
        (answer(429, **{"Retry-After": "3600"}), RateLimited, 1),
        (answer(500), EndpointUnreachable, 3),
        (httpx2.ConnectTimeout("slow"), EndpointUnreachable, 3),
        (httpx2.Response(302, headers={"Location": "http://elsewhere.test"}), AnswerInvalid, 1),
        (httpx2.Response(200, text="<html>"), AnswerInvalid, 1),
        (httpx2.Response(200, json={"data": []}), AnswerInvalid, 1),
        (items([1.0], [2.0]), AnswerInvalid, 1),
        (items([1.0], first_index=1), AnswerInvalid, 1),
        (items([]), AnswerInvalid, 1),
        (httpx2.Response(200, text='{"data": [{"index": 0, "embedding": [NaN]}]}'), AnswerInvalid, 1),
        (items([1.0, 2.0, 3.0]), WidthMismatch, 1),
    ],
)
async def test_each_way_to_fail_has_its_class(
    response: httpx2.Response | Exception, kind: type[EmbeddingFailed], requests: int
) -> None:
    endpoint = Endpoint(first=[response] * 3)
    found = await failure(make_embedder(endpoint, attempts=3, dimensions=8))
    assert type(found) is kind
    assert found.hint
    assert len(endpoint.requests) == requests


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
async def test_a_key_that_the_endpoint_repeats_is_in_no_error(status: int) -> None:
    found = await failure(make_embedder(Endpoint(first=[answer(status, message=f"bad key {KEY}")]), attempts=1))
    assert KEY not in f"{found.as_dict()} {found.as_text()} {''.join(traceback.format_exception(found))}"


async def test_a_changed_width_is_refused() -> None:
    endpoint = Endpoint()
    async with opened(make_embedder(endpoint)) as embedder:
        endpoint.width = WIDTH + 1
        with pytest.raises(WidthMismatch) as caught:
            await embedder.embed(["a"])
    assert caught.value.details == {"expected": WIDTH, "actual": WIDTH + 1}


async def test_one_failed_batch_ends_the_others() -> None:
    async def respond(request: httpx2.Request) -> httpx2.Response:
        texts = json.loads(request.content)["input"]
        if texts == ["waits for ever"]:
            await asyncio.Event().wait()
        return answer(400, message="too long") if texts == ["fails"] else items([1.0, 0.0])

    settings = EmbeddingSettings(embedder="openai", batch_size=1)
    async with opened(OpenAIEmbedder(settings, transport=httpx2.MockTransport(respond))) as embedder:
        with pytest.raises(RequestRefused, match="too long"):
            await embedder.embed(["waits for ever", "fails"])


async def test_nobody_at_the_address_is_unreachable() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        settings = EmbeddingSettings(
            embedder="openai", base_url=f"http://127.0.0.1:{bound.getsockname()[1]}/v1", attempts=1
        )
        found = await failure(OpenAIEmbedder(settings))
    assert found.code == "embedding.unreachable"


async def test_an_endpoint_that_does_not_answer_in_time_is_unreachable() -> None:
    gone = asyncio.Event()

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    async with await asyncio.start_server(never, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        settings = EmbeddingSettings(embedder="openai", base_url=address, attempts=1, timeout_seconds=0.05)
        found = await failure(OpenAIEmbedder(settings))
        await gone.wait()
    assert found.code == "embedding.unreachable"
    assert "ReadTimeout" in found.message
