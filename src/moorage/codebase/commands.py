"""Code search on the command line: `moorage index`, `search`, `outline`, `chunks`, `repo`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.syntax import Syntax
from rich.text import Text

from moorage.codebase.git.urls import is_folder
from moorage.codebase.models import IndexJob, IndexStatus, SearchFilters, SearchHit, SearchResults
from moorage.codebase.service import CodebaseService
from moorage.codebase.watching import watch
from moorage.core.shell import Json, Services, Shell, shell_of

commands = typer.Typer(no_args_is_help=True)
repositories = typer.Typer(name="repo", help="The repositories of a project and their indexes.", no_args_is_help=True)
commands.add_typer(repositories)

Project = Annotated[str | None, typer.Option("--project", "-p", help="Default: the project of this folder.")]
Repository = Annotated[str | None, typer.Option("--repository", "-r", help="A repository's name, path or id.")]
_SYSTEMS = ("projects", "codebase")
_FOREVER_SECONDS = 24 * 3600.0
_SHOWN_LINES = 12


@commands.command("index", epilog="Example: moorage index . --project website")
def index(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="A folder, or a git URL.")] = ".",
    project: Project = None,
    full: Annotated[bool, typer.Option("--full", help="Read every file again, changed or not.")] = False,
    reembed: Annotated[
        bool, typer.Option("--reembed", help="Change the project to the embedding model in use.")
    ] = False,
    keep_watching: Annotated[
        bool, typer.Option("--watch", help="Then index files again as they change, until stopped.")
    ] = False,
    json: Json = False,
) -> None:
    """Index a folder or a git URL, or bring its index up to date; shows a progress bar."""
    shell = shell_of(context)
    where = str(Path(path).expanduser().absolute()) if is_folder(path) else path

    async def use(services: Services) -> list[IndexStatus]:
        codebase: CodebaseService = services["codebase"]
        name = await services["projects"].resolve(project)
        paths = [each.repo_path for each in await codebase.reembed(name)] if reembed else [where]
        statuses = [await index_with_progress(shell, codebase, name, each, full=full) for each in paths]
        _print_statuses(shell, statuses, json=json)
        if keep_watching:
            await watch(codebase, name)
        return statuses

    statuses = shell.run(_SYSTEMS, use)
    if any(status.status != "completed" for status in statuses):
        raise typer.Exit(1)


@commands.command("search", epilog="Example: moorage search 'where are retries scheduled' --language python")
def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="What the code does, a name, or an error message.")],
    project: Project = None,
    repository: Repository = None,
    path: Annotated[str | None, typer.Option(help="Glob over paths: 'src/**/*.py', 'docs/'.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="Only this language; may be repeated.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind of definition; may be repeated.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="At most this many results, 1 to 50.")] = 5,
    offset: Annotated[int, typer.Option(help="Skip this many results.")] = 0,
    json: Json = False,
) -> None:
    """Search indexed code by meaning, words and names."""
    shell = shell_of(context)
    filters = SearchFilters(repository=repository, path=path, language=language or None, symbol_kind=kind or None)

    async def use(services: Services) -> SearchResults:
        name = await services["projects"].resolve(project)
        return await services["codebase"].search_code(name, query, filters, limit=limit, offset=offset)

    results = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(results)
    else:
        print_results(shell, results)


@commands.command("chunks", epilog="Example: moorage chunks 0b1c… --context 20")
def chunks(
    context: typer.Context,
    chunk_ids: Annotated[list[str], typer.Argument(help="chunk_id values of search results.")],
    project: Project = None,
    lines: Annotated[int, typer.Option("--context", help="Lines before and after.")] = 10,
    json: Json = False,
) -> None:
    """Show chunks in full with the lines around them."""
    shell = shell_of(context)

    async def use(services: Services):
        name = await services["projects"].resolve(project)
        return await services["codebase"].get_code_chunks(name, chunk_ids, context_lines=lines)

    found = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(found)
        return
    for each in found.chunks:
        first = each.start_line - len(each.context_before.splitlines())
        text = "\n".join(part for part in (each.context_before, each.content, each.context_after) if part)
        shell.console.print(Text(f"{each.file_path}:{each.start_line}-{each.end_line}", style="bold"))
        shell.console.print(_code(text, each.language, first))


@commands.command("outline", epilog="Example: moorage outline src/app.py")
def outline(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="Path inside the repository.")],
    project: Project = None,
    repository: Repository = None,
    json: Json = False,
) -> None:
    """List the definitions of an indexed file."""
    shell = shell_of(context)

    async def use(services: Services):
        name = await services["projects"].resolve(project)
        return await services["codebase"].file_outline(name, file, repository)

    found = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(found)
        return
    rows = [(f"{each.start_line}-{each.end_line}", each.kind, each.path, each.signature) for each in found.symbols]
    shell.print_table(f"{found.file_path} ({found.language})", ("lines", "kind", "name", "signature"), rows)


@repositories.command("list", epilog="Example: moorage repo list")
def list_repositories(context: typer.Context, project: Project = None, json: Json = False) -> None:
    """List the repositories of a project."""
    shell = shell_of(context)

    async def use(services: Services):
        return await services["codebase"].list_repositories(await services["projects"].resolve(project))

    listed = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(listed)
        return
    rows = [
        (each.repository, each.status, each.total_files, each.total_chunks, each.last_indexed_at, each.repo_path)
        for each in listed.repositories
    ]
    title = f"{listed.project_name} (embedding model: {listed.embedding_model or 'none yet'})"
    shell.print_table(title, ("repository", "status", "files", "chunks", "last indexed", "path"), rows)


@repositories.command("status", epilog="Example: moorage repo status")
def status(context: typer.Context, project: Project = None, repository: Repository = None, json: Json = False) -> None:
    """Show how the index of a repository stands, and what was left out and why."""
    shell = shell_of(context)

    async def use(services: Services):
        name = await services["projects"].resolve(project)
        return await services["codebase"].index_status(name, repository, wait_seconds=0)

    found = shell.run(_SYSTEMS, use)
    if json:
        shell.print_json(found)
        return
    shell.console.print(f"{found.repository} is {found.status}: {found.message}", highlight=False, markup=False)
    rows = [(reason, each.count, ", ".join(each.examples)) for reason, each in found.left_out.items()]
    if rows:
        shell.print_table("Left out", ("reason", "count", "for example"), rows)


@repositories.command("cancel", epilog="Example: moorage repo cancel")
def cancel(context: typer.Context, project: Project = None, repository: Repository = None) -> None:
    """Stop the running index of a repository."""
    shell = shell_of(context)

    async def use(services: Services):
        name = await services["projects"].resolve(project)
        return await services["codebase"].cancel_indexing(name, repository)

    found = shell.run(_SYSTEMS, use)
    shell.console.print(f"{found.repository}: {found.message}", highlight=False, markup=False)


@repositories.command("remove", epilog="Example: moorage repo remove website")
def remove(
    context: typer.Context,
    repository: Annotated[str, typer.Argument(help="A repository's name, path or id.")],
    project: Project = None,
) -> None:
    """Take a repository out of the index; its files are untouched."""
    shell = shell_of(context)

    async def use(services: Services):
        name = await services["projects"].resolve(project)
        return await services["codebase"].remove_repository(name, repository)

    removed = shell.run(_SYSTEMS, use)
    shell.console.print(
        f"{removed.repository} is removed: {removed.chunks_removed} chunks", highlight=False, markup=False
    )


def _print_statuses(shell: Shell, statuses: Sequence[IndexStatus], *, json: bool) -> None:
    if json:
        shell.print_json(statuses[0] if len(statuses) == 1 else statuses)
        return
    for status in statuses:
        shell.console.print(Text(f"{status.repository}: {status.message}"), soft_wrap=True)


async def index_with_progress(
    shell: Shell, codebase: CodebaseService, project: str, path: str, *, full: bool = False
) -> IndexStatus:
    """Index a repository to the end, with a progress bar on stderr."""
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=shell.errors, transient=True, disable=not shell.errors.is_terminal) as bar:
        task = bar.add_task("starting", total=None)

        async def show(job: IndexJob) -> None:
            bar.update(task, description=job.phase, completed=job.files_done, total=job.files_total or None)

        return await codebase.index_repository(
            project, path, full=full, wait_seconds=_FOREVER_SECONDS, on_progress=show
        )


def print_results(shell: Shell, results: SearchResults) -> None:
    """Print search results as people read them: where, what, why."""
    for hit in results.results:
        shell.console.print(_shown(hit))
    style = "green" if results.outcome == "found" else "yellow"
    shell.console.print(Text(results.message, style=style))
    for each in results.index:
        if each.status != "ready":
            shell.console.print(Text(f"{each.repository}: {each.message}", style="yellow"))


def _shown(hit: SearchHit) -> Group:
    title = Text.from_markup(
        f"[bold]{escape(hit.file_path)}:{hit.start_line}-{hit.end_line}[/]"
        f"  [cyan]{escape(hit.symbol or '')}[/]  [dim]{hit.score:.2f}  {escape(', '.join(hit.why.matched))}[/]"
    )
    return Group(title, _code("\n".join(hit.content.split("\n")[:_SHOWN_LINES]), hit.language, hit.start_line), "")


def _code(text: str, language: str, first_line: int) -> Syntax:
    return Syntax(
        text, language, line_numbers=True, start_line=max(first_line, 1), background_color="default", word_wrap=False
    )
