"""Options of `moorage db add` and `change` as the fields of a definition."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from moorage.core.errors import InvalidInput
from moorage.databases.sources.urls import InvalidUrl, fields_of

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OTHER_WAYS = "Leave it out, and give --password-file, --password-variable or --ask-password."


def given_fields(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that options give: those left out are absent.

    Raises:
        InvalidInput: a URL holds a password that others could read from the command line.
    """
    given = {name: value for name, value in options.items() if value not in (None, [])}
    if "url" in given:
        _refuse_password(given["url"])
    for name in ("password_file", "sslrootcert"):
        if name in given:
            given[name] = str(Path(given[name]).expanduser().absolute())
    return given


def password_fields(*, variable: str | None, ask: bool) -> dict[str, str]:
    """Return the password as a field: the name of its variable, or what a person types.

    Raises:
        InvalidInput: that is no name of a variable.
    """
    if variable is not None:
        name = variable.removeprefix("${").removesuffix("}")
        if not _VARIABLE.fullmatch(name):
            raise InvalidInput(f"{variable[:60]!r} is no name of a variable", hint="Write --password-variable NAME.")
        return {"password": f"${{{name}}}"}
    if not ask:
        return {}
    typed = typer.prompt("Password", hide_input=True, err=True)
    return {"password": typed.replace("${", "$${")}  # as it is, where ${NAME} would be replaced


def assigned_fields(assignments: Sequence[str], unset: Sequence[str] = ()) -> dict[str, Any]:
    """Return what assignments such as `limits.rows=500` say, their values read as in the file.

    Raises:
        InvalidInput: one of them is none.
    """
    import yaml

    fields: dict[str, Any] = {}
    for each in assignments:
        name, equals, text = each.partition("=")
        if not equals:
            raise InvalidInput(f"--set {each[:60]!r} has no value", hint="Write --set limits.rows=500.")
        try:
            _put(fields, name, yaml.safe_load(text))
        except yaml.YAMLError:
            raise InvalidInput(f"--set {name}: the value is no YAML", hint="Put text into quotes.") from None
    for name in unset:
        _put(fields, name, None)
    return fields


def _put(fields: dict[str, Any], name: str, value: Any) -> None:
    *above, last = name.split(".")
    for part in above:
        fields = fields.setdefault(part, {})
        if not isinstance(fields, dict):
            raise InvalidInput(f"--set: {part!r} is set whole and in part", hint="Set it once.")
    fields[last] = value


def _refuse_password(url: str) -> None:
    try:
        password = fields_of(url).get("password", "")
    except InvalidUrl as error:
        raise InvalidInput(f"--url: {error}", hint="Write postgresql://user@host:port/database.") from None
    if password and "${" not in password:
        raise InvalidInput("--url holds a password, which others see in lists of processes", hint=_OTHER_WAYS)
