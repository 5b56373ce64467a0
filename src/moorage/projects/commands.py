"""The projects on the command line: `moorage project ...`."""

from __future__ import annotations

from typing import Annotated

import typer

from moorage.core.access import current_caller
from moorage.core.shell import Services, shell_of
from moorage.projects.lifecycle.commands import commands as lifecycle_commands
from moorage.projects.models import MAX_NAME_LENGTH
from moorage.projects.service import ProjectService

commands = typer.Typer(name="project", help="Create, list, measure and delete projects.", no_args_is_help=True)
commands.add_typer(lifecycle_commands)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Name = Annotated[str, typer.Argument(help=f"1 to {MAX_NAME_LENGTH} of a-z, 0-9 and underscore.")]
_SYSTEMS = ("projects",)


@commands.command("create", epilog="Example: moorage project create website --description 'Marketing site'")
def create(
    context: typer.Context,
    name: Name,
    description: Annotated[str, typer.Option(help="What the project is.")] = "",
    server: Annotated[str | None, typer.Option(help="The PostgreSQL server to place it on.")] = None,
    json: Json = False,
) -> None:
    """Create a project with a database of its own; safe to repeat."""
    shell = shell_of(context)

    async def use(services: Services):
        return await _projects(services).create(
            name, description=description, created_by=current_caller().name, server=server
        )

    project = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(project)
    else:
        made = "created" if project.created else "exists already"
        shell.console.print(f"{project.name} {made} (database {project.database_name})", highlight=False)


@commands.command("list", epilog="Example: moorage project list --json")
def list_projects(
    context: typer.Context,
    after: Annotated[str, typer.Option(help="Start behind this name.")] = "",
    limit: Annotated[int, typer.Option(help="At most this many, 1 to 200.")] = 100,
    json: Json = False,
) -> None:
    """List the projects in the order of their names."""
    shell = shell_of(context)

    async def use(services: Services):
        return await _projects(services).list(after=after, limit=limit)

    page = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(page)
        return
    rows = [(each.name, each.state.value, each.folder, each.description) for each in page.projects]
    shell.print_table("Projects", ("name", "state", "folder", "description"), rows)
    if page.next_after:
        shell.console.print(f"more: --after {page.next_after}", highlight=False)


@commands.command("show", epilog="Example: moorage project show website")
def show(context: typer.Context, name: Name, json: Json = False) -> None:
    """Show one project."""
    shell = shell_of(context)

    async def use(services: Services):
        return await _projects(services).get(name)

    project = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(project)
    else:
        shell.print_table(project.name, ("field", "value"), list(project.model_dump(mode="json").items()))


@commands.command("stats", epilog="Example: moorage project stats website")
def stats(context: typer.Context, name: Name, json: Json = False) -> None:
    """Measure a project: its database, its tables."""
    shell = shell_of(context)

    async def use(services: Services):
        return await _projects(services).stats(name)

    measured = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(measured)
        return
    rows = [
        (f"{each.schema_name}.{each.table_name}", f"{each.bytes / 1e6:.1f} MB", max(each.estimated_rows, 0))
        for each in measured.tables
    ]
    title = f"{measured.project_name}: {measured.database_bytes / 1e6:.1f} MB in {measured.database_name}"
    shell.print_table(title, ("table", "size", "rows (about)"), rows)


@commands.command("delete", epilog="Example: moorage project delete website")
def delete(
    context: typer.Context,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also while somebody works in it.")] = False,
    json: Json = False,
) -> None:
    """Delete a project with its index and its work items, for good."""
    shell = shell_of(context)
    confirm = name if yes else typer.prompt(f"Type {name} to delete it for good", default="", err=True)

    async def use(services: Services):
        return await _projects(services).delete(name, confirm=confirm, force=force)

    deleted = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(deleted)
    else:
        shell.console.print(f"{deleted.name} is deleted", highlight=False)


def _projects(services: Services) -> ProjectService:
    return services["projects"]
