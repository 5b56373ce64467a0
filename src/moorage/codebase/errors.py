"""What can go wrong with code search."""

from __future__ import annotations

from typing import ClassVar

from moorage.core.errors import Conflict, InvalidInput, MoorageError, NotFound


class RepositoryNotFound(NotFound):
    """No indexed repository has this name, path or id."""

    code: ClassVar[str] = "codebase.repository_not_found"


class RepositoryAmbiguous(InvalidInput):
    """Several repositories have this name."""

    code: ClassVar[str] = "codebase.repository_ambiguous"


class ChunkNotFound(NotFound):
    """No chunk has one of these ids; files change, and chunks with them."""

    code: ClassVar[str] = "codebase.chunk_not_found"


class FileNotIndexed(NotFound):
    """The file is not in the index."""

    code: ClassVar[str] = "codebase.file_not_indexed"


class InvalidQuery(InvalidInput):
    """The query or one of its filters cannot be used."""

    code: ClassVar[str] = "codebase.invalid_query"


class AlreadyIndexing(Conflict):
    """The repository is being indexed by another process."""

    code: ClassVar[str] = "codebase.already_indexing"
    retryable: ClassVar[bool] = True


class ModelMismatch(Conflict):
    """The project was indexed with another embedding model than this process uses."""

    code: ClassVar[str] = "codebase.model_mismatch"


class JobLost(Conflict):
    """The job was taken over, or its repository removed, while this process worked on it."""

    code: ClassVar[str] = "codebase.job_lost"


class JobNotFound(NotFound):
    """The repository has no running job."""

    code: ClassVar[str] = "codebase.job_not_found"


class IndexingFailed(MoorageError):
    """An index run ended with an error; what was written before stays and is used."""

    code: ClassVar[str] = "codebase.indexing_failed"
