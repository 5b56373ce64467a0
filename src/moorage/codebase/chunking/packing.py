"""From pieces to the rows of chunks: small neighbours share one, long runs are divided evenly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from moorage.codebase.chunking.models import Symbol
from moorage.codebase.chunking.splitting import Lines, Outline, Piece

# A definition of more lines than this is a chunk of its own, and anything shorter joins its neighbours.
SMALL_LINES = 5
# Undefined rows between two chunks that are fewer than this join the next one, or the one before.
STRAY_LINES = 3


@dataclass(slots=True)
class Span:
    """The rows of one chunk, and the symbol it belongs to."""

    start: int
    end: int
    symbol: Symbol | None


def pack(pieces: list[Piece], outline: Outline, lines: Lines) -> list[Span]:
    """Return the rows of the chunks, in order."""
    spans: list[Span] = []
    for run in _runs(_with_comments(pieces, lines)):
        spans += _divided(run, lines)
    return _without_strays(spans, outline, lines)


def _with_comments(pieces: list[Piece], lines: Lines) -> list[Piece]:
    """Join a comment to the definition that follows it after a blank line, where both fit.

    The definition's own lines stay what they are; only the chunk is larger.
    """
    kept: list[Piece] = []
    for piece in pieces:
        if kept and kept[-1].is_comment and _begins_definition(piece) and lines.fit(kept[-1].start, piece.end):
            piece.start = kept.pop().start
        kept.append(piece)
    return kept


def _begins_definition(piece: Piece) -> bool:
    symbol = piece.symbol or piece.owner
    return symbol is not None and symbol.start_line == piece.start + 1


def _runs(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """Yield neighbours that may share chunks: of one owner, none of them a definition worth its own."""
    run: list[Piece] = []
    for piece in pieces:
        if run and (_stands_alone(piece) or _stands_alone(run[-1]) or piece.owner is not run[-1].owner):
            yield run
            run = []
        run.append(piece)
    if run:
        yield run


def _stands_alone(piece: Piece) -> bool:
    # One row less: the blank one that mostly follows.
    return piece.symbol is not None and piece.end - piece.start > SMALL_LINES


def _divided(run: list[Piece], lines: Lines) -> Iterator[Span]:
    """Yield the fewest spans a run needs, of about equal length, so that none is a left-over of two lines."""
    rows = run[-1].end - run[0].start + 1
    aim = -(-rows // -(-rows // lines.max_lines))
    first = 0
    for index, piece in enumerate(run):
        start = run[first].start
        is_last = index == len(run) - 1
        has_aim = piece.end - start + 1 >= aim and not lines.fit(start, run[-1].end)
        if is_last or has_aim or not lines.fit(start, run[index + 1].end):
            yield Span(start, piece.end, _symbol(run[first : index + 1]))
            first = index + 1


def _symbol(pieces: list[Piece]) -> Symbol | None:
    """Return the definition whose head this is, or the only one if it makes up half of the rows, or the one around."""
    if pieces[0].symbol is None and _begins_definition(pieces[0]):
        return pieces[0].owner
    defined = [piece for piece in pieces if piece.symbol]
    rows = pieces[-1].end - pieces[0].start + 1
    if len(defined) == 1 and 2 * (defined[0].end - defined[0].start + 1) >= rows:
        return defined[0].symbol
    return pieces[0].owner


def _without_strays(spans: list[Span], outline: Outline, lines: Lines) -> list[Span]:
    """Join blanks, closing brackets and lone comments to a neighbour, where it has room."""
    kept: list[Span] = []
    stray: Span | None = None
    for span in spans:
        if stray and lines.fit(stray.start, span.end):
            span.start = stray.start
        elif stray:
            _append(kept, stray, lines)
        stray = None
        if _is_stray(span, outline):
            stray = span
        else:
            kept.append(span)
    if stray:
        _append(kept, stray, lines)
    return kept


def _append(kept: list[Span], stray: Span, lines: Lines) -> None:
    if kept and lines.fit(kept[-1].start, stray.end):
        kept[-1].end = stray.end
    else:
        kept.append(stray)


def _is_stray(span: Span, outline: Outline) -> bool:
    return span.end - span.start + 1 < STRAY_LINES and not outline.names_in(span.start, span.end)
