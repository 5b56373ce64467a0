"""From the whole file down to pieces that fit, and the outline met on the way.

One explicit stack; no recursion, whatever the nesting.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import accumulate

from moorage.codebase.chunking.models import Symbol
from moorage.codebase.chunking.parts import Part, Reader, covering


class Lines:
    """The lines of a file, and whether a stretch of them fits into a chunk."""

    def __init__(self, lines: list[str], *, max_lines: int, max_chars: int) -> None:
        self.lines = lines
        self.max_lines = max_lines
        self.max_chars = max_chars
        self._ends = list(accumulate((len(line) + 1 for line in lines), initial=0))

    def fit(self, start: int, end: int) -> bool:
        """Tell whether these rows, end included, may be one chunk; a single row always may."""
        rows = end - start + 1
        return rows == 1 or (rows <= self.max_lines and self._ends[end + 1] - self._ends[start] - 1 <= self.max_chars)

    def long_rows(self) -> frozenset[int]:
        """Return the rows that are too large for a chunk and are one nevertheless."""
        if max(map(len, self.lines)) <= self.max_chars:
            return frozenset()
        return frozenset(row for row, line in enumerate(self.lines) if len(line) > self.max_chars)

    def text(self, start: int, end: int) -> str:
        return "\n".join(self.lines[start : end + 1])


@dataclass(slots=True)
class Piece:
    """Rows that fit and are not divided any further.

    Attributes:
        owner: the innermost definition around it.
        symbol: the definition it is, with nothing but blanks and brackets besides.
        is_comment: nothing but comments and blanks.
    """

    start: int
    end: int
    owner: Symbol | None
    symbol: Symbol | None = None
    is_comment: bool = False


@dataclass(slots=True)
class Outline:
    """What was met while splitting.

    Attributes:
        names: (row, name) of each definition.
    """

    symbols: list[Symbol] = field(default_factory=list)
    names: list[tuple[int, str]] = field(default_factory=list)
    _rows: list[int] = field(default_factory=list)

    def note(self, part: Part) -> None:
        for entry in part.entries:
            if entry.symbol:
                self.symbols.append(entry.symbol)
                self.names.append((entry.name_row, entry.symbol.name))

    def sort(self) -> None:
        self.symbols.sort(key=lambda symbol: (symbol.start_line, -symbol.end_line))
        self.names.sort(key=lambda name: name[0])
        self._rows = [row for row, _ in self.names]

    def names_in(self, start: int, end: int) -> tuple[str, ...]:
        """Return the names that stand in these rows, end included; `sort` comes first."""
        first, last = bisect_left(self._rows, start), bisect_right(self._rows, end)
        return tuple(name for _, name in self.names[first:last])


def split(root: Part, reader: Reader, lines: Lines) -> tuple[list[Piece], Outline]:
    """Return pieces that hold every row of `root` once, in order, and the sorted outline."""
    pieces: list[Piece] = []
    outline = Outline()
    stack = [(root, False)]
    while stack:
        part, placed = stack.pop()
        outline.note(part)
        if not placed and lines.fit(part.start, part.end):
            pieces += _placed(part, lines)
            placed = True
        if placed and not part.opens:
            continue
        inner = reader.open(part, outline_only=placed)
        if not placed:
            inner = covering(part, inner)
            pieces += [] if inner else paragraphs(part, lines)
        stack += [(each, placed) for each in reversed(inner)]
    outline.sort()
    return pieces, outline


def _placed(part: Part, lines: Lines) -> list[Piece]:
    """Return a fitting part as a piece, with its tail as far as that fits too."""
    if lines.fit(part.start, part.tail):
        return [Piece(part.start, part.tail, part.owner, part.symbol, part.is_comment)]
    tail = Part(part.end + 1, part.tail, part.owner, tail=part.tail)
    return [Piece(part.start, part.end, part.owner, part.symbol, part.is_comment), *paragraphs(tail, lines)]


def paragraphs(part: Part, lines: Lines) -> list[Piece]:
    """Divide rows without structure after blank lines; a paragraph that does not fit becomes single rows."""
    owner = part.symbol or part.owner
    pieces: list[Piece] = []
    start = part.start
    for row in range(part.start, part.tail + 1):
        if row == part.tail or (not lines.lines[row].strip() and lines.lines[row + 1].strip()):
            fits = lines.fit(start, row)
            pieces += (
                [Piece(start, row, owner)] if fits else [Piece(each, each, owner) for each in range(start, row + 1)]
            )
            start = row + 1
    return pieces
