"""One database described by flags or variables, as the founding design's command lines have it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moorage.databases.definitions import DATABASE_ID
from moorage.databases.sources.problems import Problem, meaning, refusal, shown
from moorage.databases.sources.urls import InvalidUrl, fields_of

# Fields, and the variables that give them, the first that is set.
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "resource_arn": ("POSTGRES_RESOURCE_ARN",),
    "secret_arn": ("POSTGRES_SECRET_ARN",),
    "database": ("POSTGRES_DATABASE",),
    "region": ("POSTGRES_REGION",),
    "hostname": ("POSTGRES_HOSTNAME", "POSTGRES_HOST"),
    "port": ("POSTGRES_PORT",),
    "username": ("POSTGRES_USER",),
    "password": ("POSTGRES_PASSWORD",),
    "readonly": ("POSTGRES_READONLY",),
}
# In the house these say where the registry is, as soon as one of the first two is set.
REGISTRY_PLACES = ("POSTGRES_HOST", "DATABASE_URL")
REGISTRY_VARIABLES = frozenset({"POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_USER", "POSTGRES_PASSWORD"})
_ONLY_DIRECT = ("hostname", "port", "username", "password", "url")
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9_.-]")


def single_of_variables(environment: Mapping[str, str], *, beside_registry: bool) -> dict[str, str]:
    """Return the fields that variables give; empty when they describe no database.

    Args:
        beside_registry: in the house POSTGRES_HOST and its kin are the registry's: a database needs POSTGRES_HOSTNAME
            or POSTGRES_RESOURCE_ARN there, and takes user, password and port only where the registry has no need of
            them.
    """
    taken = environment
    if beside_registry:
        if not (environment.get("POSTGRES_HOSTNAME") or environment.get("POSTGRES_RESOURCE_ARN")):
            return {}
        if any(environment.get(name) for name in ("POSTGRES_RESOURCE_ARN", *REGISTRY_PLACES)):
            taken = {name: value for name, value in environment.items() if name not in REGISTRY_VARIABLES}
    fields = {}
    for name, variables in VARIABLES.items():
        value = next((taken[each] for each in variables if taken.get(each)), None)
        if value is not None:
            fields[name] = value
    return fields


def single_database(fields: Mapping[str, str], *, region: str | None = None) -> tuple[str, dict[str, Any]]:
    """Return the id and the definition, as it would stand in a file, of the one database.

    Args:
        fields: of a definition, each as text.
        region: of AWS, where neither the fields nor a name of Amazon's say one.

    Raises:
        InvalidDefinition: no database is named, or the fields contradict each other.
    """
    given: dict[str, Any] = {name: _literal(value) for name, value in fields.items()}
    _refuse_contradictions(given)
    if "readonly" in given:
        given["readonly"] = _truth(given["readonly"])
    is_data_api = "resource_arn" in given
    if region and "region" not in given and "secret_arn" in given and not is_data_api:
        given["region"] = region
    kind = "rds_data_api" if is_data_api else "direct_postgres"
    return _readable_id(_database_name(given)), {"type": kind, **given}


def _refuse_contradictions(given: Mapping[str, Any]) -> None:
    if "resource_arn" in given and (both := [name for name in _ONLY_DIRECT if name in given]):
        wrong = f"is for the Data API, and {' and '.join(both)} for a direct connection; give one of the two"
        raise refusal([Problem("resource_arn", wrong)])


def _database_name(given: Mapping[str, Any]) -> str:
    named = given.get("database")
    if named is None and "url" in given:
        try:
            named = fields_of(given["url"]).get("database")
        except InvalidUrl as error:
            raise refusal([Problem("url", str(error))]) from None
    if not named:
        raise refusal([Problem("database", "is missing; give --database or --config, or set POSTGRES_DATABASE")])
    return str(named)


def _readable_id(name: str) -> str:
    """Return the database's name as an id; what no id may have becomes an underscore."""
    name = _NOT_IN_ID.sub("_", name)
    name = name if DATABASE_ID.fullmatch(name) else f"_{name}"
    return name[:100]


def _truth(text: str) -> bool:
    word = text.strip().casefold()
    if word not in ("true", "false"):
        near = meaning(word, ["true", "false"])
        raise refusal([Problem("readonly", f"takes true or false{shown('readonly', text)}{near}")])
    return word == "true"


def _literal(text: str) -> str:
    """Return a text that stands for itself where "${NAME}" would be replaced."""
    return text.replace("${", "$${")
