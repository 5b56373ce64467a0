"""The projects on the command line: `moorage project ...`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from moorage.core.access import current_caller
from moorage.core.shell import Json, Services, Shell, shell_of
from moorage.projects.lifecycle.commands import commands as lifecycle_commands
from moorage.projects.models import MAX_NAME_LENGTH, Project, ProjectOrder, shown_size
from moorage.projects.roles import RoleKind, ensure_role, role_script
from moorage.projects.service import ProjectService
from moorage.projects.states import standing

commands = typer.Typer(name="project", help="Create, list, measure and delete projects.", no_args_is_help=True)
commands.add_typer(lifecycle_commands)

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
    sort: Annotated[
        ProjectOrder | None, typer.Option(help="The largest, or those used last, first; default by name.")
    ] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Those that are gone, the last one first.")] = False,
    json: Json = False,
) -> None:
    """List the projects."""
    shell = shell_of(context)
    if deleted:
        _list_deleted(shell, limit, json=json)
        return

    async def use(services: Services):
        projects = _projects(services)
        return await (projects.list(after=after, limit=limit) if sort is None else projects.foremost(sort, limit=limit))

    page = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(page)
        return
    rows = [_row(each) for each in page.projects]
    shell.print_table("Projects", ("name", "title", "state", "server", "size", "last used", "folder"), rows)
    if page.next_after:
        shell.console.print(f"more: --after {page.next_after}", highlight=False)


def _row(project: Project) -> tuple[str | None, ...]:
    used = None if project.last_used_at is None else f"{project.last_used_at:%F %H:%M}"
    size = shown_size(project.database_bytes)
    title = project.title or project.description
    return project.name, title, project.state.value, project.server, size, used, project.folder


def _list_deleted(shell: Shell, limit: int, *, json: bool) -> None:
    async def use(services: Services):
        return await _projects(services).deleted(limit=limit)

    gone = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(gone)
        return
    rows = [(each.name, f"{each.deleted_at:%F %H:%M}", each.deleted_by, each.backup) for each in gone]
    shell.print_table("Deleted projects", ("name", "deleted", "by", "backup"), rows)


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
        shell.print_table(project.name, ("field", "value"), _fields(project))


def _fields(project: Project) -> list[tuple[str, Any]]:
    """Return what is known of a project, with sizes as people read them."""
    sizes = {field: shown_size(getattr(project, field)) for field in ("database_bytes", "max_bytes")}
    return [(field, value) for field, value in (project.model_dump(mode="json") | sizes).items() if value]


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
    backup: Annotated[bool, typer.Option("--backup", help="Back it up first; when that fails, it stays.")] = False,
    json: Json = False,
) -> None:
    """Delete a project with its index and its work items, for good."""
    shell = shell_of(context)
    confirm = name if yes else typer.prompt(f"Type {name} to delete it for good", default="", err=True)

    async def use(services: Services):
        return await _projects(services).delete(name, confirm=confirm, force=force, back_up_first=backup)

    deleted = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(deleted)
    else:
        where = f"; its backup is {deleted.backup}" if deleted.backup else ""
        shell.console.print(f"{deleted.name} is deleted{where}", highlight=False, soft_wrap=True)


@commands.command("role", epilog="Examples: moorage project role website; moorage project role website --write --sql")
def role(
    context: typer.Context,
    name: Name,
    write: Annotated[bool, typer.Option("--write", help="One that may write as well.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the statements for an administrator instead.")] = False,
) -> None:
    """Make a role that reaches this project's database only, to be granted to people's logins; safe to repeat."""
    shell = shell_of(context)
    kind = RoleKind.WRITE if write else RoleKind.READ

    async def use(services: Services) -> str:
        connections = _projects(services).connections
        project = standing(await connections.find_project(name))
        provisioner = connections.provisioner_of(project)
        if sql:
            async with connections.get_project_connection(name) as connection:
                owner = await connection.fetchval("SELECT current_user")
            return role_script(provisioner, project, kind, owner=owner)
        made = await ensure_role(provisioner, project, kind)
        return f"{made} may {kind.value} project {name}; grant it: GRANT {made} TO somebody;"

    typer.echo(shell.run(_SYSTEMS, use))


def _projects(services: Services) -> ProjectService:
    return services["projects"]
