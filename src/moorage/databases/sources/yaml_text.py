"""YAML as configuration: safe, fast, and without keys that stand there twice, of which YAML would keep the last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from moorage.databases.errors import InvalidDefinition
from moorage.databases.sources.problems import NAME_CHARACTERS

MAX_DEPTH, MAX_VALUES = 50, 200_000
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(file: Path) -> dict[str, Any]:
    """Return what a file holds, a mapping; an empty file holds none.

    Raises:
        InvalidDefinition: it cannot be read, by its place and never by its text, which may be a password.
    """
    try:
        return parse_yaml(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidDefinition(f"{file} cannot be read: {reason}", hint="Check its path and its rights.") from None


def parse_yaml(text: str, name: str) -> dict[str, Any]:
    """Return what a text holds; `name` says in messages whose text it is."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return {}
        _refuse_repeated(node, name)
        found = loader.construct_document(node)
        _refuse_endless(found, name)
    except RecursionError:
        raise _too_deep(name) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" near line {mark.line + 1}" if mark else ""
        raise InvalidDefinition(
            f"{name} does not hold settings{where}: {type(error).__name__}",
            hint="Mend that line; quotes help around odd values.",
        ) from None
    finally:
        loader.dispose()
    if not isinstance(found, dict):
        raise InvalidDefinition(f"{name} holds no sections", hint="Write for instance `databases:` and what is in it.")
    return found


def _refuse_endless(found: Any, name: str) -> None:
    """Refuse what holds itself, or more of the same than anybody means, by YAML's anchors."""
    room, waiting = MAX_VALUES, [(found, 0)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, dict | list):
            room -= len(value)
            if depth > MAX_DEPTH or room < 0:
                raise _too_deep(name)
            waiting += [(each, depth + 1) for each in (value.values() if isinstance(value, dict) else value)]


def _too_deep(name: str) -> InvalidDefinition:
    return InvalidDefinition(
        f"{name} is nested too deep, or holds itself by an alias (*)", hint="Write out what the alias stands for."
    )


def _refuse_repeated(node: Any, name: str) -> None:
    repeated = [f"{key.value[:NAME_CHARACTERS]!r} in line {key.start_mark.line + 1}" for key in _repeated_keys(node)]
    if repeated:
        raise InvalidDefinition(f"{name} has keys twice: {', '.join(repeated)}", hint="Keep one of each.")


def _repeated_keys(root: Any) -> Iterator[Any]:
    """Yield keys that stand in a mapping for the second time; what a merge (<<) brings along may be said again."""
    waiting, known = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in known or isinstance(node, yaml.ScalarNode):
            continue
        known.add(id(node))
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in seen:
                    yield key
                seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
            waiting += [value for _, value in node.value]
        else:
            waiting += node.value
