"""`:name` in a statement as `$1`, `$2`, ...: where a parameter stands, PostgreSQL's own grammar says.

What looks like a parameter may be inside a string, a quoted name or a comment. So `$n` is put in the place of each, and
the statement parsed: where the grammar finds a parameter there is one, and everywhere else the text stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moorage.databases.errors import InvalidStatement
from moorage.databases.policy.parsing import Tree, parse
from moorage.databases.policy.statements import only_one

# Not `::type`, not `[1:n]`, and not a part of a longer word: to PostgreSQL everything beyond ASCII is a letter.
_LOOKS_LIKE_ONE = re.compile(r"(?<![\w$:\u0080-\U0010ffff]):([a-z][a-z0-9_]*)(?![\w$\u0080-\U0010ffff])", re.ASCII)


@dataclass(frozen=True)
class _Place:
    """Something that looks like a parameter: where it is in the text, and where its number would be, in bytes."""

    start: int
    end: int
    number: int
    byte: int


def numbered(sql: str, names: Sequence[str]) -> str:
    """Return the statement with `$1` for the first of `names`, and so on.

    Raises:
        InvalidStatement: it cannot be parsed, has a parameter that is not among `names`, does not use one of them, or
            has `$n` of its own.
    """
    candidates = [match for match in _LOOKS_LIKE_ONE.finditer(sql) if match[1] in names]
    places, tried = _tried(sql, candidates, names)
    found = parameters_in(_parsed(tried, sql))
    real = [each for each in places if (each.number, each.byte) in found]
    _check(found, real, names)
    return _written(sql, real)


def parameters_in(tree: Tree) -> set[tuple[int, int]]:
    """Return the parameters of a statement: the number of each, and the byte where it stands."""
    found, waiting = set(), [tree]
    while waiting:
        node: Any = waiting.pop()
        if isinstance(node, dict):
            parameter = node.get("ParamRef")
            if parameter is not None:
                found.add((parameter.get("number", 0), parameter.get("location", 0)))
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return found


def _tried(sql: str, candidates: Sequence[re.Match[str]], names: Sequence[str]) -> tuple[list[_Place], str]:
    """Return the statement with a number for everything that looks like a parameter, and where each of them is."""
    places, pieces, end, size = [], [], 0, 0
    for match in candidates:
        number = names.index(match[1]) + 1
        before = sql[end : match.start()]
        size += len(before.encode())
        places.append(_Place(match.start(), match.end(), number, size))
        pieces += [before, f"${number}"]
        size += len(pieces[-1])
        end = match.end()
    return places, "".join([*pieces, sql[end:]])


def _parsed(tried: str, sql: str) -> Tree:
    try:
        return only_one(parse(tried))
    except InvalidStatement as error:
        unknown = next(iter(_LOOKS_LIKE_ONE.findall(tried)), None)
        hint = f"Describe :{unknown} under parameters." if unknown and f":{unknown}" in sql else error.hint
        raise InvalidStatement(error.message, hint=hint) from None


def _check(found: set[tuple[int, int]], real: Sequence[_Place], names: Sequence[str]) -> None:
    if len(found) != len(real):
        raise InvalidStatement("the statement has $1, $2, ... of its own", hint="Write :name, and describe it.")
    used = {each.number for each in real}
    unused = [name for number, name in enumerate(names, 1) if number not in used]
    if unused:
        raise InvalidStatement(
            f"the statement does not use its parameter {', '.join(unused)}", hint="Use it, or take it out."
        )


def _written(sql: str, real: Sequence[_Place]) -> str:
    pieces, end = [], 0
    for place in real:
        pieces += [sql[end : place.start], f"${place.number}"]
        end = place.end
    return "".join([*pieces, sql[end:]])
