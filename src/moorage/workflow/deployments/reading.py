"""Reading the data of a recording: known fields are recognised and checked, the rest is kept as it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from moorage.core.errors import InvalidInput
from moorage.workflow.deployments.models import GivenData, Recording, Status
from moorage.workflow.documents import MAX_BYTES, Document, problems_of
from moorage.workflow.entities.references import EntityRef, parse_ref

# The names that earlier programs gave to the same thing.
COMMIT_NAMES = ("commit_sha", "commit", "commit_hash")
ITEM_NAMES = ("work_items", "work_item_ids")
DEFAULT_ENVIRONMENT = "production"
MAX_ITEMS = 1_000
MAX_ATTEMPT = 1_000_000
MAX_NAME_CHARACTERS = 200
# How far the clocks of two machines may be apart.
CLOCK_TOLERANCE = timedelta(minutes=5)
_SHOWN_CHARACTERS = 60
# SHA-1 and SHA-256: https://git-scm.com/docs/hash-function-transition
_COMMIT = re.compile(r"[0-9a-f]{7,64}")

Value = TypeVar("Value")


def read_recording(data: Document, *, max_bytes: int = MAX_BYTES) -> GivenData:
    """Return what the data says, with every problem found."""
    problems = list(problems_of(data, max_bytes=max_bytes))
    if problems:
        return GivenData(None, {}, problems)
    reader = _Reader(data)
    commit_sha = reader.take(COMMIT_NAMES, _commit)
    if not reader.has(COMMIT_NAMES):
        reader.problems.append("commit_sha: missing; give the commit that is deployed")
    fields: dict[str, Any] = {
        "commit_sha": commit_sha or "",
        "environment": reader.take(("environment",), _name) or DEFAULT_ENVIRONMENT,
        "status": reader.take(("status",), _status) or Status.DEPLOYED,
        "attempt": reader.take(("attempt",), _attempt),
        "branch": reader.take(("branch",), _name),
        "expected_version": reader.take(("expected_version",), _version),
    }
    times = {name: reader.take((name,), _time) for name in ("committed_at", "started_at", "deployed_at", "ended_at")}
    refs = reader.take_refs()
    recording = None if reader.problems else Recording(**fields, **times, free=reader.left)
    return GivenData(recording, refs, reader.problems)


class _Reader:
    """Takes known fields out of data; what is left is free."""

    def __init__(self, data: Document) -> None:
        self.left = dict(data)
        self.problems: list[str] = []
        self._given = frozenset(name for name, value in data.items() if value is not None)

    def has(self, names: tuple[str, ...]) -> bool:
        return not self._given.isdisjoint(names)

    def take(self, names: tuple[str, ...], read: Callable[[Any], Value]) -> Value | None:
        """Return the field of these names, None without one; names that contradict each other are a problem."""
        values = [(name, self.left.pop(name)) for name in names if name in self.left]
        found: list[Value] = []
        for name, value in values:
            if value is None:
                continue
            try:
                found.append(read(value))
            except ValueError as error:
                self.problems.append(f"{name}: {_shown(value)} {error}")
        if any(each != found[0] for each in found):
            self.problems.append(f"{' and '.join(name for name, _ in values)} say different things")
        return found[0] if found else None

    def take_refs(self) -> dict[EntityRef, str]:
        """Return the work items named, each once."""
        refs: dict[EntityRef, str] = {}
        for name in ITEM_NAMES:
            for text in self.take((name,), _items) or []:
                try:
                    refs.setdefault(parse_ref(text), text)
                except InvalidInput as error:
                    self.problems.append(f"{name}: {error.message.removeprefix('entity_id: ')}")
        return refs


def _commit(value: Any) -> str:
    if isinstance(value, str) and _COMMIT.fullmatch(value.strip().lower()):
        return value.strip().lower()
    raise ValueError("is no commit: 7 to 64 hexadecimal digits")


def _name(value: Any) -> str:
    if isinstance(value, str) and 0 < len(value.strip()) <= MAX_NAME_CHARACTERS and value.isprintable():
        return value.strip()
    raise ValueError(f"is no name: a line of 1 to {MAX_NAME_CHARACTERS} characters")


def _status(value: Any) -> Status:
    try:
        return Status(value)
    except ValueError:
        raise ValueError(f"is none of {', '.join(Status)}") from None


def _attempt(value: Any) -> int:
    return _whole_number(value, MAX_ATTEMPT)


def _version(value: Any) -> int:
    return _whole_number(value, 2**31 - 1)


def _whole_number(value: Any, most: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
        return value
    raise ValueError(f"is no whole number from 1 to {most:,}")


def _time(value: Any) -> datetime:
    try:
        time = datetime.fromisoformat(value).astimezone(UTC) if _has_zone(value) else None
    except (TypeError, ValueError, OverflowError):
        time = None
    if time is None:
        raise ValueError("is no time with its zone, such as 2026-11-21T18:30:00Z")
    if time > datetime.now(UTC) + CLOCK_TOLERANCE:
        raise ValueError("lies in the future")
    return time


def _has_zone(value: Any) -> bool:
    return datetime.fromisoformat(value).tzinfo is not None


def _items(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError("is no list of ids or keys")
    if len(value) > MAX_ITEMS:
        raise ValueError(f"has more than {MAX_ITEMS:,} items")
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
