"""What a search asks for, as patterns of LIKE over names lowered as ASCII."""

from __future__ import annotations

import re
from dataclasses import dataclass

from moorage.databases.errors import UnknownKind
from moorage.databases.exploring.models import Kind

_WILDCARDS = re.compile(r"[*%]+")
_SPECIAL_TO_LIKE = re.compile(r"([\\_])")
_UPPER_ASCII = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})
_PART = re.compile(r'(?:"(?:[^"]|"")*"|[^".])+|\.')


@dataclass(frozen=True)
class Pattern:
    """One pattern in the forms that the statement compares.

    Attributes:
        names: patterns of the name; any of them.
        containers: of the schema or table that it stands before in "sales.orders"; none means any.
        remark: of comments, anywhere in them; None where comments are not looked at.
        plain: the name asked for, where it has no wildcard; `prefix` what begins with it.
        is_everything: any name will do, so that what is found for its name alone is left out.
    """

    names: tuple[str, ...]
    containers: tuple[str, ...] = ()
    remark: str | None = None
    plain: str | None = None
    prefix: str | None = None
    is_everything: bool = False


def read_pattern(text: str) -> Pattern:
    """Read plain text, which matches anywhere, or wildcards, both perhaps after "schema." or "table."."""
    container, name = _split(text.strip())
    containers = tuple(each for like in _likes(container) for each in (like, f"%.{like}")) if container else ()
    if not _WILDCARDS.sub("", name):
        return Pattern(("%",), containers, is_everything=True)
    likes = _likes(name)
    if _WILDCARDS.search(name):
        return Pattern(likes, containers, remark=_anywhere(likes[0]))
    names = tuple(f"%{like}%" for like in likes)
    return Pattern(names, containers, names[0], plain=_lowered(name), prefix=f"{likes[0]}%")


def read_kinds(text: str) -> tuple[Kind, ...]:
    """Read kinds of objects, one or more with commas, also in the plural; none means those that fit the pattern.

    Raises:
        UnknownKind: one of them is none.
    """
    words = [each.strip().lower().replace(" ", "_") for each in text.split(",")]
    return tuple(_kind(each) for each in words if each)


def like_of(text: str) -> str:
    """Return the pattern of LIKE for a text in which `*` and `%` stand for anything."""
    return _WILDCARDS.sub("%", _SPECIAL_TO_LIKE.sub(r"\\\1", text))


def _kind(word: str) -> Kind:
    singular = {"indexes": "index", "indices": "index", "policies": "policy"}.get(word, word.removesuffix("s"))
    known = {each.value: each for each in Kind}
    if singular not in known:
        raise UnknownKind(f"kinds: there is no kind {word[:50]!r}", hint=f"Kinds are {', '.join(known)}.")
    return known[singular]


def _split(text: str) -> tuple[str, str]:
    """Split at the last dot that is not inside double quotes; the quotes themselves go."""
    parts = _PART.findall(text)
    if "".join(parts) != text:  # a quote that is never closed is a character like others
        return "", text
    dots = [place for place, part in enumerate(parts) if part == "."]
    after = dots[-1] if dots else -1
    before = parts[: max(after, 0)]
    return _unquoted("".join(before)), _unquoted("".join(parts[after + 1 :]))


def _unquoted(text: str) -> str:
    return text.replace('"', "")


def _likes(text: str) -> tuple[str, ...]:
    """Return one pattern, and with other letters than ASCII one for each case."""
    return tuple(dict.fromkeys(_lowered(like_of(each)) for each in (text, text.lower(), text.upper())))


def _lowered(text: str) -> str:
    return text.translate(_UPPER_ASCII)


def _anywhere(like: str) -> str:
    return f"%{like.strip('%')}%"
