"""Answers that are kept for a while, in bounded room."""

from __future__ import annotations

import pytest

from moorage.access import memory as memories
from moorage.access.memory import Memory


def test_an_answer_is_good_for_its_seconds_only(monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr(memories.time, "monotonic", lambda: now[0])
    memory: Memory[str, int] = Memory(size=2, seconds=5)
    memory.put("a", 1)
    now[0] += 4.9
    assert memory.get("a") == 1
    now[0] += 0.1
    assert memory.get("a") is None
    assert len(memory) == 0


def test_the_answer_used_longest_ago_makes_room():
    memory: Memory[str, int] = Memory(size=2)
    memory.put("a", 1)
    memory.put("b", 2)
    memory.get("a")
    memory.put("c", 3)
    assert [memory.get(key) for key in "abc"] == [1, None, 3]


def test_nothing_is_kept_for_no_time():
    memory: Memory[str, int] = Memory(size=2, seconds=0)
    memory.put("a", 1)
    assert memory.get("a") is None
