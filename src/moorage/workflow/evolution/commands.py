"""Changes of types on the command line: `moorage workflow types evolve`, `migrate`, `history`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from moorage.core.shell import Json, Shell, shell_of
from moorage.workflow.evolution.migration import OnProgress
from moorage.workflow.evolution.models import (
    CheckedEntities,
    Evolution,
    EvolvedType,
    FailingEntity,
    MigratedType,
    Migration,
    TypeHistory,
    TypeVersion,
)
from moorage.workflow.shell.options import Project, run
from moorage.workflow.types.commands import Name, read_file
from moorage.workflow.types.models import TypeRules
from moorage.workflow.types.steps import Steps

evolution = typer.Typer()

File = Annotated[Path | None, typer.Argument(help="The new JSON Schema, - for standard input; left out, it stays.")]


@evolution.command(
    "evolve", epilog="Example: moorage workflow types evolve note note.json --steps steps.json --dry-run"
)
def evolve(
    context: typer.Context,
    name: Name,
    file: File = None,
    project: Project = None,
    steps: Annotated[Path | None, typer.Option(help="File with the steps that entities go through.")] = None,
    rules: Annotated[Path | None, typer.Option(help="File with the new rules; left out, they stay.")] = None,
    description: Annotated[str | None, typer.Option(help="What the type is for; left out, it stays.")] = None,
    expected_version: Annotated[
        int | None, typer.Option(help="The version the change was made from; default: the one of now.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what it would do.")] = False,
    accept_failing: Annotated[
        bool, typer.Option("--accept-failing", help="Also when it is breaking, or leaves entities behind.")
    ] = False,
    json: Json = False,
) -> None:
    """Change a type, and bring its entities forward; shows a progress bar."""
    shell = shell_of(context)

    async def use(workflow: Any, project_name: str) -> EvolvedType:
        asked = Evolution(
            schema_definition=_given(file, dict[str, Any]),
            description=description,
            rules=_given(rules, TypeRules),
            steps=_given(steps, Steps),
        )
        service = workflow.evolution
        if dry_run:
            return await service.try_out(project_name, name, asked)
        seen = expected_version or (await service.history(project_name, name)).versions[0].version
        with shell.progress(f"migrating {name}") as count:
            return await service.evolve(
                project_name,
                name,
                asked,
                expected_version=seen,
                accept_failing=accept_failing,
                on_progress=_counting(count),
            )

    evolved = run(context, project, use)
    if json:
        shell.print_json(evolved)
    else:
        _print_evolved(shell, evolved)
    if evolved.dry_run and evolved.entities and evolved.entities.failing:
        raise typer.Exit(1)
    _end_badly_when_left(evolved.migration)


@evolution.command("migrate", epilog="Example: moorage workflow types migrate note")
def migrate(context: typer.Context, name: Name, project: Project = None, json: Json = False) -> None:
    """Go on with a migration that stands still, or that failed and has been mended since."""
    shell = shell_of(context)

    async def use(workflow: Any, project_name: str) -> MigratedType:
        with shell.progress(f"migrating {name}") as count:
            return await workflow.evolution.migrate(project_name, name, on_progress=_counting(count))

    migrated = run(context, project, use)
    if json:
        shell.print_json(migrated)
    elif migrated.migration is None:
        shell.console.print(Text(f"{name} has no migration"))
    else:
        _print_migration(shell, migrated.migration)
    _end_badly_when_left(migrated.migration)


@evolution.command("history", epilog="Example: moorage workflow types history note")
def history(
    context: typer.Context,
    name: Name,
    project: Project = None,
    version: Annotated[int | None, typer.Option(help="Only this one; with --json also its schema and rules.")] = None,
    json: Json = False,
) -> None:
    """List the versions of a type: what changed, who changed it, and how its migration went."""
    shell = shell_of(context)

    async def use(workflow: Any, project_name: str) -> TypeHistory:
        return await workflow.evolution.history(project_name, name, version)

    found = run(context, project, use)
    if json:
        shell.print_json(found)
        return
    columns = ("version", "change", "migration", "at", "by", "what changed")
    shell.print_table(f"{name} in {found.project_name}", columns, [_row(each) for each in found.versions])


def _given(file: Path | None, kind: Any) -> Any:
    """Return what a file holds as `kind`; None without a file."""
    return None if file is None else read_file(str(file), kind)


def _counting(count: Any) -> OnProgress:
    """Return what tells the progress of batches to a bar that counts one by one."""
    told = 0

    async def tell(done: int, total: int) -> None:
        nonlocal told
        while told < done:
            count(total)
            told += 1

    return tell


def _row(version: TypeVersion) -> tuple[Any, ...]:
    migration = version.migration_state and f"{version.migration_state}, {version.migrated} entities"
    changes = "\n".join(f"{each.pointer.rpartition('/')[2]}: {each.message}" for each in version.reasons)
    made = f"{version.created_at:%Y-%m-%d %H:%M}"
    return version.version, version.change.replace("_", " "), migration, made, version.created_by, changes


def _print_evolved(shell: Shell, evolved: EvolvedType) -> None:
    would = "would be" if evolved.dry_run else "is"
    shell.console.print(Text(f"{evolved.schema_name} {would} at version {evolved.version}: {evolved.change}"))
    if evolved.reasons:
        rows = [(each.pointer or "/", each.change.value, each.message) for each in evolved.reasons]
        shell.print_table("What changes", ("where", "change", "what"), rows)
    if evolved.migration:
        _print_migration(shell, evolved.migration)
    elif evolved.entities:
        _print_checked(shell, evolved.entities)


def _print_checked(shell: Shell, entities: CheckedEntities) -> None:
    shell.console.print(Text(f"{entities.failing} of {entities.checked} entities would not satisfy it"))
    _print_failing(shell, entities.shown, entities.failing)


def _print_migration(shell: Shell, migration: Migration) -> None:
    done = f"{migration.migrated} entities satisfy version {migration.to_version} by it"
    shell.console.print(Text(f"The migration is {migration.state}: {done}, {migration.behind} are behind"))
    _print_failing(shell, migration.failing, migration.behind)


def _print_failing(shell: Shell, shown: list[FailingEntity], count: int) -> None:
    rows = [(each.key, problem.pointer or "/", problem.message) for each in shown for problem in each.problems]
    if rows:
        title = "Entities" if len(shown) >= count else f"The first {len(shown)} entities of {count}"
        shell.print_table(title, ("key", "where", "problem"), rows)


def _end_badly_when_left(migration: Migration | None) -> None:
    if migration is not None and migration.state == "failed":
        raise typer.Exit(1)
