"""Rows that come as PostgreSQL's text of a composite value are taken apart into exactly what was put together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from moorage.databases.connectors.data_api.rows import fields_of

FIELDS = st.lists(st.none() | st.text(alphabet=st.sampled_from('ab",\\() \n\té')), min_size=1, max_size=6)


def written(fields: list[str | None]) -> str:
    """Write a row as `record_out` of PostgreSQL does.

    Source: https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
    """
    return f"({','.join(map(_written, fields))})"


@given(FIELDS)
def test_every_field_comes_back(fields: list[str | None]) -> None:
    assert fields_of(written(fields)) == fields


def _written(field: str | None) -> str:
    if field is None:
        return ""
    if field and not set(field) & set('",\\() \n\t'):
        return field
    escaped = field.replace("\\", "\\\\").replace('"', '""')
    return f'"{escaped}"'
