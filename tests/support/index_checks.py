"""Whether an index holds what its folder holds: nothing lost, nothing twice, words and vectors for every chunk."""

from __future__ import annotations

from pathlib import Path

import numpy as np

CHUNKS = """
    SELECT c.repository_id, c.file_path, c.start_line, c.end_line, c.content, c.segment_id, c.position
    FROM codebase.code_chunks AS c
    ORDER BY c.file_path, c.start_line
"""


async def check_index(connection, folder: Path, paths: list[str]) -> None:
    """Assert that exactly these files of a folder are indexed, each of their lines once, with words and vectors."""
    rows = await connection.fetch(CHUNKS)
    assert {row["file_path"] for row in rows} == set(paths)
    for path in paths:
        _check_file([row for row in rows if row["file_path"] == path], (folder / path).read_text())
    places = {(row["segment_id"], row["position"]) for row in rows}
    assert len(places) == len(rows), "two chunks share a place"
    await _check_vectors(connection, places)
    await _check_words(connection, places)


def _check_file(rows: list, text: str) -> None:
    lines = text.splitlines()
    borders = [line for row in rows for line in (row["start_line"], row["end_line"])]
    inner = list(zip(borders[1::2], borders[2::2], strict=False))
    assert all(after == before + 1 for before, after in inner), f"lines lost or doubled: {borders}"
    assert (borders[0], borders[-1]) == (1, len(lines))
    assert "\n".join(row["content"] for row in rows).splitlines() == lines


async def _check_vectors(connection, places: set[tuple[int, int]]) -> None:
    if await connection.fetchval("SELECT to_regclass('codebase.embeddings') IS NOT NULL"):
        rows = await connection.fetch("SELECT segment_id, position FROM codebase.embeddings")
        assert sorted(map(tuple, rows)) == sorted(places)


async def _check_words(connection, places: set[tuple[int, int]]) -> None:
    """Assert that each chunk occurs among the postings of its segment, and that no posting lacks its segment."""
    rows = await connection.fetch("SELECT segment_id, positions FROM codebase.postings")
    with_words = {
        (row["segment_id"], position) for row in rows for position in np.frombuffer(row["positions"], "<u2").tolist()
    }
    assert places <= with_words
    segments = {row["id"] for row in await connection.fetch("SELECT id FROM codebase.segments")}
    assert {row["segment_id"] for row in rows} <= segments
