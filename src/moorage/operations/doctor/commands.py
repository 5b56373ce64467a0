"""The doctor on the command line: `moorage doctor`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from moorage.core.errors import MoorageError
from moorage.core.postgres.embedded import EmbeddedServer
from moorage.core.postgres.migrations import SchemaIsNewer
from moorage.core.shape import Finding, Severity
from moorage.core.shell import Services, Shell, shell_of
from moorage.operations.doctor import strays
from moorage.operations.doctor.embedded_checks import embedded_findings
from moorage.operations.doctor.examination import Doctor
from moorage.operations.doctor.grants import grants_script
from moorage.operations.doctor.mending import Outcome, TreatedFinding, left, treat
from moorage.projects.errors import ServerUnknown
from moorage.projects.models import MAIN_SERVER

commands = typer.Typer()

HEALTHY, FOUND, COULD_NOT_LOOK = 0, 1, 2

Consent = Callable[[Finding], bool]


@commands.command(
    "doctor",
    epilog="Examples: moorage doctor --json; moorage doctor --project website --fix --yes; moorage doctor --sql",
)
def doctor(
    context: typer.Context,
    project: Annotated[str | None, typer.Option("--project", "-p", help="Look at this project only.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what is found, asking each time.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --fix: mend without asking all that deletes no data.")
    ] = False,
    adopt: Annotated[str | None, typer.Option(help="Make a project of a database without one.")] = None,
    drop: Annotated[str | None, typer.Option(help="Drop a database without a project; its name is asked.")] = None,
    server: Annotated[str, typer.Option(help="Of --adopt, --drop and --sql: which server.")] = MAIN_SERVER,
    sql: Annotated[bool, typer.Option("--sql", help="Print the grants of Moorage's role as a psql script.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON for programs.")] = False,
) -> None:
    """Find what is broken and say what would mend it. Ends with 0: healthy, 1: something found, 2: could not look."""
    shell = shell_of(context)
    if sql:
        typer.echo(shell.guarded(lambda: _grants(shell, server)))
        return
    if adopt or drop:
        _decide_about_stray(shell, adopt=adopt, drop=drop, server=server)
        return
    consent = (_unasked if yes else _asked) if fix else None
    findings = shell.guarded(lambda: asyncio.run(_examined(shell, project, consent)))
    if json:
        shell.print_json(findings)
    else:
        _print(shell, findings)
    raise typer.Exit(_status(findings))


def _grants(shell: Shell, server: str) -> str:
    """Return the script for a server as the settings have it; no server is asked."""
    postgres = shell.settings().postgres
    if server == MAIN_SERVER:
        return grants_script(postgres.login_role, registry_database=postgres.registry_database)
    if server not in postgres.servers:
        raise ServerUnknown(f"there is no server {server!r}", hint="They stand under postgres.servers in the settings.")
    return grants_script(postgres.servers[server].login_role, registry_database=None)


def _decide_about_stray(shell: Shell, *, adopt: str | None, drop: str | None, server: str) -> None:
    """Adopt or drop one database, as a person has decided by naming it."""
    typed = typer.prompt(f"Type {drop} to drop it with all its data", default="", err=True) if drop else ""

    async def use(services: Services) -> str:
        connections = services["projects"].connections
        if adopt:
            name = await strays.adopt(connections, adopt, server=server, created_by="moorage doctor")
            return f"{adopt} is project {name} again"
        await strays.drop(connections, str(drop), server=server, confirm=typed)
        return f"{drop} is dropped"

    shell.console.print(shell.run(("projects",), use), highlight=False)


async def _examined(shell: Shell, project: str | None, consent: Consent | None) -> list[Finding]:
    """Return what was found; with consent, also what became of each."""
    settings = shell.settings()
    embedded = list(embedded_findings(EmbeddedServer(settings.home))) if settings.postgres.is_embedded else []
    try:
        return embedded + await _examined_inside(shell, project, consent)
    except MoorageError as error:
        return [*embedded, _could_not_look(error)]


async def _examined_inside(shell: Shell, project: str | None, consent: Consent | None) -> list[Finding]:
    """Do that for what is reached through the registry.

    Raises:
        RegistryUnavailable, SchemaIsNewer, ...: the registry does not let us look. ProjectNotFound.
    """
    async with shell.open_systems(()) as house:
        diagnoses = [diagnosis for opened in house.values() for diagnosis in opened.diagnoses]
        doctor = Doctor(house["projects"].service.connections, diagnoses)
        findings = await doctor.examine(project)
        if consent is None:
            return findings
        return [await treat(doctor, each) if each.mend and consent(each) else left(each) for each in findings]


def _unasked(finding: Finding) -> bool:
    return not finding.deletes_data


def _asked(finding: Finding) -> bool:
    """Ask a person; for what deletes data by the name of what will be gone."""
    what = f"{finding.subject}: {finding.message}. {finding.remedy}"
    if not finding.deletes_data:
        return typer.confirm(f"{what} Do it?", err=True)
    name = finding.subject.rpartition(" ")[2]
    return typer.prompt(f"{what} This deletes data; type {name} to do it", default="", err=True) == name


def _could_not_look(error: MoorageError) -> Finding:
    """Return why the registry could not be asked, as a finding."""
    return Finding(
        code="registry_newer" if isinstance(error, SchemaIsNewer) else "could_not_look",
        severity=Severity.ERROR,
        subject="registry",
        message=f"{error.code}: {error.message}",
        remedy=error.hint,
        server=MAIN_SERVER,
    )


def _status(findings: Sequence[Finding]) -> int:
    if any(each.subject == "registry" and each.code in ("registry_newer", "could_not_look") for each in findings):
        return COULD_NOT_LOOK
    return FOUND if any(map(_still_matters, findings)) else HEALTHY


def _still_matters(finding: Finding) -> bool:
    is_done = isinstance(finding, TreatedFinding) and finding.outcome in (Outcome.MENDED, Outcome.GONE)
    return finding.severity is not Severity.INFO and not is_done


def _print(shell: Shell, findings: Sequence[Finding]) -> None:
    """Print findings for people, grouped by how bad they are."""
    for severity in Severity:
        rows = [_row(each) for each in findings if each.severity is severity]
        if rows:
            shell.print_table(severity.value.upper(), ("found at", "what", "mending"), rows)
            shell.console.print()
    shell.console.print(_summary(findings), highlight=False)


def _row(finding: Finding) -> tuple[str, str, str]:
    outcome = f"{finding.outcome.value.upper()} {finding.detail}\n" if isinstance(finding, TreatedFinding) else ""
    return finding.subject, f"{finding.code}: {finding.message}", f"{outcome}{finding.remedy}"


def _summary(findings: Sequence[Finding]) -> str:
    if not findings:
        return "healthy: nothing was found"
    mendable = sum(each.mend is not None for each in findings)
    can = f"; `moorage doctor --fix` can mend {mendable} of them" if mendable else ""
    return f"{len(findings)} found{can}"
