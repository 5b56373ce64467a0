"""Ignore files, nested: the deepest file with an opinion decides, as git does it.

`pathspec` matches the patterns. A folder that is ignored is never entered, so that a pattern below it cannot
bring a file back; git has the same rule.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from moorage.codebase.scanning.opening import read_regular

MAX_IGNORE_FILE_BYTES = 1_000_000
MAX_STARS = 4
"""Stars in one part of a pattern; `pathspec` makes each a backtracking `[^/]*`, and `a*a*a*…b` never ends."""

# For git `a/**/` is every folder below `a`; `pathspec` would also ignore `a` itself.
_FOLDERS_BELOW = re.compile(r"/\*\*/ *$")


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The ignore files from the root down to one folder.

    Attributes:
        above: the rules of the nearest folder above that has any; None at the top.
        base: the folder of these patterns, relative to the root, with a final "/"; "" for the root.
        patterns: one character a byte, as git matches: `?` is half of an "é".
    """

    above: IgnoreRules | None
    base: str
    patterns: GitIgnoreSpec

    def decide(self, path: str) -> bool | None:
        """Return True: ignored, False: brought back by a negation, None: no pattern speaks of it.

        Args:
            path: relative to the root; a folder ends in "/".
        """
        path = _as_bytes_in_text(path)
        rules: IgnoreRules | None = self
        while rules is not None:
            decision = rules.patterns.check_file(path[len(rules.base) :]).include
            if decision is not None:
                return decision
            rules = rules.above
        return None


def with_ignore_file(above: IgnoreRules | None, base: str, file: str) -> IgnoreRules | None:
    """Return the rules of a folder: those above it, and those of its own ignore file if there is one to read.

    Args:
        above: the rules of the folder around it; None when there are none.
        base: the folder, relative to the root, with a final "/"; "" for the root.
        file: the path of the ignore file to open.
    """
    content = read_regular(file, MAX_IGNORE_FILE_BYTES)
    if not isinstance(content, bytes):
        return above
    patterns = list(_patterns(content))
    return IgnoreRules(above, _as_bytes_in_text(base), GitIgnoreSpec(patterns)) if patterns else above


def _patterns(content: bytes) -> Iterator[GitIgnoreSpecPattern]:
    """Yield the patterns that can be used; git, too, passes over a line that makes no sense."""
    for line in content.removeprefix(codecs.BOM_UTF8).decode("latin-1").split("\n"):
        line = _FOLDERS_BELOW.sub("/**/*/", line.removesuffix("\r"))  # noqa: PLW2901
        if any(part.count("*") > MAX_STARS for part in line.split("/")):
            continue
        try:
            pattern = GitIgnoreSpecPattern(line)
        except ValueError:
            continue
        if pattern.include is not None:
            yield pattern


def _as_bytes_in_text(path: str) -> str:
    return path if path.isascii() else path.encode().decode("latin-1")
