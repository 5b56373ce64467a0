"""What can go wrong, as a vocabulary that programs and models can act on.

    MoorageError
    ├── InvalidInput        (ValueError)       the caller can fix the argument
    ├── NotFound            (ValueError)       the named thing does not exist
    ├── Conflict                               the thing exists, but not in the state the call needs
    ├── Forbidden           (PermissionError)  the caller may not
    ├── Unavailable         (ConnectionError)  something we depend on does not answer; try again
    ├── Exhausted           (TimeoutError)     a bounded resource is used up; try again later
    ├── BrokenState         (RuntimeError)     stored state is not what the program needs
    └── Internal            (RuntimeError)     a defect of ours

Every concrete failure is a subclass in the `errors.py` of its system and sets `code`. The builtin in
brackets is a second base, so that the designs' promise of a ValueError, ConnectionError or RuntimeError
holds for callers of the Python API.
"""

from __future__ import annotations

from typing import Any, ClassVar


class MoorageError(Exception):
    """A failure with a stable code, a message with the offending value, data, and a way out.

    Args:
        message: what happened, in one sentence, with the value that caused it.
        hint: what the caller can do now; empty only when nothing can be done.
        details: JSON-ready facts for programs. Never a password, a token or a full DSN.
    """

    code: ClassVar[str] = "internal.error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "", **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def as_dict(self) -> dict[str, Any]:
        """Return the failure as plain data, as the doors show it."""
        return {
            "code": self.code,
            "message": self.message,
            "details": self.details,
            "hint": self.hint,
            "retryable": self.retryable,
        }

    def as_text(self) -> str:
        """Return the failure as the text a model reads: code, what happened, what to do now."""
        lines = [f"{self.code}: {self.message}"]
        if self.hint:
            lines.append(f"Hint: {self.hint}")
        return "\n".join(lines)


class InvalidInput(MoorageError, ValueError):
    """An argument is wrong; the message names the field, the value and what is expected."""

    code = "input.invalid"


class NotFound(MoorageError, ValueError):
    """The named thing does not exist."""

    code = "input.not_found"


class Conflict(MoorageError):
    """The thing exists, but not in the state the call needs."""

    code = "state.conflict"


class Forbidden(MoorageError, PermissionError):
    """The caller may not do this."""

    code = "access.forbidden"


class Unavailable(MoorageError, ConnectionError):
    """Something we depend on does not answer; the same call may succeed later."""

    code = "state.unavailable"
    retryable = True


class Exhausted(MoorageError, TimeoutError):
    """A bounded resource is used up; the same call may succeed later."""

    code = "state.exhausted"
    retryable = True


class BrokenState(MoorageError, RuntimeError):
    """Stored state is not what this program needs; an operator has to look."""

    code = "state.broken"


class Internal(MoorageError, RuntimeError):
    """A defect of ours; the details are in the log under the request id."""

    code = "internal.error"
