"""What people may say of a project, and about which projects they may."""

from __future__ import annotations

from moorage.core.access import NotAllowed, current_caller
from moorage.core.errors import InvalidInput

MAX_TITLE_LENGTH = 200
MAX_DESCRIPTION_LENGTH = 2000


def check_title(title: str | None) -> None:
    """Refuse a title that is too long for a line."""
    _check("title", title, MAX_TITLE_LENGTH)


def check_description(description: str | None) -> None:
    """Refuse a description that is too long for a table."""
    _check("description", description, MAX_DESCRIPTION_LENGTH)


def refuse_unseen(name: str) -> None:
    """Refuse to make a project that its maker could not see.

    Raises:
        NotAllowed: the caller's token is for certain projects.
    """
    caller = current_caller()
    if not caller.sees(name):
        raise NotAllowed(
            f"{caller.name!r} may not create a project {name!r}: its token is for certain projects, not for this one",
            hint="Ask an administrator of this server for a token that names the project, or for all projects.",
        )


def _check(field: str, text: str | None, most: int) -> None:
    if text and (len(text) > most or "\0" in text):
        raise InvalidInput(
            f"{field} holds a NUL" if "\0" in text else f"{field} has {len(text)} characters",
            hint=f"Use at most {most} characters of plain text.",
            field=field,
        )
