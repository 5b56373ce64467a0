"""What can be said about the program from its own code: settings for people, pages for docs/reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from moorage.settings import DESIGN_VARIABLES, Settings


@dataclass(frozen=True)
class SettingRow:
    """One setting: `section.field`, its value as text, the variables that set it, what it means."""

    name: str
    value: str
    variable: str
    description: str


def setting_rows(settings: Settings) -> Iterator[SettingRow]:
    """Yield every setting in the order of the sections; secrets come out as stars."""
    yield from _rows(settings, ())


def _rows(section: BaseModel, path: tuple[str, ...]) -> Iterator[SettingRow]:
    for name, field in type(section).model_fields.items():
        value: Any = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _rows(value, (*path, name))
        else:
            place = (*path, name)
            yield SettingRow(".".join(place), str(value), _variables(place), field.description or "")


def _variables(place: tuple[str, ...]) -> str:
    own = "MOORAGE_" + "__".join(place).upper()
    designs = [variable for variable, setting in DESIGN_VARIABLES.items() if setting == place]
    return ", ".join([own, *designs])
