"""A page of results: the texts of its chunks, and what became of their files since."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from moorage.codebase import answers, store
from moorage.codebase.freshness import file_changed
from moorage.codebase.models import ChunkContent, Repository, SearchHit
from moorage.codebase.search import Found
from moorage.core.postgres.pools import Connection


async def hits_of_page(
    connection: Connection, found: Found, repositories: Mapping[UUID, Repository], *, offset: int, limit: int
) -> list[SearchHit]:
    """Make a page of results; files that are gone from disk are left out at once."""
    page = [each.chunk for each in found.ranked[offset : offset + limit]]
    contents = await store.chunk_contents(connection, [chunk.id for chunk in page])
    hits = []
    for each in found.ranked[offset : offset + limit]:
        repository, content = repositories.get(each.chunk.repository_id), contents.get(each.chunk.id)
        if repository is None or content is None:
            continue  # it was removed or replaced while the search ran
        changed = _changed_since(repository, each.chunk.file_path, content)
        if changed is not None:
            hits.append(answers.hit(each, found, repository, content.content, changed_since=changed))
    return hits


def _changed_since(repository: Repository, path: str, content: ChunkContent) -> bool | None:
    """Tell whether a file changed since it was indexed; None when it is gone, though its folder is there."""
    changed = file_changed(f"{repository.folder}/{path}", content.file_size, content.file_modified_ns)
    return True if changed is None and not Path(repository.folder).is_dir() else changed
