"""Variables of the environment in what is written: "${NAME}" and "${NAME:-default}"; "$${" stands for "${"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moorage.databases.sources.problems import Problem

_REFERENCE = re.compile(r"(\$?)\$\{([^}]*)\}")
_INSIDE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<otherwise>:-.*)?", re.DOTALL)


def expand(value: Any, place: str, environment: Mapping[str, str], problems: list[Problem]) -> Any:
    """Return a value with the variables in its texts replaced, all the way down.

    A variable that is empty counts as missing, as everywhere in Moorage; `${NAME:-}` allows that.

    Args:
        place: of the value, for problems: `databases.billing`.
        problems: takes what is wrong; the value is of no use then.
    """
    if isinstance(value, str):
        return _expanded(value, place, environment, problems) if "${" in value else value
    if isinstance(value, Mapping):
        return {name: expand(each, f"{place}.{name}", environment, problems) for name, each in value.items()}
    if isinstance(value, list):
        return [expand(each, f"{place}.{at}", environment, problems) for at, each in enumerate(value)]
    return value


def _expanded(text: str, place: str, environment: Mapping[str, str], problems: list[Problem]) -> str:
    def replaced(reference: re.Match[str]) -> str:
        if reference[1]:
            return reference[0][1:]
        inside = _INSIDE.fullmatch(reference[2])
        if inside is None:
            problems.append(Problem(place, "${...} holds no name of a variable; $${ stands for ${ itself"))
            return ""
        value = environment.get(inside["name"]) or (inside["otherwise"] or "").removeprefix(":-")
        if not value and inside["otherwise"] is None:
            message = f"the variable {inside['name']} is not set; set it, or write ${{{inside['name']}:-default}}"
            problems.append(Problem(place, message))
        return value

    return _REFERENCE.sub(replaced, text)
