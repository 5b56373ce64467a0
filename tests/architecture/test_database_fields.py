"""The page on adding databases has every field with its default, and its examples are taken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from moorage.databases.alone import parse_flags
from moorage.databases.definitions import Definition, DirectPostgres, Limits, RdsDataApi, SshTunnel
from moorage.databases.sources.configuration import Configuration
from moorage.databases.sources.single import VARIABLES

PAGE = (Path(__file__).parents[2] / "docs/how-to/add-databases.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| `([^`]+)` \| ([^|]*) \| (.*) \|$", re.MULTILINE)
_HEAD = "| field | default | meaning |"


def written_default(field: FieldInfo) -> str:
    """Return a default as the page has it."""
    default = field.default
    if field.is_required():
        return "required"
    if isinstance(default, BaseModel):
        return "see below"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if default is None or default in ("", ()):
        return ""
    return f"`[{', '.join(default)}]`" if isinstance(default, tuple) else f"`{default}`"


def rows_of(model: type[BaseModel], without: type[BaseModel] | None = None) -> set[tuple[str, str, str]]:
    left_out = set() if without is None else set(without.model_fields)
    return {
        (name, written_default(field), field.description or "")
        for name, field in model.model_fields.items()
        if name not in left_out
    }


@pytest.mark.parametrize(
    ("place", "rows"),
    [
        (0, rows_of(Definition)),
        (1, rows_of(Limits)),
        (2, rows_of(DirectPostgres, without=Definition)),
        (3, rows_of(SshTunnel)),
        (4, rows_of(RdsDataApi, without=Definition)),
    ],
    ids=["every", "limits", "direct", "ssh", "data_api"],
)
def test_every_field_is_on_the_page_as_it_is(place: int, rows: set[tuple[str, str, str]]):
    table = PAGE.split(_HEAD)[1:][place].split("\n\n")[0]
    assert {(name, default.strip(), meaning) for name, default, meaning in _ROW.findall(table)} == rows


def test_every_variable_is_on_the_page():
    assert [name for names in VARIABLES.values() for name in names if f"`{name}`" not in PAGE] == []


def test_every_flag_is_on_the_page():
    flags = [f"--{name}" for name in vars(parse_flags([])) if name not in ("config", "log_level")]
    assert [flag for flag in flags if f"`{flag}`" not in PAGE] == []


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_every_example_is_taken(example: str, tmp_path: Path):
    file = tmp_path / "moorage.yaml"
    file.write_text(example)
    assert set(Configuration(file).read().databases) == set(yaml.safe_load(example).get("databases", {}))
