"""What the log lines of one call, or of one background job, have in common: its ids, its tool, its project."""

from __future__ import annotations

from collections.abc import Generator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_facts: ContextVar[dict[str, Any] | None] = ContextVar("facts", default=None)


@contextmanager
def about(**facts: Any) -> Generator[dict[str, Any]]:
    """Put these facts on every log line written inside, also by tasks that are started there.

    Facts that are None are left out; those around it stay, unless they are given anew. Yields the facts, to which
    `learn` adds what turns out meanwhile.
    """
    around = _facts.get()
    here = {**(around or {}), **{name: value for name, value in facts.items() if value is not None}}
    _facts.set(here)
    try:
        yield here
    finally:
        _facts.set(around)  # not by a token, which only the task that got it may give back


def learn(**facts: Any) -> None:
    """Add facts to what this call or job is about; outside of any, nothing happens."""
    here = _facts.get()
    if here is not None:
        here.update(facts)


def facts() -> Mapping[str, Any]:
    """Return what this call or job is about; empty outside of any."""
    return _facts.get() or {}


def add_subject(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Give a log event the facts of its call or job; its own win."""
    for name, value in facts().items():
        event.setdefault(name, value)
    return event
