"""What models of values have in common.

Their validators are built at first use: there are more than a hundred models, a process uses a few of them, and
building all would be a fifth of every start (https://docs.pydantic.dev/latest/concepts/config/).
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """Something that does not change."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class GivenValue(Value):
    """A value that comes from outside; what it has no field for is refused."""

    model_config = ConfigDict(extra="forbid")
