"""Sharing and ordering work: `moorage workflow ready`, `claim`, `renew`, `link`, `why`, `tree`, ..."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar, cast, get_args

import typer
from pydantic import BaseModel
from rich.text import Text

from moorage.core.errors import InvalidInput
from moorage.core.shell import Json, Shell, shell_of
from moorage.workflow.service import WorkflowService
from moorage.workflow.shell.options import Item, OptionalType, Project, run
from moorage.workflow.shell.overview.printing import print_view, shown_time
from moorage.workflow.shell.planning.printing import print_path, print_ready, print_tree, print_why
from moorage.workflow.work.answers import ClaimAnswer, LinkAnswer
from moorage.workflow.work.models import LinkRole

commands = typer.Typer()

Token = Annotated[int, typer.Argument(help="Of the claim, as `claim` printed it.", min=1, metavar="TOKEN")]
Minutes = Annotated[int | None, typer.Option("--minutes", help="How long; default: what is set.", min=1, max=10_080)]
Role = Annotated[str, typer.Argument(help=", ".join(get_args(LinkRole)), metavar="KIND")]
Other = Annotated[str, typer.Argument(help="The other item.", metavar="OTHER")]
Answer = TypeVar("Answer", bound=BaseModel)


@commands.command("ready", epilog="Example: moorage workflow ready --type task")
def ready(
    context: typer.Context,
    schema_name: OptionalType = None,
    assignee: Annotated[str | None, typer.Option(help="Only what is assigned to them.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="At most this many.", min=1, max=100)] = 20,
    project: Project = None,
    json: Json = False,
) -> None:
    """List what somebody could begin with, the most urgent first."""
    _show(
        context,
        project,
        lambda workflow, name: workflow.work.ready(name, schema_name=schema_name, assignee=assignee, limit=limit),
        print_ready,
        json=json,
    )


@commands.command("claim", epilog="Example: moorage workflow claim T-1 --minutes 60")
def claim(
    context: typer.Context,
    item: Annotated[str | None, typer.Argument(help="Id or key; default: the first that is ready.")] = None,
    schema_name: OptionalType = None,
    minutes: Minutes = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Take an item, so that nobody else works on it; prints the token that writes then need."""
    lease = None if minutes is None else minutes * 60
    _show(
        context,
        project,
        lambda workflow, name: workflow.work.claim(name, item, schema_name=schema_name, lease_seconds=lease),
        _print_claim,
        json=json,
    )


@commands.command("renew", epilog="Example: moorage workflow renew 1 --minutes 60")
def renew(
    context: typer.Context, token: Token, minutes: Minutes = None, project: Project = None, json: Json = False
) -> None:
    """Hold a claim for longer, from now on."""
    lease = None if minutes is None else minutes * 60
    _show(
        context,
        project,
        lambda workflow, name: workflow.work.renew(name, token, lease_seconds=lease),
        _print_claim,
        json=json,
    )


@commands.command("release", epilog="Example: moorage workflow release 1")
def release(context: typer.Context, token: Token, project: Project = None, json: Json = False) -> None:
    """Give an item back before its claim ends."""
    _show(context, project, lambda workflow, name: workflow.work.release(name, token), _print_release, json=json)


@commands.command("link", epilog="Example: moorage workflow link T-2 blocks T-1")
def link(
    context: typer.Context, item: Item, kind: Role, other: Other, project: Project = None, json: Json = False
) -> None:
    """Say how two items hang together: T-2 blocks T-1, T-3 parent T-1."""
    role = _role(context, kind)
    _show(
        context, project, lambda workflow, name: workflow.work.link(name, item, [(role, other)]), _print_link, json=json
    )


@commands.command("unlink", epilog="Example: moorage workflow unlink T-2 blocks T-1")
def unlink(
    context: typer.Context, item: Item, kind: Role, other: Other, project: Project = None, json: Json = False
) -> None:
    """Take a link away."""
    role = _role(context, kind)
    _show(
        context,
        project,
        lambda workflow, name: workflow.work.unlink(name, item, [(role, other)]),
        _print_link,
        json=json,
    )


@commands.command("refer", epilog="Example: moorage workflow refer T-1 src/roof.py:10-20")
def refer(
    context: typer.Context,
    item: Item,
    target: Annotated[str, typer.Argument(help="A file with lines, a commit, a URL, chunk:ID.", metavar="CODE")],
    remove: Annotated[bool, typer.Option("--remove", help="Take the reference away.")] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Let an item point at code, a commit or a page."""

    async def change(workflow: WorkflowService, name: str) -> LinkAnswer:
        work = workflow.work.unlink if remove else workflow.work.link
        return await work(name, item, references=[target])

    _show(context, project, change, _print_link, json=json)


@commands.command("why", epilog="Example: moorage workflow why T-1")
def why(context: typer.Context, item: Item, project: Project = None, json: Json = False) -> None:
    """Say why an item is not ready, and what to begin with so that it becomes so."""
    _show(context, project, lambda workflow, name: workflow.work.why_blocked(name, item), print_why, json=json)


@commands.command("tree", epilog="Example: moorage workflow tree T-1")
def tree(
    context: typer.Context,
    item: Item,
    depth: Annotated[int, typer.Option(help="So many levels below it.", min=1, max=20)] = 5,
    project: Project = None,
    json: Json = False,
) -> None:
    """Show an item with everything below it."""
    _show(context, project, lambda workflow, name: workflow.work.tree(name, item, depth=depth), print_tree, json=json)


@commands.command("path", epilog="Example: moorage workflow path")
def path(
    context: typer.Context,
    item: Annotated[str | None, typer.Argument(help="Only what this one waits for.", metavar="[ITEM]")] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Show the longest chain of open work in which each item waits for the one before."""
    _show(context, project, lambda workflow, name: workflow.work.critical_path(name, item), print_path, json=json)


def _show(
    context: typer.Context,
    project: str | None,
    ask: Callable[[WorkflowService, str], Awaitable[Answer]],
    show: Callable[[Shell, Answer], None],
    *,
    json: bool,
) -> None:
    shell = shell_of(context)
    answer = run(context, project, ask)
    if json:
        shell.print_json(answer)
    else:
        show(shell, answer)


def _role(context: typer.Context, kind: str) -> LinkRole:
    return shell_of(context).guarded(lambda: _parse_role(kind))


def _parse_role(kind: str) -> LinkRole:
    roles = get_args(LinkRole)
    if kind not in roles:
        raise InvalidInput(f"KIND: there is no link {kind!r}", hint=f"Kinds: {', '.join(roles)}.")
    return cast("LinkRole", kind)


def _print_claim(shell: Shell, answer: ClaimAnswer) -> None:
    if answer.work is not None:
        print_view(shell, answer.work)
    if answer.claim_token is None or answer.expires_at is None:
        shell.console.print("Nothing is ready now: `moorage workflow why ITEM` says why an item is not.")
        return
    until = shown_time(answer.expires_at)
    shell.console.print(Text(f"Yours until {until}; writes need --token {answer.claim_token}", style="green"))


def _print_release(shell: Shell, _answer: ClaimAnswer) -> None:
    shell.console.print(Text("Released.", style="green"))


def _print_link(shell: Shell, answer: LinkAnswer) -> None:
    shell.console.print(
        Text("Done." if answer.links_changed or answer.references_changed else "It was so already.", style="green")
    )
