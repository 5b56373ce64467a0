"""The life of projects on the command line: archived and back, copied, limited, and what they are called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ByteSize, PositiveInt, TypeAdapter, ValidationError

from moorage.core.shell import Json, Services, shell_of
from moorage.projects.models import MAX_NAME_LENGTH, Project, shown_size
from moorage.projects.service import ProjectService

commands = typer.Typer()

Name = Annotated[str, typer.Argument(help=f"1 to {MAX_NAME_LENGTH} of a-z, 0-9 and underscore.")]
Force = Annotated[bool, typer.Option("--force", help="Also while somebody works in it; their transactions roll back.")]
_SYSTEMS = ("projects",)


@commands.command("archive", epilog="Example: moorage project archive website")
def archive(context: typer.Context, name: Name, force: Force = False, json: Json = False) -> None:
    """Make a project read-only; it stays searchable."""
    _do(context, lambda projects: projects.lifecycle.archive(name, force=force), "is archived", json=json)


@commands.command("unarchive", epilog="Example: moorage project unarchive website")
def unarchive(context: typer.Context, name: Name, json: Json = False) -> None:
    """Let an archived project be written to again."""
    _do(context, lambda projects: projects.lifecycle.unarchive(name), "is ready", json=json)


@commands.command("edit", epilog="Example: moorage project edit website --title 'Marketing site'")
def edit(
    context: typer.Context,
    name: Name,
    title: Annotated[str | None, typer.Option(help="A line that people know it by; '' takes it away.")] = None,
    description: Annotated[str | None, typer.Option(help="What the project is; '' takes it away.")] = None,
    folder: Annotated[Path | None, typer.Option(help="The folder it belongs to.", show_default=False)] = None,
    no_folder: Annotated[bool, typer.Option("--no-folder", help="It belongs to no folder.")] = False,
    json: Json = False,
) -> None:
    """Change what is said of a project; its name never changes."""
    if folder is not None and no_folder:
        raise typer.BadParameter("give --folder or --no-folder")
    place = "" if no_folder else None if folder is None else str(folder.expanduser().resolve())
    _do(
        context,
        lambda projects: projects.lifecycle.edit(name, title=title, description=description, folder=place),
        "is changed",
        json=json,
    )


@commands.command("quota", epilog="Example: moorage project quota website --max-size 2GB")
def quota(
    context: typer.Context,
    name: Name,
    max_size: Annotated[
        str | None, typer.Option(help="No write is begun at this size, such as 2GB or 500MiB; none for no limit.")
    ] = None,
    max_connections: Annotated[
        str | None, typer.Option(help="Most connections of one process; none for that of the settings.")
    ] = None,
    json: Json = False,
) -> None:
    """Limit what a project may take."""
    sizes, counts = _limit(max_size, ByteSize, "--max-size"), _limit(max_connections, PositiveInt, "--max-connections")
    _do(
        context,
        lambda projects: projects.lifecycle.limit(name, max_bytes=sizes, max_connections=counts),
        "is limited",
        json=json,
    )


@commands.command("clone", epilog="Example: moorage project clone website website_next")
def clone(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="The project that is copied.")],
    name: Name,
    force: Force = False,
    json: Json = False,
) -> None:
    """Make a project with all that another holds."""
    _do(context, lambda projects: projects.copies.clone(source, name, force=force), f"is a copy of {source}", json=json)


@commands.command("snapshot", epilog="Example: moorage project snapshot website --label before")
def snapshot(
    context: typer.Context,
    name: Name,
    label: Annotated[str | None, typer.Option(help="The end of its name; default the time in UTC.")] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Keep what a project holds now, as an archived copy."""
    _do(
        context,
        lambda projects: projects.copies.snapshot(name, label=label, force=force),
        f"is a snapshot of {name}",
        json=json,
    )


@commands.command("snapshots", epilog="Example: moorage project snapshots website")
def snapshots(context: typer.Context, name: Name, json: Json = False) -> None:
    """List the snapshots of a project, the newest first."""
    shell = shell_of(context)

    async def use(services: Services):
        return await _projects(services).copies.snapshots(name)

    found = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(found)
        return
    rows = [(each.name, f"{each.created_at:%F %T}", shown_size(each.database_bytes), each.created_by) for each in found]
    shell.print_table(f"Snapshots of {name}", ("name", "taken", "size", "by"), rows)


@commands.command("rollback", epilog="Example: moorage project rollback website --to website_before")
def rollback(
    context: typer.Context,
    name: Name,
    to: Annotated[str, typer.Option(help="The snapshot, by its name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    force: Force = False,
    json: Json = False,
) -> None:
    """Put a project back to what a snapshot of it holds; what was written since is lost."""
    confirm = name if yes else typer.prompt(f"Type {name} to drop what it holds now", default="", err=True)
    _do(
        context,
        lambda projects: projects.copies.rollback(name, to=to, confirm=confirm, force=force),
        f"holds what {to} holds",
        json=json,
    )


def _do(
    context: typer.Context, change: Callable[[ProjectService], Awaitable[Project]], outcome: str, *, json: bool
) -> None:
    """Change a project and say what became of it."""
    shell = shell_of(context)

    async def use(services: Services):
        return await change(_projects(services))

    project = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(project)
    else:
        shell.console.print(f"{project.name} {outcome}", highlight=False)


def _limit(text: str | None, kind: Any, option: str) -> int | None:
    """Return a limit as the life cycle takes it: None leaves it, 0 takes it away."""
    if text is None or text == "none":
        return None if text is None else 0
    try:
        return int(TypeAdapter(kind).validate_python(text))
    except ValidationError as error:
        raise typer.BadParameter(f"{text!r}: {error.errors()[0]['msg']}", param_hint=option) from None


def _projects(services: Services) -> ProjectService:
    return services["projects"]
