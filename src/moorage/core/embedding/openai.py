"""Any endpoint that speaks OpenAI's `POST /embeddings`: OpenAI itself, Azure, vLLM, Ollama, llama.cpp, LM Studio.

Source: https://platform.openai.com/docs/api-reference/embeddings/create
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import httpx2

from moorage.core.embedding.batching import Batch, batches, in_order
from moorage.core.embedding.embedder import FloatArray
from moorage.core.embedding.errors import EmbedderNotOpen, EndpointUnreachable, RateLimited, WidthMismatch
from moorage.core.embedding.openai_answers import failure_of, vectors_of
from moorage.core.embedding.retrying import pause_seconds
from moorage.core.embedding.settings import EmbeddingSettings

DEFAULT_MODEL: Final = "text-embedding-3-small"


class OpenAIEmbedder:
    """A remote model. `open` asks for one vector, so that a wrong key or name shows before any work is done.

    Texts are cut off at `text_characters`. Requests are tried again after 429, 5xx, time-outs and broken
    connections, with growing pauses or the ones that the endpoint asks for.
    """

    runs_in_workers = False

    def __init__(
        self,
        settings: EmbeddingSettings,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._name = settings.model or DEFAULT_MODEL
        self._transport = transport
        self._sleep = sleep
        self._client: httpx2.AsyncClient | None = None
        self._dimensions = settings.dimensions
        self._opening = asyncio.Lock()
        self._slots = asyncio.Semaphore(settings.concurrency)

    @property
    def model(self) -> str:
        return f"openai:{self._name}"

    @property
    def dimensions(self) -> int:
        if self._dimensions is None:
            raise self._not_open()
        return self._dimensions

    async def open(self) -> None:
        async with self._opening:
            if self._client is not None:
                return
            self._client = self._new_client()
            try:
                self._dimensions = (await self._request(["moorage"])).shape[1]
            except BaseException:
                await self.close()
                raise

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        if self._client is None:
            raise self._not_open()
        settings = self._settings
        parts = batches(
            texts,
            batch_size=settings.batch_size,
            batch_characters=settings.batch_characters,
            text_characters=settings.text_characters,
        )
        return in_order(await self._request_all(list(parts)), texts=len(texts), dimensions=self.dimensions)

    async def embed_query(self, text: str) -> FloatArray:
        return (await self.embed([text]))[0]

    def _new_client(self) -> httpx2.AsyncClient:
        key = self._settings.api_key
        return httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {key.get_secret_value()}"} if key else {},
            timeout=self._settings.timeout_seconds,
            transport=self._transport,
        )

    async def _request_all(self, parts: Sequence[Batch]) -> list[tuple[Batch, FloatArray]]:
        """Request every batch, a few at a time; the first failure ends the others."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._request(batch.texts)) for batch in parts]
        except ExceptionGroup as failures:
            first = failures.exceptions[0]
            raise first from first.__cause__
        return [(batch, task.result()) for batch, task in zip(parts, tasks, strict=True)]

    async def _request(self, texts: list[str]) -> FloatArray:
        """Return the vectors of one batch, trying again where that may help."""
        async with self._slots:
            for attempt in range(1, self._settings.attempts):
                try:
                    return await self._attempt(texts)
                except (RateLimited, EndpointUnreachable) as failure:
                    pause = pause_seconds(attempt, asked_for=failure.details.get("retry_after_seconds"))
                    if pause is None:
                        raise
                    await self._sleep(pause)
            return await self._attempt(texts)

    async def _attempt(self, texts: list[str]) -> FloatArray:
        response = await self._post(texts)
        if not response.is_success:
            raise failure_of(response, model=self._name, key=self._settings.api_key)
        vectors = vectors_of(response, texts=len(texts))
        if self._dimensions not in (None, vectors.shape[1]):
            raise WidthMismatch(
                f"{self.model} answered with {vectors.shape[1]} dimensions instead of {self._dimensions}",
                hint="Set embedding.dimensions to what the model gives, or leave it out.",
                expected=self._dimensions,
                actual=vectors.shape[1],
            )
        return vectors

    async def _post(self, texts: list[str]) -> httpx2.Response:
        assert self._client is not None
        body: dict[str, object] = {"model": self._name, "input": texts}
        if self._settings.dimensions is not None:
            body["dimensions"] = self._settings.dimensions
        url = f"{self._settings.base_url}/embeddings"
        try:
            return await self._client.post(url, json=body)
        except httpx2.RequestError as error:
            raise EndpointUnreachable(
                f"No answer from {url}: {type(error).__name__}",
                hint="Check embedding.base_url, the network, and embedding.timeout_seconds.",
                url=url,
            ) from error

    def _not_open(self) -> EmbedderNotOpen:
        return EmbedderNotOpen(f"{self.model} was used while it was not open", hint="Await open() first.")
