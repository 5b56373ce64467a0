"""Ignore files, nested: the deepest file with an opinion decides, as git does it.

`pathspec` matches the patterns. A folder that is ignored is never entered, so that a pattern below it cannot
bring a file back; git has the same rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from moorage.codebase.scanning.opening import read_regular

MAX_IGNORE_FILE_BYTES = 1_000_000
MAX_STARS = 4
"""Stars in one part of a pattern. `pathspec` turns each into a backtracking `[^/]*`: `a*a*a*a*a*a*b` never
ends."""


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The ignore files from the root down to one folder.

    Attributes:
        above: the rules of the nearest folder above that has any; None at the top.
        base: the folder of these patterns, relative to the root, with a final "/"; "" for the root.
    """

    above: IgnoreRules | None
    base: str
    patterns: GitIgnoreSpec

    def decide(self, path: str) -> bool | None:
        """Return True: ignored, False: brought back by a negation, None: no pattern speaks of it.

        Args:
            path: relative to the root; a folder ends in "/".
        """
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
    return IgnoreRules(above, base, GitIgnoreSpec(patterns)) if patterns else above


def _patterns(content: bytes) -> Iterator[GitIgnoreSpecPattern]:
    """Yield the patterns that can be used; git, too, passes over a line that makes no sense."""
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    for line in text.split("\n"):
        line = line.removesuffix("\r")  # noqa: PLW2901
        if any(part.count("*") > MAX_STARS for part in line.split("/")):
            continue
        try:
            pattern = GitIgnoreSpecPattern(line)
        except ValueError:
            continue
        if pattern.include is not None:
            yield pattern
