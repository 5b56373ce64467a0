"""How tools of all systems are told which project a call means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from pydantic import Field

# Turns a call's project_name, or its absence, into the project meant.
Resolve = Callable[[str | None], Awaitable[str]]

ProjectArgument = Annotated[
    str | None,
    Field(description="The project; left out where only one is served."),
]
