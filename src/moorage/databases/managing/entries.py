"""Entries of the file as callers give them: merged, checked for passwords in clear, written so that YAML keeps them."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

import yaml

from moorage.databases.errors import DatabaseExists, DatabaseNotFound, InvalidDefinition
from moorage.databases.sources.problems import SECRET_FIELDS, Problem, meaning, nearest_of, refusal
from moorage.databases.sources.urls import InvalidUrl, fields_of

_VARIABLE = "${"
_WITHOUT_CLEAR = "Write ${VARIABLE} in its place, or use password_file or secret_arn; or `chmod 600` the file."


def add_entry(section: MutableMapping[str, Any], name: str, definition: Mapping[str, Any]) -> None:
    if name in section:
        raise DatabaseExists(f"there is a database {name!r} already", hint="change_database changes it.")
    section[_writable(name)] = _writable(definition)


def change_entry(section: MutableMapping[str, Any], name: str, changes: Mapping[str, Any]) -> None:
    """Set the fields given, and take away those given as None; sections inside are changed field by field."""
    _require(section, name)
    if not isinstance(section[name], MutableMapping):
        raise refusal([Problem(f"databases.{name}", "is no mapping of fields; mend the file by hand")])
    _merge(section[name], changes)


def remove_entry(section: MutableMapping[str, Any], name: str) -> None:
    _require(section, name)
    del section[name]


def refuse_clear_password(definition: Mapping[str, Any], place: str) -> None:
    """Refuse a password that would stand readable in a file that others can read.

    Raises:
        InvalidDefinition: with the ways to keep it elsewhere.
    """
    password = definition.get("password")
    url = str(definition.get("url") or "")
    if (isinstance(password, str) and "${" not in password) or ("${" not in url and _has_password(url)):
        raise InvalidDefinition(
            f"databases.{place} has a password in clear, and others can read the file", hint=_WITHOUT_CLEAR
        )


def refuse_variables(definition: Mapping[str, Any], name: str) -> None:
    """Refuse variables outside of what is never shown: a description would else tell callers what they hold.

    Raises:
        InvalidDefinition: with the fields that have them.
    """
    wrong = [
        Problem(
            f"databases.{name}.{field}", "variables are taken in password and url only; others belong into the file"
        )
        for field, value in definition.items()
        if field not in SECRET_FIELDS and _VARIABLE in str(value)
    ]
    if wrong:
        raise refusal(wrong)


def _has_password(url: str) -> bool:
    try:
        return bool(url) and "password" in fields_of(url)
    except InvalidUrl:
        return False


def _require(section: Mapping[str, Any], name: str) -> None:
    if name not in section:
        raise DatabaseNotFound(
            f"the file describes no database {name!r}{meaning(name, list(section))}",
            hint="Those of projects, flags and variables are changed where they come from.",
            nearest=nearest_of(name, list(section)),
        )


def _merge(entry: MutableMapping[str, Any], changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if value is None:
            entry.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(entry.get(name), MutableMapping):
            _merge(entry[name], value)
        else:
            entry[name] = _writable(value)


def _writable(value: Any) -> Any:
    """Return a value that is read again as it is: a text that YAML takes for something else gets quotes."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(value, Mapping):
        return {str(name): _writable(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_writable(each) for each in value]
    if isinstance(value, str) and not _is_plain(value):
        return DoubleQuotedScalarString(value)
    return value


def _is_plain(text: str) -> bool:
    try:
        return yaml.safe_load(text) == text
    except yaml.YAMLError:
        return False
