"""Which language a file is in, and where that language keeps its definitions.

The tables are data: they name node types of the tree-sitter grammars, and nothing here runs a parser or imports a
grammar. A language without a grammar, or a file its grammar cannot read, is outlined by patterns over single lines.
"""

from moorage.codebase.languages.detection import LANGUAGES, PLAIN_TEXT, language_of
from moorage.codebase.languages.language import Grammar, Language

__all__ = ["LANGUAGES", "PLAIN_TEXT", "Grammar", "Language", "language_of"]
