"""Deployments on the command line: `moorage workflow deploy`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from moorage.core.errors import InvalidInput
from moorage.core.shell import Json, Shell, shell_of
from moorage.workflow.deployments.models import (
    Comparison,
    DeliveryFigures,
    DeploymentPage,
    DeploymentSummary,
    LiveDeployments,
    RecordedDeployment,
    Status,
)
from moorage.workflow.parsing import parse_json
from moorage.workflow.shell.options import Project, parse_moment, run

deploy = typer.Typer(name="deploy", help="Deployments: record, list, compare, measure.", no_args_is_help=True)

Environment = Annotated[str | None, typer.Option("--environment", "-e", help="Only this environment.")]
Since = Annotated[str | None, typer.Option(help="From this time on, of this machine's clock or with its zone.")]
Until = Annotated[str | None, typer.Option(help="Before this time.")]
_COLUMNS = ("environment", "commit", "attempt", "status", "branch", "live since")


@deploy.command("record", epilog="Example: moorage workflow deploy record 4f2a9c1 --environment staging")
def record(
    context: typer.Context,
    commit: Annotated[str, typer.Argument(help="The commit that is deployed.")],
    project: Project = None,
    environment: Annotated[str, typer.Option("--environment", "-e", help="Where to.")] = "production",
    status: Annotated[Status, typer.Option("--status", "-s", help="How it stands.")] = Status.DEPLOYED,
    branch: Annotated[str | None, typer.Option("--branch", "-b", help="The branch that is deployed.")] = None,
    attempt: Annotated[int | None, typer.Option(help="Default: the newest one recorded, or the first.")] = None,
    item: Annotated[list[str] | None, typer.Option("--item", "-i", help="A work item; may be repeated.")] = None,
    data: Annotated[str, typer.Option(help="Anything else, as a JSON object.")] = "{}",
    json: Json = False,
) -> None:
    """Record a deployment, or what became of it."""
    shell = shell_of(context)

    async def use(workflow: Any, name: str) -> RecordedDeployment:
        known = {"environment": environment, "status": status.value, "branch": branch, "attempt": attempt}
        given = {name: value for name, value in known.items() if value is not None}
        free = {"work_items": item or [], **_object(data)}
        return await workflow.deployments.record(name, {**free, **given, "commit_sha": commit})

    recorded = run(context, project, use)
    if json:
        shell.print_json(recorded)
        return
    place = f"{recorded.commit_sha} (attempt {recorded.attempt}) is {recorded.status} in {recorded.environment}"
    shell.console.print(Text(f"{place}{'; nothing was new' if recorded.repeated else ''}"))


@deploy.command("list", epilog="Example: moorage workflow deploy list --status deployed")
def list_deployments(
    context: typer.Context,
    project: Project = None,
    environment: Environment = None,
    status: Annotated[Status | None, typer.Option("--status", "-s", help="Only those that stand so.")] = None,
    item: Annotated[str | None, typer.Option("--item", "-i", help="Only those that carry this work item.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="At most so many.", min=1, max=200)] = 20,
    json: Json = False,
) -> None:
    """List deployments, the last begun first."""
    shell = shell_of(context)

    async def use(workflow: Any, name: str) -> DeploymentPage:
        return await workflow.deployments.list_page(
            name,
            environment=environment,
            status=status,
            work_item=item,
            since=_moment(since),
            until=_moment(until),
            limit=limit,
        )

    page = run(context, project, use)
    if json:
        shell.print_json(page)
        return
    rows = [(*_row(each), each.id) for each in page.deployments]
    shell.print_table(f"Deployments of {page.project_name}", (*_COLUMNS, "id"), rows)
    if page.next_cursor:
        shell.console.print("There are more; raise --limit, or narrow the list.", style="dim")


@deploy.command("live", epilog="Example: moorage workflow deploy live")
def live(context: typer.Context, project: Project = None, environment: Environment = None, json: Json = False) -> None:
    """Show what is live where."""
    shell = shell_of(context)

    async def use(workflow: Any, name: str) -> LiveDeployments:
        return await workflow.deployments.live(name, environment)

    found = run(context, project, use)
    if json:
        shell.print_json(found)
        return
    rows = [
        (
            each.environment,
            each.live and each.live.commit_sha,
            each.live and _minute(each.live.deployed_at),
            ", ".join(undone.commit_sha for undone in each.rolled_back),
            each.pending,
        )
        for each in found.environments
    ]
    shell.print_table(
        f"Live in {found.project_name}", ("environment", "commit", "since", "rolled back after it", "pending"), rows
    )


@deploy.command("compare", epilog="Example: moorage workflow deploy compare staging production")
def compare(
    context: typer.Context,
    a: Annotated[str, typer.Argument(help="An id, or an environment for what is live there.")],
    b: Annotated[str, typer.Argument(help="An id, or an environment for what is live there.")],
    project: Project = None,
    json: Json = False,
) -> None:
    """Show what one deployment or environment has and the other has not."""
    shell = shell_of(context)

    async def use(workflow: Any, name: str) -> Comparison:
        return await workflow.deployments.compare(name, a, b)

    found = run(context, project, use)
    if json:
        shell.print_json(found)
    else:
        _print_comparison(shell, found)


@deploy.command("figures", epilog="Example: moorage workflow deploy figures --since 2026-01-01")
def figures(
    context: typer.Context,
    project: Project = None,
    environment: Environment = None,
    since: Since = None,
    until: Until = None,
    json: Json = False,
) -> None:
    """Show the four figures of DORA per environment; by default over the last thirty days."""
    shell = shell_of(context)

    async def use(workflow: Any, name: str) -> DeliveryFigures:
        return await workflow.deployments.figures(
            name, environment=environment, since=_moment(since), until=_moment(until)
        )

    found = run(context, project, use)
    if json:
        shell.print_json(found)
    else:
        _print_figures(shell, found)


def _object(text: str) -> dict[str, Any]:
    value = parse_json(text, what="--data")
    if not isinstance(value, dict):
        raise InvalidInput("--data is no JSON object", hint="Write such as --data '{\"build\": 812}'.")
    return value


def _moment(text: str | None) -> datetime | None:
    return None if text is None else parse_moment(text)


def _row(each: DeploymentSummary) -> Sequence[Any]:
    return (
        each.environment,
        each.commit_sha[:12],
        each.attempt,
        each.status,
        each.branch,
        _minute(each.deployed_at),
    )


def _minute(time: datetime | None) -> str | None:
    return time.astimezone().strftime("%Y-%m-%d %H:%M") if time else None


def _print_comparison(shell: Shell, found: Comparison) -> None:
    shell.print_table("Compared", _COLUMNS, [_row(found.a), _row(found.b)])
    rows = [("first", each.key, each.state, each.title) for each in found.only_in_a]
    rows += [("second", each.key, each.state, each.title) for each in found.only_in_b]
    title = "The same commit" if found.same_commit else "Different commits"
    shell.print_table(f"{title}; work items live with only one{' (cut)' if found.truncated else ''}", (
        "only in", "key", "state", "title",
    ), rows)  # fmt: skip


def _print_figures(shell: Shell, found: DeliveryFigures) -> None:
    rows = [
        (
            each.environment,
            f"{each.deployments_per_day:.2f} ({each.deployments})",
            f"{_hours(each.lead_time_median_seconds)} / {_hours(each.lead_time_p90_seconds)} ({each.lead_times})",
            f"{_percent(each.change_failure_rate)} ({each.failures})",
            f"{_hours(each.time_to_restore_median_seconds)} ({each.restored} of {each.failures})",
        )
        for each in found.environments
    ]
    columns = ("environment", "deployments a day", "lead time, median / p90", "change failure rate", "time to restore")
    shell.print_table(f"{_minute(found.since)} to {_minute(found.until)}; in brackets what it rests on", columns, rows)
    for name, meaning in found.definitions.items():
        shell.console.print(Text(f"{name}: {meaning}", style="dim"))
    shell.console.print(Text(found.source, style="dim"))


def _hours(seconds: float | None) -> str:
    return "none" if seconds is None else f"{seconds / 3600:.1f} h"


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share:.0%}"
