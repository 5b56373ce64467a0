"""What can go wrong when databases are copied and moved."""

from __future__ import annotations

from typing import ClassVar

from moorage.core.errors import BrokenState, Conflict


class CopyDiffers(BrokenState):
    """A copy does not hold what the original held."""

    code: ClassVar[str] = "operations.copy_differs"


class MoveRefused(Conflict):
    """The server a project should move to cannot hold all of it."""

    code: ClassVar[str] = "operations.move_refused"
