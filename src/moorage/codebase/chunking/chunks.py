"""The one entry: text and language in, chunks and outline out."""

from __future__ import annotations

import tree_sitter

from moorage.codebase.chunking.grammars import parse, roles_of
from moorage.codebase.chunking.models import Chunk, Chunked
from moorage.codebase.chunking.names import Namer
from moorage.codebase.chunking.packing import Span, pack
from moorage.codebase.chunking.parts import Part, Reader
from moorage.codebase.chunking.sections import SectionReader
from moorage.codebase.chunking.splitting import Lines, Outline, split
from moorage.codebase.chunking.trees import TreeReader
from moorage.codebase.languages import Language


def chunk_file(text: str, language: Language, *, max_lines: int = 40, max_chars: int = 4000) -> Chunked:
    r"""Cut a file into chunks along its definitions, and outline it.

    Lines end at "\n" and nowhere else (not at "\r", "\f" or U+2028), as git and editors count them; the "\r" of
    "\r\n" is dropped. A line end at the end of the text opens no further line. Empty text has no chunks.

    Args:
        text: anything, also what no grammar accepts.
        language: what to read it as; `language_of` tells.
        max_lines: of one chunk, at least 1.
        max_chars: of one chunk's content; a single longer line is a chunk nevertheless.
    """
    text = text.replace("\r\n", "\n")
    rows = text.removesuffix("\n").split("\n")
    if not text:
        return Chunked((), ())
    lines = Lines(rows, max_lines=max_lines, max_chars=max_chars)
    root, reader = _reader(text, lines, language)
    pieces, outline = split(root, reader, lines)
    spans = pack(pieces, outline, lines)
    return Chunked(tuple(_chunk(span, outline, lines) for span in spans), tuple(outline.symbols))


def _reader(text: str, lines: Lines, language: Language) -> tuple[Part, Reader]:
    """Return the whole file as a part, and who opens it: the grammar, or the lines where that fails."""
    roles = roles_of(language)
    source = text.encode(errors="replace")
    tree = parse(source, roles.grammar) if roles else None
    if roles and tree and not _is_mostly_errors(tree.root_node, len(lines.lines)):
        reader = TreeReader(roles, Namer(source, roles, language), lines.long_rows())
        return reader.root(tree.root_node, len(lines.lines) - 1), reader
    sections = SectionReader(lines.lines, language)
    return sections.root(), sections


def _is_mostly_errors(root: tree_sitter.Node, rows: int) -> bool:
    """Tell whether the grammar could make nothing of the file, or of more than half of its rows."""
    if root.is_error:
        return True
    lost = sum(
        child.end_point.row - child.start_point.row + 1
        for child in (root.children if root.has_error else [])
        if child.is_error
    )
    return 2 * lost > rows


def _chunk(span: Span, outline: Outline, lines: Lines) -> Chunk:
    return Chunk(
        start_line=span.start + 1,
        end_line=span.end + 1,
        content=lines.text(span.start, span.end),
        symbol=span.symbol,
        names=outline.names_in(span.start, span.end),
    )
