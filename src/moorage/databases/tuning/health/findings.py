"""Findings of health: in the shape that all of Moorage's findings have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from moorage.core.postgres.queries import Row, Statement, load_statements
from moorage.core.shape import Finding, Severity
from moorage.databases.connectors.session import Session
from moorage.databases.definitions import Definition
from moorage.databases.policy.tables import is_open

statements = load_statements("moorage.databases.tuning.health")
# Of each kind so many are told of one database.
MOST_OF_A_KIND = 5


@dataclass(frozen=True)
class Look:
    """One look at a database: by a session, and at what the rules of its definition leave open."""

    session: Session
    definition: Definition

    async def rows(self, statement: Statement, **values: Any) -> list[Row]:
        """Return what a statement tells; of tables and sequences only those that callers may name."""
        return [row for row in await statement(self.session, **values) if self._is_open(row)]

    def _is_open(self, row: Row) -> bool:
        name = row.get("table_name") or row.get("sequence_name")
        return name is None or is_open(row["schema_name"], name, self.definition)


Check = Callable[[Look], Awaitable[Iterable[Finding]]]
_ORDER = {severity: place for place, severity in enumerate((Severity.ERROR, Severity.WARNING, Severity.INFO))}


def error(code: str, subject: str, message: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, subject=subject, message=message, remedy=remedy)


def warning(code: str, subject: str, message: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, subject=subject, message=message, remedy=remedy)


def note(code: str, subject: str, message: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.INFO, subject=subject, message=message, remedy=remedy)


def weight(severity: Severity) -> int:
    """Return the place of a severity, the worst 0."""
    return _ORDER[severity]


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Sort by severity; equal ones stay in the order in which they were found."""
    return sorted(findings, key=lambda each: weight(each.severity))
