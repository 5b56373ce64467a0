"""Import and export on the command line: `moorage workflow import`, `export`."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.text import Text

from moorage.core.errors import InvalidInput
from moorage.core.shell import Json, Shell, shell_of
from moorage.workflow.errors import InvalidImport
from moorage.workflow.exchange.importing import MAX_BYTES
from moorage.workflow.exchange.models import (
    ExportedFolder,
    ExportedText,
    ExportFormat,
    ImportFormat,
    ImportReport,
    RestoredFolder,
)
from moorage.workflow.shell.options import Project, run

commands = typer.Typer(no_args_is_help=True)

STANDARD_INPUT = "-"


class FileFormat(StrEnum):
    """What a file holds."""

    GITHUB = "github"
    BEADS = "beads"
    CSV = "csv"
    MARKDOWN = "markdown"
    MOORAGE = "moorage"


_IMPORT_FORMATS: dict[FileFormat, ImportFormat] = {
    FileFormat.GITHUB: "github",
    FileFormat.BEADS: "beads",
    FileFormat.CSV: "csv",
    FileFormat.MARKDOWN: "markdown",
}


@commands.command("import", epilog="Example: moorage workflow import TODO.md --format markdown --dry-run")
def import_(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="The file, or folder of an export; - is standard input.")],
    format_: Annotated[FileFormat, typer.Option("--format", "-f", help="What it holds.")],
    project: Project = None,
    schema_name: Annotated[str | None, typer.Option("--type", "-t", help="The type of everything in it.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Where it is from; default: the file's name, or what it says.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be made.")] = False,
    json: Json = False,
) -> None:
    """Import work of other programs, or an export of this one: all of it or none, and nothing twice."""
    shell = shell_of(context)
    if format_ is FileFormat.MOORAGE:
        restored = _restore(context, Path(file), project, dry_run=dry_run)
        _print(shell, restored, _said_restored(restored), json=json)
        return
    text = shell.guarded(lambda: _read(file))
    report = _import(
        context, text, _IMPORT_FORMATS[format_], project, schema_name, source or _source(file, format_), dry_run=dry_run
    )
    if json:
        shell.print_json(report)
    else:
        _print_report(shell, report)


@commands.command("export", epilog="Example: moorage workflow export work-items")
def export(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Argument(help="A new folder, or one exported to before.")] = None,
    project: Project = None,
    csv: Annotated[str | None, typer.Option("--csv", metavar="TYPE", help="Print a type as a table instead.")] = None,
    board: Annotated[str | None, typer.Option("--board", metavar="TYPE", help="Print its board in Markdown.")] = None,
    json: Json = False,
) -> None:
    """Write everything into a folder, one file an entity, for git to follow; or print one type."""
    shell = shell_of(context)
    if sum(each is not None for each in (folder, csv, board)) != 1:
        shell.guarded(_refuse_choice)
    if folder is not None:
        exported = _export(context, folder, project)
        _print(shell, exported, _said_exported(exported), json=json)
        return
    text = _text(context, project, csv or board or "", "csv" if csv else "markdown")
    if json:
        shell.print_json(text)
    else:
        sys.stdout.write(text.text)


def _import(
    context: typer.Context,
    text: str,
    import_format: ImportFormat,
    project: str | None,
    schema_name: str | None,
    source: str | None,
    *,
    dry_run: bool,
) -> ImportReport:
    with shell_of(context).progress("importing") as count:

        async def use(workflow: Any, name: str) -> ImportReport:
            return await workflow.exchange.import_text(
                name, text, import_format, schema_name=schema_name, source=source, dry_run=dry_run, on_progress=count
            )

        return run(context, project, use)


def _restore(context: typer.Context, folder: Path, project: str | None, *, dry_run: bool) -> RestoredFolder:
    with shell_of(context).progress("importing") as count:

        async def use(workflow: Any, name: str) -> RestoredFolder:
            return await workflow.exchange.restore_folder(name, folder, dry_run=dry_run, on_progress=count)

        return run(context, project, use)


def _export(context: typer.Context, folder: Path, project: str | None) -> ExportedFolder:
    with shell_of(context).progress("exporting") as count:

        async def use(workflow: Any, name: str) -> ExportedFolder:
            return await workflow.exchange.export_folder(name, folder, on_progress=count)

        return run(context, project, use)


def _text(context: typer.Context, project: str | None, schema_name: str, export_format: ExportFormat) -> ExportedText:
    async def use(workflow: Any, name: str) -> ExportedText:
        return await workflow.exchange.export_text(name, schema_name, export_format)

    return run(context, project, use)


def _read(file: str) -> str:
    """Return the text of a file, as it is: line ends inside of cells are data.

    Raises:
        InvalidInput: it cannot be read, or is too large.
    """
    try:
        raw = sys.stdin.buffer.read() if file == STANDARD_INPUT else _bytes_of(Path(file))
        return raw.decode("utf-8")
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}", hint="Name a file that is there.") from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InvalidImport(f"{file}, line {line}: no UTF-8", hint="Save it as UTF-8.") from None


def _bytes_of(path: Path) -> bytes:
    if path.stat().st_size > MAX_BYTES:
        raise InvalidImport(f"{path} has more than {MAX_BYTES:,} bytes", hint="Import it in parts.")
    return path.read_bytes()


def _source(file: str, file_format: FileFormat) -> str | None:
    """Return where rows or tasks are from; the other formats say it themselves."""
    says_nothing = file_format in {FileFormat.CSV, FileFormat.MARKDOWN} and file != STANDARD_INPUT
    return f"{file_format}:{Path(file).name}" if says_nothing else None


def _refuse_choice() -> None:
    raise InvalidInput("export what?", hint="Name a folder, or --csv TYPE, or --board TYPE: one of them.")


def _print(shell: Shell, result: BaseModel, sentence: str, *, json: bool) -> None:
    if json:
        shell.print_json(result)
    else:
        shell.console.print(Text(sentence))


def _print_report(shell: Shell, report: ImportReport) -> None:
    would = "would be made" if report.dry_run else "made"
    parts = (
        f"{report.created} entities {would} from {report.source}",
        f"{report.existing} there already",
        f"{report.links} links, {report.references} references, {report.comments} comments",
    )
    if report.entities:
        rows = [(each.key, each.schema_name, each.external_id, each.title) for each in report.entities]
        more = f", the first {len(rows)}" if report.created > len(rows) else ""
        shell.print_table(f"Entities{more}", ("key", "type", "from", "title"), rows)
    shell.console.print(Text("; ".join(parts)))
    if report.types_registered:
        shell.console.print(Text(f"Types registered: {', '.join(report.types_registered)}"))
    for each in report.left_out:
        places = ", ".join(each.places)
        shell.console.print(Text(f"No room for {each.field}: {each.count} ({places})", style="yellow"))
    for line in report.skipped:
        shell.console.print(Text(f"Skipped: {line}", style="yellow"))


def _said_restored(restored: RestoredFolder) -> str:
    would = "would come back" if restored.dry_run else "came back"
    return (
        f"{restored.entities} entities, {restored.types} types and {restored.deployments} deployments {would};"
        f" {restored.existing} entities were there already"
    )


def _said_exported(exported: ExportedFolder) -> str:
    return (
        f"{exported.folder}: {exported.entities} entities, {exported.types} types, {exported.deployments} deployments;"
        f" {exported.changed} files changed, {exported.removed} removed"
    )
