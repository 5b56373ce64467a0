"""Rows of the index as values; a test names what matters to it."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from moorage.codebase.models import IndexJob, JobState, Repository

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def make_repository(**changes: object) -> Repository:
    values = {
        "id": uuid4(), "repo_path": "/port", "name": "port", "folder": "/port", "last_indexed_at": None,
        "head_commit": None, "total_files": 0, "total_chunks": 0, "left_out": {}, "indexing_status": "in_progress",
        "indexing_duration_seconds": None,
    }  # fmt: skip
    return Repository.model_validate(values | changes)


def make_job(**changes: object) -> IndexJob:
    values = {
        "id": uuid4(), "repository_id": uuid4(), "state": JobState.IN_PROGRESS, "phase": "reading", "runner": uuid4(),
        "lease_until": NOW, "cancel_requested": False, "full_reindex": False, "attempts": 1, "files_total": 10,
        "files_done": 3, "files_removed": 0, "chunks_written": 30, "error": None, "started_at": NOW,
        "finished_at": None, "alive": True,
    }  # fmt: skip
    return IndexJob.model_validate(values | changes)
