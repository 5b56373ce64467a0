"""What commands about work items share: options, and opening the services."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer

from moorage.core.errors import InvalidInput
from moorage.core.shell import Services, shell_of

Result = TypeVar("Result")

Project = Annotated[str | None, typer.Option("--project", "-p", help="Default: the project of this folder.")]
Item = Annotated[str, typer.Argument(help="Id or key: T-123.", metavar="ITEM")]
OptionalType = Annotated[str | None, typer.Option("--type", "-t", help="Only items of this type.", metavar="TYPE")]
ClaimToken = Annotated[int | None, typer.Option("--token", help="Of your claim, as `claim` printed it.", min=1)]
Force = Annotated[bool, typer.Option("--force", help="Write whatever others did or hold meanwhile.")]
Fields = Annotated[
    list[str] | None,
    typer.Option("--field", "-f", help="NAME=VALUE, typed by the schema; lists and objects as JSON.", metavar="FIELD"),
]
DataFile = Annotated[str | None, typer.Option("--data", help="JSON file with fields; - is standard input.")]

_SYSTEMS = ("projects", "workflow")


def run(context: typer.Context, project: str | None, use: Callable[[Any, str], Awaitable[Result]]) -> Result:
    """Hand the services and the name of the project that is meant to `use`, and return what it returns.

    Args:
        use: takes a `WorkflowService`, which stands on the packages and so cannot be named in their commands.
    """

    async def opened(services: Services) -> Result:
        return await use(services["workflow"], await services["projects"].resolve(project))

    return shell_of(context).run(_SYSTEMS, opened)


def parse_moment(text: str) -> datetime:
    """Return the moment that somebody wrote; without a time zone it is that of this machine's clock.

    Raises:
        InvalidInput.
    """
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"{text[:60]!r} is no time", hint="Write it like 2026-11-21T18:30, or 2026-11-21T17:30Z."
        ) from None
