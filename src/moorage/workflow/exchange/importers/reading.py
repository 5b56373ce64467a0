"""What importers share: finding items and their texts, and refusing what cannot be read by its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from moorage.workflow.errors import InvalidImport
from moorage.workflow.exchange.models import JsonObject

MAX_ITEMS = 20_000
_SHOWN_PROBLEMS = 20
_NUL = re.compile("\x00")
# In JSON it is escaped; any number of escaped backslashes may stand before it.
_ESCAPED_NUL = re.compile(r"\x00|(?<!\\)(?:\\\\)*\\u0000")


def refuse_unfit_text(text: str, *, what: str = "the file", max_bytes: int, is_json: bool) -> None:
    """Refuse a text that is too large, or has what PostgreSQL cannot store, by its line.

    Raises:
        InvalidImport.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise _unfit(what, text, error.start, "half of a surrogate pair") from None
    if size > max_bytes:
        raise InvalidImport(f"{what} has {size:,} bytes, {max_bytes:,} at most", hint="Import it in parts.")
    if "\x00" not in text and "\\u0000" not in text:  # the search for its place is slow, and holds up everybody
        return
    found = (_ESCAPED_NUL if is_json else _NUL).search(text)
    if found:
        raise _unfit(what, text, found.start(), "the character U+0000")


def _unfit(what: str, text: str, place: int, problem: str) -> InvalidImport:
    line = text.count("\n", 0, place) + 1
    return InvalidImport(f"{what}, line {line}: {problem} cannot be stored", hint="Remove it, and import again.")


def refuse_many(count: int) -> None:
    """Refuse more items than one import may have; readers ask before they look at each.

    Raises:
        InvalidImport.
    """
    if count > MAX_ITEMS:
        raise InvalidImport(f"more than {MAX_ITEMS:,} items", hint="Import them in parts.")


def items_of(value: Any, what: str, *, inside: str) -> list[tuple[str, JsonObject]]:
    """Return the objects of a JSON list with their places; the list may stand in an object under the name `inside`.

    Raises:
        InvalidImport: it is no list of objects, or too long.
    """
    if isinstance(value, dict):
        value = value.get(inside, [value])
    if not isinstance(value, list):
        raise InvalidImport(f"the file is no list of {what}", hint="Give a JSON array of objects.")
    refuse_many(len(value))
    wrong = [place for place, each in enumerate(value, 1) if not isinstance(each, dict)]
    refuse([f"item {place} is no object" for place in wrong])
    return [(f"item {place}", each) for place, each in enumerate(value, 1)]


def text_in(item: JsonObject, name: str, place: str, *, pattern: str = r"(?s).*\S.*") -> str:
    """Return a text that an item must have.

    Raises:
        InvalidImport: it has none, or not such a one.
    """
    value = item.get(name)
    if isinstance(value, str) and re.fullmatch(pattern, value):
        return value
    raise InvalidImport(
        f"{place} has no {name}" + ("" if value is None else f": {str(value)[:60]!r} will not do"),
        hint=f"Give it a {name}, or remove it from the file.",
    )


def names_in(value: Any) -> list[str]:
    """Return names: of a text, of an object with a name, a login or a title, or of a list of such."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        named = (value.get(key) for key in ("name", "login", "title", "nodes"))
        return names_in(next((each for each in named if each), None))
    if isinstance(value, list):
        return [name for each in value for name in names_in(each)]
    return []


def said(names: Sequence[str], time: Any, body: str) -> str:
    """Return a comment with who wrote it when: comments here bear the name of whoever imports them."""
    heading = " ".join(part for part in (", ".join(names), f"on {time}" if time else "") if part)
    return f"{heading}:\n\n{body}" if heading else body


def lines_of(text: str) -> list[str]:
    """Return the lines of a text; other characters that Python takes for ends of lines are part of them."""
    lines = text.removesuffix("\n").split("\n") if text else []
    return [each.removesuffix("\r") for each in lines]


def refuse(problems: Sequence[str]) -> None:
    """Refuse the whole import when there is any problem.

    Raises:
        InvalidImport: with the first problems.
    """
    if not problems:
        return
    more = len(problems) - _SHOWN_PROBLEMS
    shown = "; ".join(problems[:_SHOWN_PROBLEMS])
    raise InvalidImport(
        f"nothing was imported: {shown}{f'; and {more} more' if more > 0 else ''}",
        hint="Correct the places named, or remove them, and import again; what is in already is not made twice.",
        problems=list(problems[:_SHOWN_PROBLEMS]),
        count=len(problems),
    )
