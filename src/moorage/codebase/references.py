"""From what a caller writes to what is meant: repositories by name, path or id, and filters."""

from __future__ import annotations

from collections.abc import Sequence

from moorage.codebase.errors import RepositoryAmbiguous, RepositoryNotFound
from moorage.codebase.models import ChunkFilter, Repository, SearchFilters
from moorage.codebase.query import glob_to_pattern


def find_repository(repositories: Sequence[Repository], reference: str | None) -> Repository:
    """Return the repository that a name, path, URL or id means; None means the only one.

    Raises:
        RepositoryNotFound, RepositoryAmbiguous: the hint lists what there is.
    """
    listed = ", ".join(f"{each.name} ({each.repo_path})" for each in repositories) or "none yet"
    found = [
        each
        for each in repositories
        if reference is None or reference in (each.name, each.repo_path, each.folder, str(each.id))
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise RepositoryNotFound(
            f"no repository {reference!r} is indexed in this project" if reference else "no repository is indexed",
            hint=f"Repositories: {listed}. index_repository adds one.",
        )
    raise RepositoryAmbiguous(
        f"{len(found)} repositories could be meant" + (f" by {reference!r}" if reference else ""),
        hint=f"Give the path: {listed}.",
        field="repository",
    )


def filter_of(filters: SearchFilters, repositories: Sequence[Repository]) -> ChunkFilter:
    """Return the conditions on chunks that filters mean.

    Raises:
        InvalidQuery: the path is no glob. RepositoryNotFound, RepositoryAmbiguous.
    """
    chosen = find_repository(repositories, filters.repository) if filters.repository else None
    return ChunkFilter(
        repository_ids=(chosen.id,) if chosen else None,
        path_pattern=glob_to_pattern(filters.path) if filters.path else None,
        languages=_lowered(filters.language),
        file_types=(filters.file_type.lower().removeprefix("."),) if filters.file_type else None,
        symbol_kinds=_lowered(filters.symbol_kind),
    )


def _lowered(value: str | list[str] | None) -> tuple[str, ...] | None:
    """Return a filter's values for comparison; nothing, an empty text and an empty list all mean any."""
    if not value:
        return None
    return tuple(each.lower() for each in ([value] if isinstance(value, str) else value))
