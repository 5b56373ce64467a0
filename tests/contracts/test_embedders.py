"""What `moorage.core.embedding.embedder.Embedder` promises, asked of every embedder."""

from __future__ import annotations

import pickle
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import numpy as np
import pytest

from moorage.core.embedding.builtin import BuiltinEmbedder
from moorage.core.embedding.embedder import Embedder, WorkerEmbedder, opened
from moorage.core.embedding.errors import EmbedderNotOpen
from moorage.core.embedding.fastembed import FastEmbedEmbedder
from moorage.core.embedding.openai import OpenAIEmbedder
from moorage.core.embedding.settings import EmbeddingSettings
from tests.support.embedding_peers import Endpoint, FastEmbedPackage

TEXTS = [f"def handle_request_{number}(): return {number}" for number in range(300)]


@pytest.fixture(params=["builtin", "fastembed", "openai"])
def closed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Embedder:
    match request.param:
        case "fastembed":
            FastEmbedPackage().installed(monkeypatch)
            return FastEmbedEmbedder(EmbeddingSettings(embedder="fastembed"))
        case "openai":
            return OpenAIEmbedder(EmbeddingSettings(embedder="openai"), transport=Endpoint().transport)
    return BuiltinEmbedder()


@pytest.fixture
async def embedder(closed: Embedder) -> AsyncIterator[Embedder]:
    async with opened(closed):
        yield closed


async def test_there_is_one_vector_of_unit_length_for_each_text(embedder: Embedder) -> None:
    vectors = await embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


async def test_vectors_stand_in_the_order_of_the_texts(embedder: Embedder) -> None:
    vectors = await embedder.embed(TEXTS)
    np.testing.assert_allclose(await embedder.embed(TEXTS[::-1]), vectors[::-1], atol=1e-6)


async def test_a_text_has_the_same_vector_alone_and_among_others(embedder: Embedder) -> None:
    vectors = await embedder.embed(TEXTS)
    np.testing.assert_allclose((await embedder.embed([TEXTS[77]]))[0], vectors[77], atol=1e-6)


async def test_no_text_gives_no_vector(embedder: Embedder) -> None:
    assert (await embedder.embed([])).shape == (0, embedder.dimensions)


async def test_a_blank_text_has_the_zero_vector(embedder: Embedder) -> None:
    vectors = await embedder.embed(["", "open the door", " \n\t"])
    assert not vectors[[0, 2]].any()
    assert vectors[1].any()
    assert not (await embedder.embed_query("")).any()


async def test_texts_of_any_script_and_size_have_vectors(embedder: Embedder) -> None:
    vectors = await embedder.embed(["日本語の関数", "функция", "x" * 1_000_000, "a\x00b", "\ud800 lone"])
    assert np.isfinite(vectors).all()
    assert vectors.any(axis=1).all()


async def test_a_question_has_one_vector_of_unit_length(embedder: Embedder) -> None:
    vector = await embedder.embed_query("where are requests handled?")
    assert vector.shape == (embedder.dimensions,)
    assert np.linalg.norm(vector) == pytest.approx(1)


async def test_it_may_be_opened_and_closed_again(closed: Embedder) -> None:
    for _ in range(2):
        await closed.open()
        await closed.open()
        assert (await closed.embed(["x y"])).any()
        await closed.close()
        await closed.close()


@pytest.mark.parametrize("closed", ["fastembed", "openai"], indirect=True)
async def test_one_that_needs_opening_says_so(closed: Embedder) -> None:
    with pytest.raises(EmbedderNotOpen):
        await closed.embed(["x"])
    with pytest.raises(EmbedderNotOpen):
        _ = closed.dimensions


async def test_the_name_and_width_are_as_recorded_in_indexes(embedder: Embedder) -> None:
    names = {"moorage-hash-1": 256, "fastembed:BAAI/bge-small-en-v1.5": 8, "openai:text-embedding-3-small": 8}
    assert names[embedder.model] == embedder.dimensions


@pytest.mark.parametrize("closed", ["builtin"], indirect=True)
async def test_one_for_workers_gives_the_same_vectors_after_a_journey(embedder: Embedder) -> None:
    arrived = cast("WorkerEmbedder", pickle.loads(pickle.dumps(embedder)))
    np.testing.assert_array_equal(arrived.encode(TEXTS), await embedder.embed(TEXTS))


@pytest.mark.parametrize("closed", ["builtin"], indirect=True)
async def test_one_for_workers_is_safe_from_several_threads(embedder: Embedder) -> None:
    encode = cast("WorkerEmbedder", embedder).encode
    expected = encode(TEXTS)
    with ThreadPoolExecutor(4) as threads:
        for vectors in threads.map(encode, [TEXTS] * 8):
            np.testing.assert_array_equal(vectors, expected)
