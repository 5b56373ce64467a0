"""Databases and what came of trying them, as people and programs read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from moorage.core.access import current_caller
from moorage.core.shell import Shell
from moorage.core.values import Value
from moorage.databases.definitions import Database, Origin
from moorage.databases.managing.listing import access_of
from moorage.databases.managing.trying import FailedTrial, Trial


class ListedDatabase(Value):
    """A database as a list shows it.

    Attributes:
        access: "read", and the kinds of statements that may write, with commas.
        state: what came of connecting; None where nobody tried.
    """

    id: str
    is_default: bool
    access: str
    kind: str
    tags: tuple[str, ...]
    description: str
    state: str | None = None


class ShownDatabase(Value):
    """A database with all that is set of it, except secrets, and what its server says."""

    id: str
    origin: Origin
    definition: dict[str, Any]
    trial: Trial | FailedTrial


def listed(databases: Sequence[Database], default: str | None, states: Mapping[str, str]) -> list[ListedDatabase]:
    """Return the databases as a list shows them."""
    caller = current_caller()
    return [
        ListedDatabase(
            id=each.id,
            is_default=each.id == default,
            access=access_of(each, caller),
            kind="project" if each.origin is Origin.PROJECT else each.definition.type,
            tags=each.definition.tags,
            description=each.definition.description,
            state=states.get(each.id),
        )
        for each in databases
    ]


def print_list(shell: Shell, found: Sequence[ListedDatabase]) -> None:
    """Print one line a database; the default one has a star, and what state it is in stands there where it is known."""
    rows = [(_marked(each), each.access, each.kind, ", ".join(each.tags), each.description) for each in found]
    columns = ("id", "may", "type", "tags", "what it is for")
    if any(each.state for each in found):
        columns = (*columns[:2], "state", *columns[2:])
        rows = [(*row[:2], each.state, *row[2:]) for row, each in zip(rows, found, strict=True)]
    shell.print_table("Databases", columns, rows)


def _marked(database: ListedDatabase) -> str:
    return f"{database.id} *" if database.is_default else database.id


def state_of(trial: Trial | FailedTrial) -> str:
    """Return in a few words what came of trying a database."""
    if isinstance(trial, FailedTrial):
        return f"down: {trial.message}"
    return f"up, {trial.connect_ms:,.0f} ms{', role too powerful' if trial.too_much else ''}"


def shown(database: Database, trial: Trial | FailedTrial) -> ShownDatabase:
    """Return a database with what is set of it and what its server says."""
    set_fields = database.definition.model_dump(mode="json", exclude_unset=True, exclude={"password"})
    return ShownDatabase(id=database.id, origin=database.origin, definition=set_fields, trial=trial)


def print_shown(shell: Shell, found: ShownDatabase) -> None:
    """Print a database: what is set of it, and what its server says."""
    shell.print_table(found.id, ("field", "value"), [*_flat(found.definition), ("comes from", found.origin.value)])
    print_trial(shell, found.trial)


def print_trial(shell: Shell, trial: Trial | FailedTrial) -> None:
    """Print what came of trying a database."""
    if isinstance(trial, FailedTrial):
        rows = [("does not answer", f"{trial.code}: {trial.message}"), ("what to do", trial.hint)]
        shell.print_table(trial.database_id, ("", ""), rows)
    else:
        shell.print_table(f"{trial.database_id} answers", ("", ""), list(_told(trial)))


def _told(trial: Trial) -> Iterator[tuple[str, str]]:
    yield "server", f"PostgreSQL {trial.server_version}{' (standby)' if trial.is_standby else ''}"
    yield "database", trial.database
    yield "connects in", f"{trial.connect_ms:,.1f} ms"
    yield "answers in", f"{trial.answer_ms:,.1f} ms"
    yield "TLS", trial.tls or "none"
    yield "extensions", trial.extensions or "none of pgvector, hypopg, pg_stat_statements"
    yield (
        "role",
        f"{trial.login} {'; '.join(trial.too_much)}" if trial.too_much else f"{trial.login} (no more than needed)",
    )


def _flat(fields: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{place}{name}.")
        elif value not in (None, [], ""):
            yield f"{place}{name}", ", ".join(map(str, value)) if isinstance(value, list) else value
