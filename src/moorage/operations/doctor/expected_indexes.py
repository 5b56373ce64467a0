"""Which indexes the migrations make: read from their statements, so that nothing has to be made to compare with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from moorage.core.postgres.migrations import MigrationLine, script_from

_CREATED = re.compile(
    r"CREATE (?P<unique>UNIQUE )?INDEX (?P<name>\w+)\s+ON (?P<schema>\w+)\.[^;]*?(?=;)", re.IGNORECASE
)
_DROPPED = re.compile(r"DROP INDEX (?:IF EXISTS )?(?P<schema>\w+)\.(?P<name>\w+)", re.IGNORECASE)


@dataclass(frozen=True)
class ExpectedIndex:
    """An index that a migration makes; `statement` makes it."""

    schema_name: str
    name: str
    is_unique: bool
    statement: str


def expected_indexes(lines: Sequence[MigrationLine]) -> list[ExpectedIndex]:
    """Return the indexes that a database at the head of these lines has beside those of its constraints."""
    return [index for line in lines for index in indexes_of_script(script_from(line, None))]


def indexes_of_script(script: str) -> list[ExpectedIndex]:
    """Return the indexes that a script makes and does not drop again."""
    dropped = {(match["schema"], match["name"]) for match in _DROPPED.finditer(script)}
    made = (
        ExpectedIndex(match["schema"], match["name"], match["unique"] is not None, match[0])
        for match in _CREATED.finditer(script)
    )
    return [index for index in made if (index.schema_name, index.name) not in dropped]
