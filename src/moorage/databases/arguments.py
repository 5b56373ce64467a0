"""Arguments that several tools take."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

Absent = SkipJsonSchema[None]
"""What an argument is that is left out. Null is taken as well, but not published: it would double a schema's length."""

DatabaseArgument = Annotated[str | Absent, Field(description="Which database; list_databases names them.")]
StatementArgument = Annotated[str, Field(description="One statement.")]
ParametersArgument = Annotated[list[Any] | Absent, Field(description="$1, $2, ...")]
