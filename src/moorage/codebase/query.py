"""What a query asks for: its words, the names in it, and what kind of code it wants."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from moorage.codebase.errors import InvalidQuery
from moorage.core.words import words

MAX_QUERY_CHARACTERS = 4_000
MAX_QUERY_WORDS = 64
MAX_GLOB_CHARACTERS = 500

_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")
_ABOUT_TESTS = frozenset({"test", "tests", "testing", "fixture", "spec", "mock"})


@dataclass(frozen=True)
class Query:
    """A query, taken apart.

    Attributes:
        weights: words and how often they are asked for, at most 64 of them.
        names: identifiers as written, lower-cased: a definition of exactly this name is what is meant.
        wants_tests: the query asks for tests, so they are not ranked behind product code.
    """

    text: str
    weights: dict[str, float]
    names: frozenset[str]
    wants_tests: bool


def parse_query(text: str) -> Query:
    """Take a query apart.

    Raises:
        InvalidQuery: it is empty, too long, or no text for PostgreSQL.
    """
    if not text.strip():
        raise InvalidQuery("query is empty", hint="Say what the code does, or name it.", field="query")
    if len(text) > MAX_QUERY_CHARACTERS:
        raise InvalidQuery(
            f"query has {len(text)} characters",
            hint=f"Use at most {MAX_QUERY_CHARACTERS} characters; the sentence that matters is enough.",
            field="query",
        )
    if not is_storable(text):
        raise InvalidQuery("query holds a NUL or half a character", hint="Leave it out.", field="query")
    weights = dict(Counter(words(text)).most_common(MAX_QUERY_WORDS))
    names = frozenset(name.lower() for name in _IDENTIFIER.findall(text))
    return Query(text, {word: float(count) for word, count in weights.items()}, names, bool(names & _ABOUT_TESTS))


def glob_to_pattern(glob: str) -> str:
    """Turn a path glob into a regular expression of PostgreSQL's over the whole path.

    `*` and `?` stay inside one folder, `**` crosses folders, `{a,b}` chooses; a glob without a slash means the file's
    name in any folder, one that ends in a slash everything below that folder.

    Raises:
        InvalidQuery: it is too long or its braces do not match.
    """
    parts = _GLOB_PART.findall(glob.removeprefix("./").removeprefix("/"))
    if len(glob) > MAX_GLOB_CHARACTERS or not is_storable(glob) or not _braces_match(parts):
        raise InvalidQuery(
            f"path filter {glob[:80]!r} is not a glob",
            hint="Use for instance 'src/**/*.py', '*.{ts,tsx}' or 'docs/'.",
            field="filters.path",
        )
    prefix = "^" if any("/" in part for part in parts) else "^(.*/)?"
    ending = ".*$" if glob.endswith("/") else "$"
    return prefix + "".join(_translated(parts)) + ending


def is_storable(text: str) -> bool:
    """Tell whether PostgreSQL can take a text: no NUL, and no half of a surrogate pair."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


_GLOB_PART = re.compile(r"\*\*/|\*\*|\*|\?|\{|\}|,|[^*?{},]+")
_GLOB_MEANING = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(", "}": ")"}


def _braces_match(parts: Sequence[str]) -> bool:
    depths = list(accumulate({"{": 1, "}": -1}.get(part, 0) for part in parts))
    return not depths or (min(depths) >= 0 and depths[-1] == 0)


def _translated(parts: Sequence[str]) -> Iterator[str]:
    """Yield the parts of a glob as parts of a regular expression; a comma chooses inside braces only."""
    depth = 0
    for part in parts:
        depth += {"{": 1, "}": -1}.get(part, 0)
        if part == "," and depth:
            yield "|"
        else:
            yield _GLOB_MEANING.get(part) or re.sub(r"([^\w/])", r"\\\1", part)
