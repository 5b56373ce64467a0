"""Bounds that keep one run of indexing within what PostgreSQL takes."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from moorage.codebase.processing import BatchRequest, ReadRequest, process
from moorage.codebase.scanning import FoundFile, ScanLimits
from moorage.codebase.vector_table import LEAST_BUILD_MEGABYTES, MOST_BUILD_MEGABYTES, build_megabytes


def request(root: Path, names: list[str]) -> BatchRequest:
    files = [FoundFile(name, (root / name).stat().st_size, 1) for name in names]
    return BatchRequest(uuid4(), root, tuple(ReadRequest(file, None) for file in files), ScanLimits())


def test_a_file_whose_chunks_do_not_fit_into_the_segment_is_left_out_with_its_reason(tmp_path: Path):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("\n" * 750_000)
    batch = process(request(tmp_path, ["a.txt", "b.txt"]), None)
    assert [(each["path"], each["left_out"]) for each in batch.files] == [("a.txt", None), ("b.txt", "too_large")]
    assert len(batch.chunks) <= 2**15


def test_memory_for_the_vector_index_follows_the_rows_within_bounds():
    assert build_megabytes(1_000, 256) == LEAST_BUILD_MEGABYTES
    assert 256 < build_megabytes(200_000, 256) < 512
    assert build_megabytes(10**7, 1024) == MOST_BUILD_MEGABYTES
