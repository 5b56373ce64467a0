"""Types on the command line: `moorage workflow types list`, `packs`, `show`, `register`, `delete`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from moorage.core.errors import InvalidInput
from moorage.core.shell import Json, shell_of
from moorage.workflow.parsing import parse_json
from moorage.workflow.shell.options import Project, run
from moorage.workflow.types.models import DeletedType, RegisteredType, ShownType, TypeList, TypeRules
from moorage.workflow.types.packs import pack_names, read_pack

types = typer.Typer(name="types", help="The types of work items.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The type's name.")]
_STANDARD_INPUT = "-"


@types.command("list", epilog="Example: moorage workflow types list")
def list_types(context: typer.Context, project: Project = None, json: Json = False) -> None:
    """List the types of a project, and the ready-made ones that it could have."""
    shell = shell_of(context)

    async def use(workflow: Any, project_name: str) -> TypeList:
        return await workflow.types.list(project_name)

    found = run(context, project, use)
    if json:
        shell.print_json(found)
        return
    rows = [
        (each.schema_name, each.key_prefix, each.version, each.entities, each.deleted, each.description)
        for each in found.types
    ]
    shell.print_table("types", ("name", "keys", "version", "items", "deleted", "what it is for"), rows)
    if found.packs:
        shell.print_table("ready-made", ("name", "what it is for"), list(found.packs.items()))


@types.command("packs", epilog="Example: moorage workflow types packs")
def packs(context: typer.Context, json: Json = False) -> None:
    """List the ready-made types that ship with the program."""
    shell = shell_of(context)
    found = [read_pack(name) for name in pack_names()]
    if json:
        shell.print_json(found)
    else:
        shell.print_table("packs", ("name", "what it is for"), [(each.schema_name, each.description) for each in found])


@types.command("show", epilog="Example: moorage workflow types show task")
def show(context: typer.Context, name: Name, project: Project = None, json: Json = False) -> None:
    """Show a type: its fields; with --json also its schema and its rules."""
    shell = shell_of(context)

    async def use(workflow: Any, project_name: str) -> ShownType:
        return await workflow.types.show(project_name, name)

    found = run(context, project, use)
    if json:
        shell.print_json(found)
        return
    title = f"{name}, version {found.type.version}: {found.entities} items, {found.deleted} deleted"
    shell.print_table(title, ("field", "what it holds"), list(found.fields.items()))
    if state := found.type.rules.state:
        followers = {} if state.transitions is None else state.transitions
        shell.print_table(state.field, ("from", "to"), [(each, ", ".join(to)) for each, to in followers.items()])


@types.command("register", epilog="Example: moorage workflow types register note note.json --description 'A note'")
def register(
    context: typer.Context,
    name: Name,
    file: Annotated[
        str | None, typer.Argument(help="JSON Schema of its data, - for standard input; left out: the pack so named.")
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="File with the rules: state, priority, indexes.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Make a type; harmless to repeat."""
    shell = shell_of(context)

    async def use(workflow: Any, project_name: str) -> RegisteredType:
        definition = None if file is None else read_file(file, dict[str, Any])
        given = None if rules is None else read_file(str(rules), TypeRules)
        return await workflow.types.register(project_name, name, definition, description=description, rules=given)

    found = run(context, project, use)
    if json:
        shell.print_json(found)
        return
    state = "registered" if found.is_new else "was there already"
    title = f"{name} {state}: version {found.version}, keys {found.key_prefix}-1"
    shell.print_table(title, ("field", "what it holds"), list(found.fields.items()))


@types.command("delete", epilog="Example: moorage workflow types delete note")
def delete(context: typer.Context, name: Name, project: Project = None, json: Json = False) -> None:
    """Delete a type that has no items, deleted ones included."""
    shell = shell_of(context)

    async def use(workflow: Any, project_name: str) -> DeletedType:
        return await workflow.types.delete(project_name, name)

    found = run(context, project, use)
    if json:
        shell.print_json(found)
    else:
        shell.console.print(f"{name} is deleted from {found.project_name}", highlight=False, markup=False)


def read_file(file: str, kind: Any) -> Any:
    """Return what a JSON file, or - for standard input, holds as the kind of value it has to be.

    Raises:
        InvalidInput: it cannot be read, is no JSON, or holds something else.
    """
    value = parse_json(_text_of(file), what="standard input" if file == _STANDARD_INPUT else file)
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))} {each['msg']}" for each in error.errors())
        raise InvalidInput(f"{file}: {problems}", hint="Correct the file.") from None


def _text_of(file: str) -> str:
    if file == _STANDARD_INPUT:
        return sys.stdin.read()
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file}: cannot be read: {error}", hint="Name a JSON file, or - for input.") from None
