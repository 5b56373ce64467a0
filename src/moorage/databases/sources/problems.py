"""What is wrong with definitions: each problem with its field, its value unless that may be a secret, and a way out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from moorage.databases.definitions import DirectPostgres, RdsDataApi
from moorage.databases.errors import InvalidDefinition

MODELS: Mapping[str, type[DirectPostgres | RdsDataApi]] = {
    "direct_postgres": DirectPostgres,
    "rds_data_api": RdsDataApi,
}
SECRET_FIELDS = frozenset({"password", "url", "defaults"})
SHOWN_CHARACTERS = 80
NAMED_PROBLEMS = 100
NEAREST = 3
NAME_CHARACTERS = 100
# https://docs.pydantic.dev/latest/errors/validation_errors/
_WORDS = {
    "string_type": "should be a text; put it into quotes",
    "int_type": "should be a whole number",
    "int_parsing": "should be a whole number",
    "float_parsing": "should be a number",
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
    "tuple_type": "should be a list: [one, another]",
    "model_type": "should be a section with fields of its own",
    "dict_type": "should be a section with fields of its own",
    "byte_size": "should be a size: 50000, 50KB, 1MB",
    "byte_size_unit": "should be a size: 50000, 50KB, 1MB",
}
_HINT = "docs/how-to/add-databases.md shows every field with an example."


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        field: where, with dots: `databases.billing.port`.
    """

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


def refusal(problems: Sequence[Problem]) -> InvalidDefinition:
    """Return the failure that names every problem once."""
    different = list(dict.fromkeys(problems))
    named = "; ".join(map(str, different[:NAMED_PROBLEMS]))
    more = f"; and {len(different) - NAMED_PROBLEMS} more" if len(different) > NAMED_PROBLEMS else ""
    fields = [each.field for each in different[:NAMED_PROBLEMS]]
    return InvalidDefinition(f"{named}{more}", hint=_HINT, fields=fields)


def problems_of(
    error: ValidationError, model: type[BaseModel], place: str, given: Mapping[str, Any]
) -> Iterator[Problem]:
    """Yield what a model refused.

    Args:
        place: of the definition: `databases.billing`.
        given: what was written, before variables in it were replaced: their values are never shown.
    """
    for each in error.errors(include_url=False, include_input=False):
        field = ".".join([place, *map(str, each["loc"])])
        yield Problem(field, _message(each, model, given))


def no_such_field(name: str, fields: Sequence[str]) -> str:
    """Say that a field is unknown, and which may be meant; its value may be a secret and is left out."""
    return f"there is no such field{meaning(name, fields)}"


def meaning(name: str, known: Sequence[str]) -> str:
    """Return which names may have been meant, as the end of a sentence; empty when none is near."""
    nearest = nearest_of(name, known)
    return f"; did you mean {' or '.join(nearest)}?" if nearest else ""


def nearest_of(name: str, known: Sequence[str]) -> list[str]:
    """Return the names most like one that there is not, the most alike first; of thousands it takes a second."""
    return get_close_matches(name[:NAME_CHARACTERS], known, n=NEAREST)


def did_you_mean(names: Sequence[str]) -> str:
    """Return a hint that asks for names, as `nearest_of` found them; empty for none."""
    return f"Did you mean {' or '.join(names)}?" if names else ""


def shown(field: str, value: Any) -> str:
    """Return a value as the end of a sentence; empty where it is, or may hold, a secret, or is a whole section."""
    if field in SECRET_FIELDS or not isinstance(value, str | int | float) or _may_hold_secret(str(value)):
        return ""
    return f", got {str(value)[:SHOWN_CHARACTERS]!r}"


def _message(error: Any, model: type[BaseModel], given: Mapping[str, Any]) -> str:
    name = str(error["loc"][-1]) if error["loc"] else ""
    if error["type"] == "missing":
        return "is missing"
    if error["type"] == "extra_forbidden":
        return _unknown(name, error["loc"], model)
    first = str(error["loc"][0]) if error["loc"] else ""
    value = shown(first, _at(given, error["loc"]))
    return f"{_words(error)}{value}{_near_choice(error, value)}"


def _words(error: Any) -> str:
    """Return what is wrong in words of the file, where the library has words of Python."""
    text = _WORDS.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return text[:1].lower() + text[1:]


def _near_choice(error: Any, value: str) -> str:
    """Return which of the values allowed may be meant, where only some are."""
    choices = re.findall(r"'([^']+)'", str(error.get("ctx", {}).get("expected", "")))
    return meaning(value.rpartition("got ")[2].strip("'"), choices) if value else ""


def _unknown(name: str, loc: Sequence[Any], model: type[BaseModel]) -> str:
    is_top = len(loc) == 1 and model in MODELS.values()
    other = next((word for word, each in MODELS.items() if each is not model and name in each.model_fields), None)
    if is_top and other is not None:
        return f"belongs to type: {other}"
    fields = list(_model_at(model, loc[:-1]).model_fields)
    return no_such_field(name, [*fields, "url"] if is_top else fields)


def _model_at(model: type[BaseModel], loc: Sequence[Any]) -> type[BaseModel]:
    """Return the model of a section inside a definition."""
    for name in loc:
        if isinstance(name, int):  # the place in a list
            continue
        annotation = model.model_fields[str(name)].annotation
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        model = next(each for each in candidates if isinstance(each, type) and issubclass(each, BaseModel))
    return model


def _at(given: Any, loc: Sequence[Any]) -> Any:
    for part in loc:
        if isinstance(given, Mapping):
            given = given.get(part)
        elif isinstance(given, list) and isinstance(part, int) and part < len(given):
            given = given[part]
        else:
            return None
    return given


def _may_hold_secret(text: str) -> bool:
    """Tell whether a text looks like an address with a login in it, whatever field it stands in."""
    return "://" in text or "@" in text or "password" in text.casefold()
