"""Arguments that several tools take."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

DatabaseArgument = Annotated[str | None, Field(description="Which database; list_databases names them.")]
