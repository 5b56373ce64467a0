"""Backups on the command line: `moorage backup`, `moorage verify`, `moorage backups`."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from moorage.core.shell import EXIT_FAILED, Json, Services, Shell, shell_of
from moorage.core.values import Value
from moorage.operations.backup import taking
from moorage.operations.backup.listing import ListedBackup, find_backup, list_backups, remove_oldest
from moorage.operations.backup.manifest import Manifest
from moorage.operations.backup.verifying import Verification, verify_backup
from moorage.operations.settings import BackupSettings

commands = typer.Typer()


class BackupReport(Value):
    """What `moorage backup` did; `removed` are older backups."""

    folder: Path
    manifest: Manifest
    removed: tuple[Path, ...] = ()


@commands.command("backup", epilog="Examples: moorage backup --keep 14; moorage backup --to copies --project website")
def backup(
    context: typer.Context,
    to: Annotated[Path | None, typer.Option("--to", help="Folder of the backups; default as set.")] = None,
    project: Annotated[
        list[str] | None, typer.Option("--project", "-p", help="Only this one, without the registry; repeatable.")
    ] = None,
    keep: Annotated[int | None, typer.Option(min=1, help="How many whole backups stay; default as set.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, max=32, help="Databases at once; default as set.")] = None,
    json: Json = False,
) -> None:
    """Back up the registry and every project, each as a dump of its own, into a new folder."""
    shell = shell_of(context)
    settings, target = _settings(shell, to)
    settings = settings.model_copy(update={"jobs": jobs or settings.jobs, "keep": keep or settings.keep})

    async def use(services: Services) -> taking.Backup:
        with _shown(shell) as progress:
            return await taking.take_backup(
                services["projects"].connections, target, names=project or (), settings=settings, progress=progress
            )

    taken = shell.run(("projects",), use)
    removed = shell.guarded(lambda: _removed(target, settings, taken))
    report = BackupReport(folder=taken.folder, manifest=taken.manifest, removed=tuple(removed))
    if json:
        shell.print_json(report)
    else:
        _print_report(shell, report)
    if report.manifest.failed:
        raise typer.Exit(EXIT_FAILED)


@commands.command("verify", epilog="Examples: moorage verify; moorage verify copies/moorage-20261121T020000Z --json")
def verify(
    context: typer.Context,
    backup: Annotated[str | None, typer.Argument(help="A backup; default the newest whole one.")] = None,
    json: Json = False,
) -> None:
    """Check a backup without restoring it: every file there, unchanged, and readable."""
    shell = shell_of(context)
    settings, target = _settings(shell, None)

    def check() -> Verification:
        return asyncio.run(verify_backup(find_backup(backup, target), programs=settings.programs))

    verification = shell.guarded(check)
    if json:
        shell.print_json(verification)
    else:
        _print_verification(shell, verification)
    if not verification.is_good:
        raise typer.Exit(EXIT_FAILED)


@commands.command("backups", epilog="Example: moorage backups --json")
def backups(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Argument(help="Folder of the backups; default as set.")] = None,
    json: Json = False,
) -> None:
    """List the backups of a folder, oldest first."""
    shell = shell_of(context)
    _, target = _settings(shell, folder)
    listed = shell.guarded(lambda: list_backups(target))
    if json:
        shell.print_json(listed)
    else:
        columns = ("when", "Moorage", "projects", "size", "whole", "backup")
        shell.print_table(f"Backups in {target}", columns, [_row(each) for each in listed])


def _removed(target: Path, settings: BackupSettings, taken: taking.Backup) -> list[Path]:
    """Remove older backups once there is a good one."""
    return remove_oldest(target, keep=settings.keep) if settings.keep and taken.manifest.is_full else []


def _settings(shell: Shell, target: Path | None) -> tuple[BackupSettings, Path]:
    """Return the settings, and the folder of the backups: the one named, else the one set."""
    settings = shell.guarded(shell.settings)
    return settings.backup, target.expanduser().absolute() if target else settings.backup.folder_in(settings.home)


@contextmanager
def _shown(shell: Shell) -> Generator[taking.Progress]:
    """Show a bar on stderr as long as the backup lasts: databases done of all, and bytes written."""
    progress = taking.Progress()
    columns = (TextColumn("backing up"), BarColumn(), _Written(progress), TimeElapsedColumn())
    with Progress(*columns, console=shell.errors, transient=True, disable=not shell.errors.is_terminal) as bar:
        bar.add_task("backing up", total=None)
        yield progress


class _Written(ProgressColumn):
    """The bar's own state follows what it shows, so that nobody has to report anything."""

    def __init__(self, progress: taking.Progress) -> None:
        super().__init__()
        self._progress = progress

    def render(self, task: Task) -> Text:
        task.total, task.completed = self._progress.databases, self._progress.done
        return Text(f"{self._progress.done}/{self._progress.databases or '?'}  {decimal(self._progress.bytes)}")


def _print_report(shell: Shell, report: BackupReport) -> None:
    manifest = report.manifest
    what = f"{len(manifest.projects)} projects" + (" and the registry" if manifest.registry else "")
    shell.console.print(Text(f"{what}, {decimal(manifest.bytes)}: {report.folder}"), soft_wrap=True)
    for removed in report.removed:
        shell.console.print(Text(f"removed {removed}"), soft_wrap=True)
    for each in manifest.skipped:
        shell.errors.print(Text(f"left out {each.name}: {each.reason}", style="yellow"), soft_wrap=True)
    for each in manifest.failed:
        shell.errors.print(Text(f"failed {each.name}: {each.reason}", style="red"), soft_wrap=True)


def _print_verification(shell: Shell, verification: Verification) -> None:
    for each in verification.problems:
        shell.errors.print(Text(f"{each.file}: {each.problem}", style="red"), soft_wrap=True)
    if verification.missing:
        names = ", ".join(verification.missing)
        shell.errors.print(Text(f"not in it, because they failed then: {names}", style="yellow"), soft_wrap=True)
    outcome = "good" if verification.is_good else f"{len(verification.problems)} problems"
    text = f"{verification.backup}: {verification.files} files, {decimal(verification.bytes)}, {outcome}"
    shell.console.print(Text(text), soft_wrap=True)


def _row(backup: ListedBackup) -> tuple[str, ...]:
    when = f"{backup.started_at:%Y-%m-%d %H:%M:%S} UTC" if backup.started_at else ""
    whole = "yes" if backup.is_whole else f"no: {backup.detail}"
    return (when, backup.program_version or "", str(backup.projects), decimal(backup.bytes), whole, backup.folder.name)
