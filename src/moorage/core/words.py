"""Source code and prose as words, the same for whoever indexes and whoever asks.

    words("parseHTTPResponse2(self.file_names)")
    ["parsehttpresponse2", "pars", "http", "respons", "2", "self", "filenam", "file", "name"]

- An identifier of several parts gives itself, joined without underscores, and then its parts, so that
  `user_name`, `userName` and `username` meet. An identifier of one part gives that part alone.
- Parts end at underscores, at changes of case and at digits. A number (`0xFF`, `10_000`) and a digest stay whole.
- Plain English inflections are taken off, see `stem`: `caches`, `cached` and `caching` are one word.
- Letters of other scripts are kept. Chinese, Japanese and Korean give overlapping pairs of characters.
- No word is left out for being common: weighing words is the business of who counts them.

The words of a text depend on that text alone. None is longer than `LONGEST_WORD`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import chain, pairwise
from typing import Final

LONGEST_WORD: Final = 64
"""Characters kept of a word."""

_LONGEST_IDENTIFIER: Final = 256
"""A longer run of ASCII is encoded data: its parts mean nothing, and there may be thousands of them."""

_REMEMBERED_TOKENS: Final = 100_000
"""Tokens whose words are remembered, in about 30 MB. Python's library with all its tests has a few more."""

_ASCII_TOKEN: Final = re.compile(r"\w+", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9].*|[0-9a-f]{12,}|[0-9A-F]{12,}")
_PART: Final = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|=+")
"""`URLs`, `HTTP` (before `Response`), `Response`, digits, and `=` for what is written without spaces."""

_EAST_ASIAN: Final = re.compile(
    r"[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Han, Hiragana, Katakana and Hangul, as in Lucene's CJKBigramFilter."""

_STEMMABLE: Final = re.compile(r"[a-z]{4,}")
_VOWEL: Final = re.compile(r"[aeiouy]")
_SHORT_SYLLABLE: Final = re.compile(r"[^aeiou]+[aeiouy][^aeiouwxy]")
_IRREGULAR: Final = frozenset({"alias", "canvas", "embed"})
"""Words of code that only look inflected."""


def words(text: str) -> list[str]:
    """Return the words of `text` in the order they stand there, repetitions included."""
    if text.isascii():
        tokens = _ASCII_TOKEN.findall(text)
    else:
        tokens = _unicode_token().findall(unicodedata.normalize("NFC", text))
    return list(chain.from_iterable(map(_remembered.__getitem__, tokens)))


class _Remembered(dict[str, tuple[str, ...]]):
    """The words of each token met so far; forgets everything when it is full."""

    def __missing__(self, token: str) -> tuple[str, ...]:
        found = _words_of_token(token)
        if len(token) <= LONGEST_WORD:
            if len(self) >= _REMEMBERED_TOKENS:
                self.clear()
            self[token] = found
        return found


_remembered: Final = _Remembered()


def _words_of_token(token: str) -> tuple[str, ...]:
    if token.isascii():
        return _words_of_ascii(token)
    shape = "".join(map(_shape, token))
    parts = [token[found.start() : found.end()] for found in _PART.finditer(shape)]
    if "=" not in shape:
        return _with_whole([part.lower() for part in parts])
    return tuple(chain.from_iterable(map(_words_of_mixed_part, parts)))


def _words_of_ascii(token: str) -> tuple[str, ...]:
    if len(token) > _LONGEST_IDENTIFIER or _WHOLE.fullmatch(token):
        return (token.lower().replace("_", "")[:LONGEST_WORD],)
    return _with_whole([part.lower() for part in _PART.findall(token)])


def _with_whole(parts: list[str]) -> tuple[str, ...]:
    stems = tuple(stem(part)[:LONGEST_WORD] for part in parts)
    if len(stems) <= 1:
        return stems
    return (stem("".join(parts))[:LONGEST_WORD], *stems)


def _words_of_mixed_part(part: str) -> tuple[str, ...]:
    """Return pairs of neighbours for East Asian characters, which put no spaces between words."""
    if not _EAST_ASIAN.match(part):
        return (stem(part.lower())[:LONGEST_WORD],)
    return tuple(map("".join, pairwise(part))) or (part,)


def _shape(character: str) -> str:
    """Return the letter of the Latin alphabet that stands for `character` in `_PART`."""
    if _EAST_ASIAN.match(character):
        return "="
    if character == "_":
        return "_"
    if character.isdigit():
        return "0"
    return "A" if character.isupper() else "a"


@cache
def _unicode_token() -> re.Pattern[str]:
    r"""Return `\w+` with the marks that Python leaves out, and without which Hindi or Thai falls to pieces."""
    marks = "".join(filter(_is_mark, map(chr, range(0x0300, 0x10000))))
    # A mark never opens a token, so that the large class is only tried where `\w` ends: thirty times faster.
    return re.compile(rf"\w+(?:[{marks}]+\w*)*")


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in {"Mn", "Mc"}


def stem(word: str) -> str:
    """Return a lower-cased word without its English inflection; other words come back as they are.

    Deliberately less than a Porter stemmer: plural, `ed`, `ing` and the final `e` that they hide, nothing that
    changes the kind of word, because names in code differ by little (`parser` is not `parse`).

    Source: Harman, "How effective is suffixing?" (1991) for the plural; Porter, "An algorithm for suffix
    stripping" (1980), steps 1b and 5, for the rest.
    """
    if word in _IRREGULAR or not _STEMMABLE.fullmatch(word):
        return word
    singular = _without_plural(word)
    return singular if singular in _IRREGULAR else _without_final_e(_without_tense(singular))


def _without_plural(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:  # noqa: PLR2004 - "ties" and "dies" hold no "y"
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is", "oes")):
        return word[:-1]
    return word


def _without_tense(word: str) -> str:
    if word.endswith("ied") and len(word) > 4:  # noqa: PLR2004 - "tied" and "died" hold no "y"
        return word[:-3] + "y"
    if word.endswith("ing"):
        return _root(word, word[:-3])
    if word.endswith("ed") and not word.endswith("eed"):
        return _root(word, word[:-2])
    return word


def _root(word: str, root: str) -> str:
    """Return `root` mended, or `word` where what is left cannot be a word (`string`, `using`)."""
    if len(root) < 3 or not _VOWEL.search(root):  # noqa: PLR2004
        return word
    if _SHORT_SYLLABLE.fullmatch(root):
        return root + "e"
    if root[-1] == root[-2] and root[-1] not in "aeioulsz" and len(root) > 3:  # noqa: PLR2004
        return root[:-1]
    return root


def _without_final_e(word: str) -> str:
    if word.endswith("ll") and len(word) > 5:  # noqa: PLR2004 - controlled, control; but call, file
        return word[:-1]
    root = word[:-1]
    if word.endswith("e") and len(root) > 2 and root[-1] != "e" and not _SHORT_SYLLABLE.fullmatch(root):  # noqa: PLR2004
        return root
    return word
