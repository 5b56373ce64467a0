"""A file's text into the pieces a search returns, and the outline of what the file defines.

Pure: text in, values out; nothing is read but grammars. The promises, whatever the text:

- every line is in exactly one chunk, and chunks are in the order of lines;
- a chunk is at most `max_lines` long and `max_chars` large, unless it is a single line;
- nothing raises, nothing recurses, and the time is linear in the text: a grammar that gets lost is stopped after a
  fixed number of steps, and the file is then read by its lines.

How: a definition that fits is one chunk, with the comments directly above it. One that does not is opened, and what is
in it is placed the same way; where there is nothing left to open, blank lines and at last lines are the borders. Small
neighbours share a chunk.
"""

from moorage.codebase.chunking.chunks import chunk_file
from moorage.codebase.chunking.models import KINDS, Chunk, Chunked, Symbol

__all__ = ["KINDS", "Chunk", "Chunked", "Symbol", "chunk_file"]
