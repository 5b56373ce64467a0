"""Who ran what in which database, from the shell: `moorage db audit`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from moorage.core.errors import InvalidInput
from moorage.core.shell import Json, Shell, shell_of
from moorage.databases.audit.records import AuditEntry, AuditFilter, Outcome
from moorage.databases.audit.service import AuditPage
from moorage.databases.definitions import StatementKind
from moorage.databases.service import DatabasesService
from moorage.databases.shell.auditing.moments import moment_of
from moorage.databases.shell.cells import cut, one_line
from moorage.databases.shell.options import run

commands = typer.Typer()

STATEMENT_WIDTH = 120


@commands.command("audit", epilog="Example: moorage db audit --since 1d --outcome refused --json")
def audit(
    context: typer.Context,
    database: Annotated[str | None, typer.Argument(help="Only of this one.", metavar="ID")] = None,
    since: Annotated[str | None, typer.Option(help="90m, 12h, 1d, 2w ago, or a time.", metavar="TIME")] = None,
    until: Annotated[str | None, typer.Option(help="Until then, as for --since.", metavar="TIME")] = None,
    caller: Annotated[str | None, typer.Option(help="Only what this one ran.")] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only what ended so.")] = None,
    kind: Annotated[StatementKind | None, typer.Option(help="Only statements of this kind.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="At most so many.", min=1, max=1_000)] = 50,
    purge: Annotated[bool, typer.Option("--purge", help="Delete what is older than --until instead.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --purge: do not ask.")] = False,
    json: Json = False,
) -> None:
    """Show which statements were run, the newest first: by whom, how they ended, how long they took."""
    shell, now = shell_of(context), datetime.now(UTC)
    from_moment = shell.guarded(lambda: moment_of(since, now=now) if since else None)
    to_moment = shell.guarded(lambda: moment_of(until, now=now) if until else None)
    if purge:
        _purge(context, database, to_moment, yes=yes)
        return
    wanted = AuditFilter(caller=caller, outcome=outcome, kind=kind, since=from_moment, until=to_moment)

    async def use(service: DatabasesService) -> AuditPage:
        return await service.audit.entries(database, wanted, limit=limit)

    page = run(context, [database or "-"], use)
    if json:
        shell.print_json(page)
    else:
        _print_page(shell, page)


def _purge(context: typer.Context, database: str | None, before: datetime | None, *, yes: bool) -> None:
    shell = shell_of(context)
    if before is None:
        shell.guarded(_refuse_to_purge_all)
    assert before is not None, "refused above"
    whose = database or "all databases"
    if not yes:
        typer.confirm(f"Delete the audit log of {whose} before {_shown(before)} for good?", abort=True, err=True)

    async def use(service: DatabasesService) -> int:
        return await service.audit.purge(before=before, database_id=database)

    shell.console.print(f"{run(context, [database or '-'], use):,} entries deleted", highlight=False)


def _refuse_to_purge_all() -> None:
    raise InvalidInput("--purge needs --until", hint="Say what is old: --purge --until 90d.")


def _print_page(shell: Shell, page: AuditPage) -> None:
    columns = ("when", "database", "caller", "how", "what", "rows", "ms", "statement")
    shell.print_table("Statements", columns, [tuple(_cells(each)) for each in page.entries])
    if page.is_cut:
        shell.console.print("and older ones: --limit, --until", style="dim", highlight=False)


def _cells(entry: AuditEntry) -> Iterator[Any]:
    yield _shown(entry.at)
    yield entry.database_id
    yield entry.caller
    yield entry.error_code or entry.outcome
    yield f"{entry.kind or ''}{_fate(entry)}"
    yield entry.rows if entry.rows_affected is None else entry.rows_affected
    yield f"{entry.duration_ms:,.1f}"
    yield cut(one_line(entry.statement or ""), STATEMENT_WIDTH)


def _fate(entry: AuditEntry) -> str:
    return {None: "", True: " committed", False: " rolled back"}[entry.is_committed]


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
