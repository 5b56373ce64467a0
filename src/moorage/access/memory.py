"""Answers that are good for a while, as many as there is room for."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


class Memory(Generic[Key, Answer]):
    """Keeps answers for some seconds; when it is full, the one used longest ago makes room.

    Args:
        size: most answers.
        seconds: how long one is good, from when it was put; None is for ever.
    """

    def __init__(self, *, size: int, seconds: float | None = None) -> None:
        self._size = size
        self._seconds = seconds
        self._answers: OrderedDict[Key, tuple[Answer, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, key: Key) -> Answer | None:
        """Return the answer; None when there is none that is still good."""
        found = self._answers.get(key)
        if found is None:
            return None
        answer, since = found
        if self._seconds is not None and time.monotonic() - since >= self._seconds:
            del self._answers[key]
            return None
        self._answers.move_to_end(key)
        return answer

    def forget(self, key: Key) -> None:
        self._answers.pop(key, None)

    def put(self, key: Key, answer: Answer) -> None:
        self._answers[key] = (answer, time.monotonic())
        self._answers.move_to_end(key)
        if len(self._answers) > self._size:
            self._answers.popitem(last=False)
