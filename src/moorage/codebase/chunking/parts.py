"""The working material of chunking: stretches of rows, and what stands in them.

Rows are 0-based and inclusive, as tree-sitter counts; lines in what leaves the package are 1-based.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from moorage.codebase.chunking.models import Symbol


class Entry(NamedTuple):
    """Something a reader can open.

    Attributes:
        node: the reader's own.
        symbol: the definition it is; None for anything else.
        name_row: where the name stands; meaningless without a symbol.
        opens: its members belong to the outline, so that it is opened even where it need not be split.
    """

    node: Any
    symbol: Symbol | None = None
    name_row: int = -1
    opens: bool = False


@dataclass(slots=True)
class Part:
    """Rows that stay together as long as they fit.

    Attributes:
        end: the last row of what stands here.
        owner: the innermost definition around it.
        entries: several only where they share rows.
        tail: the last row this part answers for: `end` and what follows up to the next part (closing brackets, blanks).
        is_comment: comments that do not stand directly above anything.
    """

    start: int
    end: int
    owner: Symbol | None
    entries: list[Entry] = field(default_factory=list)
    tail: int = -1
    is_comment: bool = False

    @property
    def symbol(self) -> Symbol | None:
        """The definition this part is, if it is one."""
        return self.entries[0].symbol if len(self.entries) == 1 else None

    @property
    def opens(self) -> bool:
        return any(entry.opens for entry in self.entries)


class Reader(Protocol):
    """Opens parts: one way by syntax trees, one by lines."""

    def open(self, part: Part, *, outline_only: bool) -> list[Part]:
        """Return what is directly in a part, by start row; nothing where it knows no structure.

        Args:
            part: one that this reader has made.
            outline_only: open nothing but entries that `opens`.
        """
        ...


def covering(part: Part, inner: list[Part]) -> list[Part]:
    """Return parts that together hold every row of `part`: those that share rows joined, gaps given to the one before.

    Rows before the first inner part (the head of a definition) become a part of their own, of the same owner as
    what follows.
    """
    joined: list[Part] = []
    for each in inner:
        # A node the parser has made up is empty, and may stand at the start of the row after its parent.
        if not part.start <= each.start <= each.end <= part.tail:
            each.start = min(max(each.start, part.start), part.tail)
            each.end = min(max(each.end, each.start), part.tail)
        if joined and each.start <= joined[-1].end:
            joined[-1].entries += each.entries
            joined[-1].end = max(joined[-1].end, each.end)
        else:
            joined.append(each)
    if joined and joined[0].start > part.start:
        joined.insert(0, Part(part.start, joined[0].start - 1, joined[0].owner))
    for each, following in pairwise(joined):
        each.tail = following.start - 1
    if joined:
        joined[-1].tail = part.tail
    return joined
