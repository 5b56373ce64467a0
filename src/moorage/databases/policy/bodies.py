"""What the bodies of functions mention that people wrote in the database.

PostgreSQL itself lets a function that is not VOLATILE change nothing. What is left to look for is the same as in a
statement: what it calls and reads, and whether it runs text that it puts together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from moorage.databases.errors import InvalidStatement, StatementTooLarge
from moorage.databases.policy.functions import Function
from moorage.databases.policy.mentions import Mentions
from moorage.databases.policy.parsing import Tree, parse, parse_function
from moorage.databases.policy.trees import collect

_EXPRESSION, _ASSIGNMENTS = 2, (3, 4, 5)
"""Values of RawParseMode in src/include/parser/parser.h: whole statements are 0."""

_ASSIGNED = re.compile(r":?=")
_NO_TYPES = ("record", "trigger", "event_trigger", "refcursor", "unknown")
_CALLS_BACK = re.compile(r"spi|plv8|execute|query|prepare|subtransaction", re.IGNORECASE)
_RUNS_TEXT = "it runs SQL that it puts together or is given"
_BODY = "\nAS "  # as pg_get_functiondef writes it, behind everything that is declared outside
_UNKNOWN_FIELD = re.compile(r'"([^".]+)\.[^"]*" is not a known variable')
_RECORD_WITH_VALUE = re.compile(r"\brecord\s*(:=|=|default\b|not\b|--|/\*)", re.IGNORECASE)


class UnfitBodyError(Exception):
    """A body that is refused whatever it mentions, or that cannot be read; the message says why."""


def mentions_in(function: Function) -> list[Mentions]:
    """Return what the statements and expressions in a function's body mention.

    Raises:
        UnfitBodyError: it runs text, does what no function may that only reads, or cannot be read.
    """
    if function.body is None:
        raise UnfitBodyError("its body is too long to be looked at")
    try:
        if function.language == "sql":
            return _of_statements(function.body)
        if function.language == "plpgsql":
            return _of_program(function.body) if function.body else []
    except (InvalidStatement, StatementTooLarge) as error:
        raise UnfitBodyError(f"its body cannot be read ({error.message.splitlines()[0]})") from None
    if _CALLS_BACK.search(function.body):
        raise UnfitBodyError(f"it is written in {function.language} and may run SQL from text")
    return []


def mentions_of(sql: str) -> Mentions:
    """Return what a statement mentions that PostgreSQL has written down itself."""
    return collect(parse(sql)[0])


def _of_statements(sql: str) -> list[Mentions]:
    found = [collect(tree) for tree in parse(sql)] if sql.strip() else []
    for mentions in found:
        for node in mentions.nodes - {"SelectStmt", "CreateFunctionStmt"}:
            raise UnfitBodyError(f"it contains {node.removesuffix('Stmt').upper()}")
    return found


def _of_program(definition: str) -> list[Mentions]:
    program, types = _parsed(definition)
    _refuse_record_with_value(program, definition)
    casts = [cast for each in types for cast in _as_cast(each)]
    return [mentions for sql in (*_texts(program), *casts) for mentions in _of_statements(sql)]


def _parsed(definition: str) -> tuple[list[Tree], list[str]]:
    """Return the program, and the types of variables that had to be read as records.

    The parser has no catalogue: it takes a variable of a table's type for a single value, without fields.
    """
    types: list[str] = []
    while True:
        try:
            return parse_function(definition), types
        except InvalidStatement as error:
            declared = _declaration_of(definition, error)
            if declared is None:
                raise
            types.append(declared[2])
            definition = f"{definition[: declared.start(2)]}record{definition[declared.end(2) :]}"


def _declaration_of(definition: str, error: InvalidStatement) -> re.Match[str] | None:
    """Return the declaration of the variable whose field is not known: its type, and nothing but the end after it."""
    field = _UNKNOWN_FIELD.search(error.message)
    if field is None:
        return None
    declaration = re.compile(rf'\b({re.escape(field[1])})\s+(?!record\b)([\w."%]+)\s*;', re.IGNORECASE)
    return declaration.search(definition, definition.find(_BODY))


def _refuse_record_with_value(program: list[Tree], definition: str) -> None:
    """Refuse a record that is declared with a value: of that value alone, the parser's tree says nothing."""
    datums = [datum for each in program for datum in each["PLpgSQL_function"]["datums"]]
    body = definition.partition(_BODY)[2]
    if any("PLpgSQL_rec" in each for each in datums) and _RECORD_WITH_VALUE.search(body):
        raise UnfitBodyError("a record in it is declared with a value, which is not seen; assign it in the body")


def _texts(program: Any) -> Iterator[str]:
    """Yield every statement, expression and type of a program in PL/pgSQL, as text of SQL."""
    stack = [program]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, dict):
            _refuse_dynamic(node)
            if "PLpgSQL_expr" in node:
                yield from _as_statements(node["PLpgSQL_expr"])
            elif "typname" in node:
                yield from _as_cast(node["typname"])
            stack.extend(node.values())


def _as_statements(expression: Tree) -> Iterator[str]:
    query, mode = expression["query"], expression.get("parseMode", 0)
    if mode == _EXPRESSION:
        yield f"SELECT {query}"
    elif mode in _ASSIGNMENTS:
        for side in _ASSIGNED.split(query, maxsplit=1):
            yield f"SELECT {side}"
    else:
        yield query


def _as_cast(type_name: str) -> Iterator[str]:
    """A value that a variable gets is checked by the domain that the variable is of.

    `table.column%TYPE` and `table%ROWTYPE` stand for the row of that table.
    """
    name, percent, rest = type_name.strip().partition("%")
    if rest.upper().startswith("TYPE"):
        name = name.rpartition(".")[0]
    if name and (percent or name.lower() not in _NO_TYPES):
        yield f"SELECT NULL::{name}"


def _refuse_dynamic(node: Tree) -> None:
    if "PLpgSQL_stmt_dynexecute" in node or "PLpgSQL_stmt_dynfors" in node or "dynquery" in node:
        raise UnfitBodyError(_RUNS_TEXT)
