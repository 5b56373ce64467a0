"""What can go wrong between a text and its vector.

EmbeddingFailed
├── EmbedderNotOpen    (Internal)      used before `open`
├── PackageMissing     (BrokenState)   the optional extra is not installed
├── ModelUnknown       (NotFound)      nobody has a model of this name
├── ModelNotLoaded     (BrokenState)   its files are missing, broken or could not be downloaded
├── KeyRefused         (Forbidden)     the endpoint wants another key
├── RequestRefused     (InvalidInput)  the endpoint does not take what it was sent
├── QuotaSpent         (Forbidden)     the endpoint wants to be paid first
├── RateLimited        (Exhausted)     the endpoint wants fewer requests, even after waiting
├── EndpointUnreachable (Unavailable)  no answer, or "try again", every time
├── AnswerInvalid      (Unavailable)   an answer that holds no vectors for these texts
└── WidthMismatch      (BrokenState)   vectors of another width than configured, or than before
"""

from __future__ import annotations

from typing import ClassVar

from moorage.core.errors import (
    BrokenState,
    Exhausted,
    Forbidden,
    Internal,
    InvalidInput,
    MoorageError,
    NotFound,
    Unavailable,
)


class EmbeddingFailed(MoorageError):
    """An embedder cannot work; caught by those who can go on without vectors, and say so."""


class EmbedderNotOpen(EmbeddingFailed, Internal):
    """An embedder was used before it was opened, or after it was closed."""

    code: ClassVar[str] = "embedding.not_open"


class PackageMissing(EmbeddingFailed, BrokenState):
    """The configured embedder needs a package that is not installed."""

    code: ClassVar[str] = "embedding.package_missing"


class ModelUnknown(EmbeddingFailed, NotFound):
    """The embedder or the endpoint knows no model of this name."""

    code: ClassVar[str] = "embedding.model_unknown"


class ModelNotLoaded(EmbeddingFailed, BrokenState):
    """The files of a model are missing, broken, or could not be downloaded."""

    code: ClassVar[str] = "embedding.model_not_loaded"


class KeyRefused(EmbeddingFailed, Forbidden):
    """The endpoint wants a key, or another one, or the key may not use the model."""

    code: ClassVar[str] = "embedding.key_refused"


class RequestRefused(EmbeddingFailed, InvalidInput):
    """The endpoint does not take the request: its size, the model's width, or an option."""

    code: ClassVar[str] = "embedding.request_refused"


class QuotaSpent(EmbeddingFailed, Forbidden):
    """The account behind the key has nothing left; waiting does not help."""

    code: ClassVar[str] = "embedding.quota_spent"


class RateLimited(EmbeddingFailed, Exhausted):
    """The endpoint refused because of too many requests, after every retry."""

    code: ClassVar[str] = "embedding.rate_limited"


class EndpointUnreachable(EmbeddingFailed, Unavailable):
    """The endpoint cannot be reached, is too slow, or fails on its side, after every retry."""

    code: ClassVar[str] = "embedding.unreachable"


class AnswerInvalid(EmbeddingFailed, Unavailable):
    """What came back is not one vector for each text."""

    code: ClassVar[str] = "embedding.answer_invalid"
    retryable: ClassVar[bool] = False


class WidthMismatch(EmbeddingFailed, BrokenState):
    """Vectors came back in another width than was configured, or than came before."""

    code: ClassVar[str] = "embedding.width_mismatch"
