"""What an OpenAI-compatible endpoint answers: vectors, or one of many ways to say no."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import httpx2
import numpy as np
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from moorage.core.embedding.embedder import FloatArray, unit_length
from moorage.core.embedding.errors import (
    AnswerInvalid,
    EmbeddingFailed,
    EndpointUnreachable,
    KeyRefused,
    ModelUnknown,
    QuotaSpent,
    RateLimited,
    RequestRefused,
)
from moorage.core.embedding.retrying import retry_after_seconds

_LONGEST_QUOTE: Final = 300
"""Characters quoted of what an endpoint says; some answer with whole pages."""

_WHAT_IT_DID: Final[dict[type[EmbeddingFailed], str]] = {
    KeyRefused: "refused the key",
    ModelUnknown: "does not know this model",
    QuotaSpent: "wants to be paid first",
    RateLimited: "got too many requests",
    EndpointUnreachable: "failed",
    RequestRefused: "refused the request",
    AnswerInvalid: "answered without embeddings",
}
_HINTS: Final[dict[type[EmbeddingFailed], str]] = {
    KeyRefused: "Set OPENAI_API_KEY or embedding.api_key, and check that the key may use the model.",
    ModelUnknown: "Check embedding.model, and that embedding.base_url ends where /embeddings follows, often in /v1.",
    QuotaSpent: "Look at the plan and the billing of the account.",
    RateLimited: "Wait, or lower embedding.concurrency and embedding.batch_characters.",
    EndpointUnreachable: "Try again later.",
    RequestRefused: "Lower embedding.batch_size or embedding.text_characters, or leave out embedding.dimensions.",
    AnswerInvalid: "Check that embedding.base_url is an OpenAI-compatible endpoint.",
}


class _Embedding(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)

    index: int
    embedding: list[float]


class _Answer(BaseModel):
    data: list[_Embedding]


def vectors_of(response: httpx2.Response, *, texts: int) -> FloatArray:
    """Return the vectors of a successful answer in the order of the request, shape (texts, their width).

    Raises:
        AnswerInvalid: there is not exactly one vector for each text, or they differ in width.
    """
    try:
        data = _Answer.model_validate_json(response.content).data
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        raise _invalid(f"{problem['msg']} at {'.'.join(map(str, problem['loc']))}") from None
    data.sort(key=lambda item: item.index)
    if [item.index for item in data] != list(range(texts)):
        raise _invalid(f"{len(data)} vectors, or wrong indexes, for {texts} texts")
    widths = {len(item.embedding) for item in data}
    if len(widths) != 1 or 0 in widths:
        raise _invalid(f"vectors of {sorted(widths)} dimensions")
    return unit_length(np.array([item.embedding for item in data], dtype=np.float32))


def failure_of(response: httpx2.Response, *, model: str, key: SecretStr | None) -> EmbeddingFailed:
    """Return the failure that an unsuccessful answer means. The key is in none of its texts."""
    kind = _kind_of(response.status_code, _error_code(response))
    # What an endpoint says of a key is left out: some repeat it in part.
    said = "" if kind is KeyRefused else f": {_quote(response, key)}"
    return kind(
        f"The endpoint {_WHAT_IT_DID[kind]} ({response.status_code}){said}",
        hint=_HINTS[kind],
        status=response.status_code,
        model=model,
        url=str(response.url),
        retry_after_seconds=retry_after_seconds(response.headers.get("Retry-After"), now=datetime.now(UTC)),
    )


def _kind_of(status: int, error_code: Any) -> type[EmbeddingFailed]:
    """Source of the codes: https://platform.openai.com/docs/guides/error-codes."""
    if status in {401, 403}:
        return KeyRefused
    if status == 404 or error_code == "model_not_found":  # noqa: PLR2004 - HTTP is known by its numbers
        return ModelUnknown
    if status == 429:  # noqa: PLR2004
        return QuotaSpent if error_code == "insufficient_quota" else RateLimited
    if status >= 500 or status == 408:  # noqa: PLR2004
        return EndpointUnreachable
    return RequestRefused if status >= 400 else AnswerInvalid  # noqa: PLR2004


def _invalid(what: str) -> AnswerInvalid:
    return AnswerInvalid(f"The endpoint {_WHAT_IT_DID[AnswerInvalid]}: {what}", hint=_HINTS[AnswerInvalid])


def _error(response: httpx2.Response) -> Any:
    """Return the `error` of an OpenAI-like answer: an object, a string, or None where there is none."""
    try:
        body = response.json()
    except ValueError:
        return None
    return body.get("error") if isinstance(body, dict) else None


def _error_code(response: httpx2.Response) -> Any:
    error = _error(response)
    return error.get("code") if isinstance(error, dict) else None


def _quote(response: httpx2.Response, key: SecretStr | None) -> str:
    """Return the beginning of what the endpoint says, without the key."""
    error = _error(response)
    said = error.get("message") if isinstance(error, dict) else error
    text = said if isinstance(said, str) else response.text
    if key is not None:
        text = text.replace(key.get_secret_value(), "***")
    return " ".join(text[:_LONGEST_QUOTE].split()) or "nothing said"
