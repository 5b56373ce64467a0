"""A page of results: the texts of its chunks, and what became of their files since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from moorage.codebase import answers, store
from moorage.codebase.freshness import changed_files
from moorage.codebase.models import Repository, SearchHit
from moorage.codebase.ranking import Ranked
from moorage.codebase.search import Found
from moorage.core.postgres.pools import Connection


async def hits_of_page(
    connection: Connection, found: Found, repositories: Mapping[UUID, Repository], *, offset: int, limit: int
) -> list[SearchHit]:
    """Make a page of results; files that are gone from disk are left out at once."""
    page = [each for each in found.ranked[offset : offset + limit] if each.chunk.repository_id in repositories]
    changed = await _changes(connection, page, repositories)
    contents = await store.chunk_contents(connection, [each.chunk.id for each in page])
    hits = []
    for each in page:
        state = changed[each.chunk.repository_id, each.chunk.file_path]
        if state is not None:
            repository = repositories[each.chunk.repository_id]
            hits.append(answers.hit(each, found, repository, contents[each.chunk.id], changed_since=state))
    return hits


async def _changes(
    connection: Connection, page: Sequence[Ranked], repositories: Mapping[UUID, Repository]
) -> dict[tuple[UUID, str], bool | None]:
    """Tell for each file of a page whether it changed since it was indexed; None when it is gone."""
    result: dict[tuple[UUID, str], bool | None] = {}
    for repository_id in {each.chunk.repository_id for each in page}:
        folder = repositories[repository_id].folder
        paths = list({each.chunk.file_path for each in page if each.chunk.repository_id == repository_id})
        stamps = await store.file_stamps(connection, repository_id, paths)
        states = changed_files(folder, stamps, paths) if Path(folder).is_dir() else dict.fromkeys(paths, True)
        result |= {(repository_id, path): state for path, state in states.items()}
    return result
