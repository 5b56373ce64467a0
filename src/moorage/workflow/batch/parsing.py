"""Reading the operations of a batch; whatever is wrong with their form is told at once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from moorage.core.errors import InvalidInput
from moorage.workflow.batch.models import (
    MAX_BYTES,
    MAX_OPERATIONS,
    OPERATIONS,
    REFERENCE_MARK,
    BatchOperation,
    Create,
)

SHOWN_PROBLEMS = 20


def parse_operations(given: Sequence[Any]) -> list[BatchOperation]:
    """Return the operations.

    Raises:
        InvalidInput: too many, too large, of another form, or with a `$ref` that nothing before it made.
    """
    if not 0 < len(given) <= MAX_OPERATIONS:
        raise InvalidInput(
            f"operations: {len(given):,} given, 1 to {MAX_OPERATIONS:,} are possible", hint="Send several batches."
        )
    try:
        operations = OPERATIONS.validate_python(list(given))
    except ValidationError as error:
        raise _refusal([f"{_pointer(each['loc'])}: {each['msg']}" for each in error.errors()]) from None
    _refuse_large(operations)
    problems = list(_unknown_names(operations))
    if problems:
        raise _refusal(problems)
    return operations


def _refuse_large(operations: Sequence[BatchOperation]) -> None:
    """Refuse what is too large as a whole; each entity's data is measured where it is checked."""
    try:
        size = sum(len(json.dumps(each.document)) for each in operations)
    except RecursionError:
        raise InvalidInput("operations: nested too deeply", hint="Nest less than a hundred levels.") from None
    if size > MAX_BYTES:
        raise InvalidInput(f"operations: {size:,} bytes, {MAX_BYTES:,} at most", hint="Send several batches.")


def _unknown_names(operations: Sequence[BatchOperation]) -> Iterator[str]:
    known: set[str] = set()
    for place, each in enumerate(operations):
        for name in each.names:
            if name.startswith(REFERENCE_MARK) and name not in known:
                yield f"/operations/{place}: nothing before it made {name}"
        if isinstance(each, Create) and each.ref is not None:
            name = REFERENCE_MARK + each.ref
            if name in known:
                yield f"/operations/{place}/ref: {each.ref!r} is taken"
            known.add(name)


def _pointer(place: Sequence[str | int]) -> str:
    """Return where in the operations; the name of the kind, which pydantic puts behind the number, left out."""
    number, *rest = place
    return "/".join(["/operations", str(number), *(str(part) for part in rest[1:])])


def _refusal(problems: Sequence[str]) -> InvalidInput:
    return InvalidInput(
        "; ".join(problems[:SHOWN_PROBLEMS]),
        hint='An operation is like {"op": "create", "schema_name": "task", "data": {...}, "ref": "a"}.',
        problems=list(problems[:SHOWN_PROBLEMS]),
    )
