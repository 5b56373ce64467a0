"""Answers: what a statement gave back, in as few words as a model needs."""

from __future__ import annotations

import json
from typing import Any

from moorage.core.values import Value
from moorage.databases.models import Cell, Column, RawJson


class Answer(Value):
    """What one statement gave back.

    Attributes:
        cut_by: "rows", "bytes" or "cells": which limit left something out; None when nothing was.
        next: a handle to read on, when there is more.
        rows_affected: rows written, or that would have been, where the statement writes.
        is_committed: None for what only reads; False for a preview.
    """

    database: str
    columns: tuple[Column, ...]
    rows: list[list[Cell]]
    cut_by: str | None = None
    next: str | None = None
    rows_affected: int | None = None
    is_committed: bool | None = None
    notices: tuple[str, ...] = ()


def as_json(answer: Answer) -> str:
    """Return columns and rows as compact JSON; documents inside stand as PostgreSQL wrote them."""
    head: dict[str, Any] = {
        "database": answer.database,
        "columns": [each.name for each in answer.columns],
        "types": [each.type for each in answer.columns],
    }
    rows = ",".join(f"[{','.join(map(_written, row))}]" for row in answer.rows)
    return f'{json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1]},"rows":[{rows}]}}'


def _written(cell: Cell) -> str:
    return cell if isinstance(cell, RawJson) else json.dumps(cell, ensure_ascii=False, separators=(",", ":"))
